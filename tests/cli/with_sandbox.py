#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program against a fresh sandbox, in a folder of its own that is gone afterwards:

    with_sandbox.py APIPIE [--fault WORDS] [--makes FILE]... [--says WORD]... -- COMMAND [argument]...

It passes when the program does, its output has every WORD, and the folder then holds exactly those FILEs,
each of them whole (PNG, BMP, .prom). WORDS is how the sandbox fails. {a1111}, {sdcpp} and {openai/v1} are where it
speaks these."""
import argparse
import os
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from cli_support import Sandbox, clean_environment, png_size  # noqa: E402


def is_whole_png(data):
    return png_size(data) is not None and data[-8:-4] == b"IEND"


def is_whole_bmp(data):
    return data[:2] == b"BM" and struct.unpack("<I", data[2:6])[0] == len(data)


def is_whole_prom(data):
    return b"\napipie_images_total{" in data and data[-1:] == b"\n"


WIRES = ("{a1111}", "{sdcpp}", "{openai/v1}")
WHOLE = {".bmp": is_whole_bmp, "prom": is_whole_prom}


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
        if not WHOLE.get(name[-4:], is_whole_png)(data):
            wrong.append(name + " is not whole")
    return wrong


def main():
    at = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("apipie")
    parser.add_argument("--fault", default="")
    parser.add_argument("--makes", action="append", default=[])
    parser.add_argument("--says", action="append", default=[])
    options = parser.parse_args(sys.argv[1:at])
    command = [os.path.abspath(word) if os.path.isfile(word) else word for word in sys.argv[at + 1:]]
    fault = ["--fault", options.fault] if options.fault else []
    sandbox = Sandbox(os.path.abspath(options.apipie), *fault)
    gateway = sandbox.env["APIPIE_BASE_URL"]
    root = gateway[:-len("v1")]
    command = [root + word[1:-1] if word in WIRES else word for word in command]
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
