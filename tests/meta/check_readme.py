#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles and runs the C programs of README.md against the sandbox: every ```c block that has a main(). Other
blocks are not run."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from cli_support import Sandbox, clean_environment  # noqa: E402


def blocks(path):
    """(line, text) of each ```c block."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```c[ \t]*\n(.*?)^```[ \t]*$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def build(options, source, target):
    libraries = [os.path.abspath(path) for path in options.libs]
    command = [options.cc, "-std=c11", "-Wall", "-Wextra", "-Werror", source, "-o", target]
    command += ["-I" + os.path.abspath(path) for path in options.include]
    command += libraries + ["-Wl,-rpath," + os.path.dirname(path) for path in libraries]
    if options.sanitize != "none":  # a library with a sanitizer wants a program with it
        command.append("-fsanitize=" + options.sanitize)
    return subprocess.run(command, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apipie", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--sanitize", default="none")
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--library", dest="libs", action="append", default=[])
    options = parser.parse_args()
    programs = [(line, text) for line, text in blocks(options.readme) if re.search(r"\bmain\s*\(", text)]
    failed = 0
    sandbox = Sandbox(os.path.abspath(options.apipie))
    try:
        for line, text in programs:
            with tempfile.TemporaryDirectory() as folder:
                source, target = os.path.join(folder, "block.c"), os.path.join(folder, "block")
                with open(source, "w", encoding="utf-8") as file:
                    file.write('#line %d "README.md"\n%s' % (line, text))
                result = build(options, source, target)
                if result.returncode == 0:
                    result = subprocess.run([target], cwd=folder, env=clean_environment(**sandbox.env),
                                            capture_output=True, text=True, timeout=60)
                if result.returncode != 0:
                    failed += 1
                    print("README.md:%d: exit %d\n%s%s" % (line, result.returncode, result.stdout,
                                                           result.stderr), file=sys.stderr)
    finally:
        sandbox.stop()
    print("%d programs, %d failed" % (len(programs), failed))
    return 1 if failed or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
