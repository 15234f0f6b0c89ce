#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program against a fresh sandbox, in a folder of its own that is gone afterwards:

    with_sandbox.py APIPIE [--makes FILE.png]... [--says WORD]... -- COMMAND [argument]...

It passes when the program does, its output has every WORD, and the folder then holds exactly those FILEs,
each a whole PNG."""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from cli_support import Sandbox, clean_environment, png_size  # noqa: E402


def check(options, result, folder):
    wrong = []
    if result.returncode != 0:
        wrong.append("exit %d" % result.returncode)
    wrong += ["it does not say %r" % word for word in options.says if word not in result.stdout]
    if sorted(os.listdir(folder)) != sorted(options.makes):
        wrong.append("it made %s, not %s" % (sorted(os.listdir(folder)), sorted(options.makes)))
    for name in set(options.makes) & set(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        if png_size(data) is None or data[-8:-4] != b"IEND":
            wrong.append(name + " is no whole PNG")
    return wrong


def main():
    at = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("apipie")
    parser.add_argument("--makes", action="append", default=[])
    parser.add_argument("--says", action="append", default=[])
    options = parser.parse_args(sys.argv[1:at])
    command = [os.path.abspath(word) if os.path.isfile(word) else word for word in sys.argv[at + 1:]]
    sandbox = Sandbox(os.path.abspath(options.apipie))
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(command, cwd=folder, env=clean_environment(**sandbox.env), text=True,
                                    stdout=subprocess.PIPE, timeout=120)
            wrong = check(options, result, folder)
    finally:
        sandbox.stop()
    print(result.stdout, end="")
    for line in wrong:
        print("with_sandbox: " + line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
