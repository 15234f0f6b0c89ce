#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_sizes.py ROOT: functions of at most 80 lines, files of at most 600, the lib's median at most 12, and the
opening of every .c file: SPDX, then what it knows."""
import re
import statistics
import sys

from meta_support import Report, functions, read, sources

FUNCTION, FILE, MEDIAN = 80, 600, 12
FOLDERS = ["lib", "include", "examples", "tests"]


def check_opening(report, path, text):
    if not text.startswith("/* SPDX-License-Identifier: MIT */\n/*"):
        report.add(path, "does not open with SPDX and a comment")
        return
    comment = text.split("\n", 1)[1].split("*/")[0]
    if len(re.findall(r"\w+", comment)) < 4 or "." not in comment:
        report.add(path, "the opening comment is no sentence")


def main(root):
    report, lengths = Report("sizes"), []
    for path in sources(root, FOLDERS, (".c", ".h", ".hpp", ".cpp", ".py", ".sh", ".mjs")):
        text = read(root, path)
        count = text.count("\n")
        # apipie.h is the reference of the whole API: it may be as long as that is.
        if count > FILE and not path.startswith("include/"):
            report.add(path, "%d lines" % count)
        if path.endswith(".c"):
            check_opening(report, path, text)
            for name, line, length in functions(text):
                if length > FUNCTION:
                    report.add("%s:%d" % (path, line), "%s has %d lines" % (name, length))
                if path.startswith("lib/"):
                    lengths.append(length)
    if not lengths:
        report.add("lib", "no function was found: this check checks nothing")
        report.end()
    lengths.sort()
    median = statistics.median(lengths)
    if median > MEDIAN:
        report.add("lib", "the median function has %g lines" % median)
    report.end("lib: %d functions, median %g, p90 %d, longest %d lines" %
               (len(lengths), median, lengths[len(lengths) * 9 // 10], lengths[-1]))


if __name__ == "__main__":
    main(sys.argv[1])
