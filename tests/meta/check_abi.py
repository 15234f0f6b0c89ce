#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_abi.py ROOT BUILD_INCLUDE CC...: the value of every public constant, asked of the compiler, against abi.txt.
Numbers are for ever: a line of abi.txt is never changed or removed. "--write" as the last argument prints the list."""
import os
import re
import subprocess
import sys
import tempfile

from meta_support import Report, plain, read, sources

LIST = "tests/meta/abi.txt"
PROGRAM = """#include <stdio.h>
static void text(const char *name, const char *value) { printf("%s = %s\\n", name, value); }
static void number(const char *name, long long value) { printf("%s = %lld\\n", name, value); }
#define SHOW(name) _Generic((name), char *: text, const char *: text, default: number)(#name, name)
int main(void)
{
"""


def constants(root, header):
    text = plain(read(root, header))
    names = re.findall(r"^#define (APIPIE_[A-Z0-9_]+)[ \t]+\S", text, re.M)
    for body in re.findall(r"\benum\s*\w*\s*\{(.*?)\}", text, re.S):
        names += re.findall(r"\b(APIPIE_[A-Z0-9_]+)\b(?=\s*[=,}]|\s*$)", body + "}")
    return [n for n in dict.fromkeys(names) if n != "APIPIE_API" and not n.startswith("APIPIE_VERSION")]


def values(root, include, compiler, header, names):
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "abi.c"), os.path.join(folder, "abi")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <%s>\n%s" % (header[len("include/"):], PROGRAM))
            for name in names:
                file.write('SHOW(%s);\n' % name)
            file.write("return 0;\n}\n")
        subprocess.run(compiler + ["-I" + os.path.join(root, "include"), "-I" + include, source, "-o", program], check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def main(root, include, *compiler):
    write = compiler[-1] == "--write"
    compiler = [c for c in compiler if c != "--write"]
    report, got = Report("abi"), []
    for header in sources(root, ["include"], (".h",)):
        names = constants(root, header)
        if names:
            got += values(root, include, compiler, header, names)
    if write:
        print("\n".join(got))
        return
    listed = [line for line in read(root, LIST).split("\n") if line and not line.startswith("#")]
    for line in sorted(set(listed) - set(got)):
        report.add(LIST, "%s: no longer so" % line)
    for line in sorted(set(got) - set(listed)):
        report.add(LIST, "%s: not listed" % line)
    if not got:
        report.add("include", "no constant was found: this check checks nothing")
    report.end("%d constants" % len(got))


if __name__ == "__main__":
    main(*sys.argv[1:])
