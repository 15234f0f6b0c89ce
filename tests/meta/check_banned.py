#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_banned.py ROOT: what the library never calls, conditional compilation outside base/ and http/, static names
that meet in a unity build, and paths of somebody's machine."""
import re
import sys

from meta_support import Report, plain, public_functions, read, sources

BANNED = """sprintf vsprintf strcpy strcat strncat strncpy stpcpy gets strtok atoi atol atof strtod strtof strtold strtol
strtoul strtoll strtoull sscanf tolower toupper isalpha isdigit isalnum isspace isxdigit isprint setlocale uselocale localeconv
exit _exit quick_exit abort atexit signal sigaction raise printf fprintf vprintf vfprintf dprintf puts fputs putchar fputc perror
putenv setenv unsetenv system popen fork rand srand random drand48 time ctime asctime localtime gmtime mktime alloca assert
malloc calloc realloc free strdup strndup json_set_alloc_funcs curl_global_init_mem curl_global_cleanup curl_easy_perform
usleep sleep""".split()
# Where one of them is at home.
ALLOWED = {
    ("lib/base/mem.c", "malloc"), ("lib/base/mem.c", "realloc"), ("lib/base/mem.c", "calloc"), ("lib/base/mem.c", "free"),
}
# The sandbox is a program's server: it may use libc's memory.
SANDBOX = {"malloc", "calloc", "realloc", "free"}


def check_calls(report, path, text, public):
    for number, line in enumerate(text.split("\n"), 1):
        for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
            if name in BANNED and (path, name) not in ALLOWED and \
                    not (path.startswith("lib/sandbox/") and name in SANDBOX):
                report.add("%s:%d" % (path, number), name + "() is banned")
            if name in public and line[:1] in " \t" and not path.endswith(".h"):
                report.add("%s:%d" % (path, number), name + "() is public: nothing in lib/ calls it")


def check_conditions(report, path, text):
    if path.startswith(("lib/base/", "lib/http/")):
        return
    guard = re.escape(re.sub(r"\W", "_", path.split("/")[-1]).upper())
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b(.*)", line)
        if match and not (match.group(1) == "ifndef" and re.search(guard + r"\s*$", match.group(2))):
            report.add("%s:%d" % (path, number), "#%s outside base/ and http/" % match.group(1))


def statics(text):
    names = re.findall(r"^static\b[^;={(]*?\b(\w+)\s*\([^;]*$", text, re.M)
    names += re.findall(r"^static\b[^;={(]*?\b(\w+)\s*(?:\[[^\]]*\]\s*)*[=;]", text, re.M)
    return set(names)


def check_paths(report, root):
    for path in sources(root, ["lib", "include", "examples", "tests", "pkgconfig"],
                        (".c", ".h", ".py", ".sh", ".build", ".txt", ".md", ".mjs", ".cpp", ".hpp")):
        for number, line in enumerate(read(root, path).split("\n"), 1):
            if re.search(r"(?<![\w.])/(work|root|home)/\w", line):
                report.add("%s:%d" % (path, number), "names a place of somebody's machine")


def main(root):
    report, seen = Report("banned"), {}
    public = public_functions(root, sources(root, ["include"], (".h",)))
    files = sources(root, ["lib"], (".c", ".h"))
    for path in files:
        text = plain(read(root, path))
        check_calls(report, path, text, public)
        check_conditions(report, path, text)
        if path.endswith(".c") and not path.startswith("lib/sandbox/"):
            for name in statics(text):
                if name in seen:
                    report.add(path, "static %s is in %s too" % (name, seen[name]))
                seen[name] = path
    check_paths(report, root)
    if not seen or not public:
        report.add("lib", "nothing was found: this check checks nothing")
    report.end("%d files, %d static names" % (len(files), len(seen)))


if __name__ == "__main__":
    main(sys.argv[1])
