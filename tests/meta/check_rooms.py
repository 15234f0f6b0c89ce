#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_rooms.py ROOT: the #include lines of lib/ against lib/ROOMS, and who may see which foreign library."""
import os
import re
import sys

from meta_support import Report, plain, read, sources

# Foreign headers by prefix, and the files that may include them.
FOREIGN = {
    "curl/": r"lib/http/(curl\w*\.[ch]|url\.c)",
    "jansson": r"lib/codec/json_\w+\.[ch]",
    "b64/": r"lib/codec/base64_encode\.c",
    "microhttpd": r"lib/sandbox/\w+\.[ch]",
    "png": r"lib/sandbox/\w+\.[ch]",
    "zlib": r"lib/sandbox/\w+\.[ch]",
    "pthread": r"lib/(base|sandbox)/\w+\.[ch]",
    "threads.h": r"$^",
    "stdatomic.h": r"lib/base/\w+\.[ch]",
    "stdio.h": r"lib/.*\.c",
    "locale.h": r"$^",
    "ctype.h": r"$^",
    "signal.h": r"lib/(base|http|sandbox)/\w+\.c",
}


def rooms(root):
    table = {}
    for line in read(root, "lib/ROOMS").split("\n"):
        line = line.split("#")[0].strip()
        if line:
            room, right = line.split(":")
            table[room.strip()] = right.split()
    return table


def check_own(report, table, path, line, name):
    room = path.split("/")[1]
    if "/" not in name:
        report.add("%s:%d" % (path, line), '"%s" does not say its room' % name)
        return
    other = name.split("/")[0]
    if other == room:
        return
    door = "%s/%s.h" % (other, other)
    if name.endswith("_priv.h"):
        report.add("%s:%d" % (path, line), "%s is private to %s" % (name, other))
    elif name in table.get(room, []) or (other in table.get(room, []) and name == door):
        return
    elif other in table.get(room, []):
        report.add("%s:%d" % (path, line), "%s is not the door of %s" % (name, other))
    else:
        report.add("%s:%d" % (path, line), "%s may not include %s" % (room, name))


def check_foreign(report, path, line, name):
    for prefix, allowed in FOREIGN.items():
        if name.startswith(prefix) and not re.fullmatch(allowed, path):
            report.add("%s:%d" % (path, line), "<%s> has no place here" % name)
    if name.startswith("apipie/") and not re.fullmatch(r"apipie/(apipie|sandbox|transport|version)\.h", name):
        report.add("%s:%d" % (path, line), "<%s> is not there" % name)


def check_acyclic(report, table):
    order = list(table)
    for room, right in table.items():
        for other in right:
            other = other.split("/")[0]
            if other not in table:
                report.add("lib/ROOMS", "%s names %s, which is no room" % (room, other))
            elif order.index(other) >= order.index(room):
                report.add("lib/ROOMS", "%s stands before %s, which it may include" % (room, other))


def main(root):
    report, table, edges = Report("rooms"), rooms(root), 0
    check_acyclic(report, table)
    for path in sources(root, ["lib"], (".c", ".h")):
        room = path.split("/")[1]
        if room not in table:
            report.add(path, "%s is no room of lib/ROOMS" % room)
        for number, line in enumerate(plain(read(root, path), True).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if match:
                edges += 1
                check = check_foreign if match.group(1) == "<" else None
                if check:
                    check(report, path, number, match.group(2))
                else:
                    check_own(report, table, path, number, match.group(2))
    for room in table:
        if os.path.isdir(os.path.join(root, "lib", room)) and \
                not os.path.exists(os.path.join(root, "lib", room, room + ".h")) and room not in ("api", "sandbox"):
            report.add("lib/" + room, "has no door %s.h" % room)
    if edges == 0:
        report.add("lib", "no #include was found: this check checks nothing")
    report.end("%d includes" % edges)


if __name__ == "__main__":
    main(sys.argv[1])
