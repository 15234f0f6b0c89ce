#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_symbols.py ROOT NM SHARED STATIC HEADER[,HEADER...] [MAP]: a shared library exports exactly what its headers declare
together (and its map lists); a static one defines nothing but pie_ and apipie_ names."""
import re
import subprocess
import sys

from meta_support import Report, plain, public_functions, read

# What sanitizers and the linker add.
FOREIGN = r"(__.*|_init|_fini|_edata|_end|_bss_start|LIBAPIPIE\w*)"


def symbols(nm, path, dynamic):
    command = [nm, "-g", "--defined-only", "--format=posix"] + (["-D"] if dynamic else []) + [path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = set()
    for line in output.split("\n"):
        parts = line.split()
        if len(parts) >= 2 and not line.endswith(":"):
            name = parts[0].split("@")[0]
            if not re.fullmatch(FOREIGN, name):
                names.add(name)
    return names


def mapped(root, path):
    text = plain(read(root, path))
    return set(re.findall(r"^\s*(\w+);", text.split("global:")[1].split("local:")[0], re.M))


def compare(report, left, left_names, right, right_names):
    for name in sorted(left_names - right_names):
        report.add(left, "%s is not in %s" % (name, right))
    for name in sorted(right_names - left_names):
        report.add(right, "%s is not in %s" % (name, left))


def main(root, nm, shared, static, header, version_map=None):
    report = Report("symbols of " + header)
    declared = set()
    for each in header.split(","):
        found = set(public_functions(root, [each]))
        if not found:
            report.add(each, "declares nothing: this check checks nothing")
        declared |= found
    exported = symbols(nm, shared, True)
    compare(report, header, declared, "the shared library", exported)
    if version_map:
        compare(report, version_map, mapped(root, version_map), header, declared)
    inside = symbols(nm, static, False)
    for name in sorted(inside):
        if not name.startswith(("pie_", "apipie_")):
            report.add("the static library", "%s begins neither with pie_ nor with apipie_" % name)
    public = {name for name in inside if name.startswith("apipie_")}
    compare(report, header, declared, "the static library", public)
    if not declared or not inside:
        report.add(header, "nothing was found: this check checks nothing")
    report.end("%d exported, %d in the archive" % (len(exported), len(inside)))


if __name__ == "__main__":
    main(*sys.argv[1:])
