# SPDX-License-Identifier: MIT
"""What the checks of this folder share: reading C without a compiler, and one way to report."""
import os
import re
import sys


def sources(root, folders, suffixes):
    """Paths relative to root, sorted."""
    found = []
    for folder in folders:
        for where, dirs, files in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if d not in ("node_modules", "__pycache__", "corpus"))
            found += [os.path.relpath(os.path.join(where, f), root) for f in files if f.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def plain(text, keep_strings=False):
    """C text with comments (and what stands in strings) blanked; line numbers stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'"

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[0]
        return " " + "\n" * token.count("\n")

    return re.sub(pattern, blank, text, flags=re.S)


def functions(text):
    """(name, first line, lines) of each function definition in the format that .clang-format makes: the brace of
    a function stands alone in column 0."""
    lines = plain(text).split("\n")
    found = []
    for start, line in enumerate(lines):
        if line != "{":
            continue
        end = next((i for i in range(start, len(lines)) if lines[i] == "}"), len(lines) - 1)
        first = start - 1
        while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "}#" and \
                not lines[first - 1].rstrip().endswith((";", "*/")):
            first -= 1
        head = " ".join(lines[first:start])
        match = re.search(r"(\w+)\s*\(", head)
        if match:
            found.append((match.group(1), first + 1, end - first + 1))
    return found


def public_functions(root, headers):
    """Names of the functions that a header declares."""
    names = []
    for header in headers:
        text = plain(read(root, header))
        names += re.findall(r"^APIPIE_API\b[^;(]*?\b(\w+)\s*\(", text, re.M)
    return sorted(names)


class Report:
    def __init__(self, what):
        self.what, self.problems = what, []

    def add(self, place, text):
        self.problems.append("%s: %s" % (place, text))

    def end(self, note=""):
        for problem in self.problems:
            print(problem)
        print("%s: %d problems%s" % (self.what, len(self.problems), note and "; " + note))
        sys.exit(1 if self.problems else 0)
