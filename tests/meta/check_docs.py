#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_docs.py ROOT: every function and callback of the public headers says Threads, Blocks, Owns and Since, every
enum and constant Since; and signatures hold only types that any language can call."""
import re
import sys

from meta_support import Report, plain, read, sources

WORDS = ["Threads:", "Blocks:", "Owns:", "Since:"]
FORBIDDEN = r"\b(bool|_Bool|long|short|unsigned|signed|int|float|enum|FILE|va_list|time_t|ssize_t|wchar_t)\b|\.\.\."


def declarations(text):
    """(line, kind, declaration, the comment right before it)."""
    starts = [("function", r"^APIPIE_API\b[^;]*;"), ("callback", r"^typedef [^;{]*\(\*\w+\)\([^;]*;"),
              ("enum", r"^enum \{"), ("constant", r"^#define APIPIE_[A-Z0-9_]+ +\S")]
    for kind, pattern in starts:
        for match in re.finditer(pattern, text, re.M):
            before = text[:match.start()].rstrip()
            comment = before[before.rfind("/*"):] if before.endswith("*/") else ""
            yield text.count("\n", 0, match.start()) + 1, kind, match.group(0), comment


def check(report, path, line, kind, declaration, comment):
    place = "%s:%d" % (path, line)
    name = {"function": r"(\w+)\s*\(", "callback": r"\(\*(\w+)\)", "enum": r"(enum)", "constant": r"#define (\w+)"}
    name = re.search(name[kind], declaration).group(1)
    if kind in ("function", "callback"):
        missing = [word for word in WORDS if word not in comment]
        if missing or not comment.startswith("/**"):
            report.add(place, "%s does not say %s" % (name, " ".join(missing) or "anything"))
        match = re.search(FORBIDDEN, plain(declaration))
        if match:
            report.add(place, "%s uses %s" % (name, match.group(0)))
        if not name.startswith("apipie_"):
            report.add(place, "%s does not begin with apipie_" % name)
    elif kind == "enum" and "Since:" not in comment and "typedef" not in comment:
        report.add(place, "an enum does not say Since:")


def main(root):
    report, count = Report("docs"), 0
    for path in sources(root, ["include"], (".h",)):
        text = read(root, path)
        for line, kind, declaration, comment in declarations(text):
            if path.endswith("/apipie.h") and kind == "enum" and "APIPIE_OK" in text[text.find(declaration):][:40]:
                continue
            check(report, path, line, kind, declaration, comment)
            count += kind in ("function", "callback")
    if count == 0:
        report.add("include", "no declaration was found: this check checks nothing")
    report.end("%d functions and callbacks" % count)


if __name__ == "__main__":
    main(sys.argv[1])
