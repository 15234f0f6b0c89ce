#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checks of this folder, checked: each must find what it is there for, and must be content with a good tree."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = """/* SPDX-License-Identifier: MIT */
#ifndef APIPIE_APIPIE_H
#define APIPIE_APIPIE_H
#define APIPIE_API
/** One. Since: 0.1. */
#define APIPIE_ONE 1
/**
 * Adds.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_sum_add(int32_t a, int32_t b);
#endif
"""
OPENING = "/* SPDX-License-Identifier: MIT */\n/* Knows how to add, and nothing else. */\n"
GOOD = {
    "lib/ROOMS": "# rooms\nbase :\nhttp : base\napi : base\n",
    "lib/base/base.h": "/* SPDX-License-Identifier: MIT */\n#ifndef PIE_BASE_H\n#define PIE_BASE_H\n#endif\n",
    "lib/base/mem.h": "/* SPDX-License-Identifier: MIT */\n",
    "lib/http/http.h": "/* SPDX-License-Identifier: MIT */\n",
    "lib/http/curl.c": OPENING + "#include \"http/http.h\"\n#include <curl/curl.h>\n",
    "lib/api/sum.c": OPENING + "#include \"base/base.h\"\n\nstatic int32_t sum_two(int32_t a)\n{\n    return a;\n}\n\n"
                     "int32_t apipie_sum_add(int32_t a, int32_t b)\n{\n    return sum_two(a) + b;\n}\n",
    "include/apipie/apipie.h": HEADER,
    "tests/meta/abi.txt": "# list\nAPIPIE_ONE = 1\n",
}


class Checks(unittest.TestCase):
    def run_check(self, name, changes, *arguments):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**GOOD, **changes}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            arguments = [a.replace("ROOT", root) for a in arguments]
            result = subprocess.run([sys.executable, os.path.join(HERE, name), root, *arguments],
                                    capture_output=True, text=True)
            return result.returncode, result.stdout + result.stderr

    def finds(self, name, changes, part, *arguments):
        code, output = self.run_check(name, changes, *arguments)
        self.assertEqual(code, 1, output)
        self.assertIn(part, output)

    def test_a_good_tree(self):
        for name in ("check_rooms.py", "check_sizes.py", "check_docs.py", "check_banned.py"):
            code, output = self.run_check(name, {})
            self.assertEqual(code, 0, output)

    def test_rooms(self):
        base = "lib/base/x.c"
        self.finds("check_rooms.py", {base: '#include "api/api.h"\n'}, "base may not include api/api.h")
        self.finds("check_rooms.py", {"lib/api/x.c": '#include "base/mem.h"\n'}, "not the door of base")
        self.finds("check_rooms.py", {"lib/api/x.c": '#include "base/mem_priv.h"\n'}, "private to base")
        self.finds("check_rooms.py", {"lib/api/x.c": '#include <curl/curl.h>\n'}, "has no place here")
        self.finds("check_rooms.py", {base: "#include <jansson.h>\n"}, "has no place here")
        self.finds("check_rooms.py", {"lib/attic/x.c": ""}, "is no room")
        self.finds("check_rooms.py", {"lib/ROOMS": "base : api\nhttp : base\napi : base\n"}, "which it may include")
        code, output = self.run_check("check_rooms.py", {base: '/* #include "api/api.h" */\n'})
        self.assertEqual(code, 0, output)

    def test_sizes(self):
        long_function = OPENING + "void f(void)\n{\n" + "    g();\n" * 90 + "}\n"
        self.finds("check_sizes.py", {"lib/base/x.c": long_function}, "f has 93 lines")
        self.finds("check_sizes.py", {"tests/x.c": OPENING + "\n" * 600}, "602 lines")
        self.finds("check_sizes.py", {"lib/base/x.c": "int x;\n"}, "does not open")

    def test_docs(self):
        header = "include/apipie/apipie.h"
        self.finds("check_docs.py", {header: HEADER.replace("Blocks: no. ", "")}, "does not say Blocks:")
        self.finds("check_docs.py", {header: HEADER.replace("int32_t b", "long b")}, "uses long")
        self.finds("check_docs.py", {header: HEADER.replace("apipie_sum_add", "sum_add")}, "does not begin")

    def test_banned(self):
        base = "lib/base/x.c"
        self.finds("check_banned.py", {base: "void f(void)\n{\n    printf (\"x\");\n}\n"}, "printf() is banned")
        self.finds("check_banned.py", {base: "void f(void)\n{\n    apipie_sum_add(1, 2);\n}\n"}, "is public")
        self.finds("check_banned.py", {"lib/api/x.c": "#ifdef X\n#endif\n"}, "outside base/ and http/")
        self.finds("check_banned.py", {base: "static int sum_two(void)\n{\n}\n"}, "static sum_two is in")
        self.finds("check_banned.py", {"tests/x.c": '"/' + 'work/main"\n'}, "somebody's machine")
        code, output = self.run_check("check_banned.py", {base: '/* printf("x") */ const char *a = "exit(1)";\n'})
        self.assertEqual(code, 0, output)

    def test_abi(self):
        compiler = os.environ.get("CC", "cc")
        for text, part in (("APIPIE_ONE = 2\n", "no longer so"), ("", "not listed")):
            header = HEADER.replace("#define APIPIE_API\n", "#define APIPIE_API\n#include <stdint.h>\n")
            self.finds("check_abi.py", {"tests/meta/abi.txt": text, "include/apipie/apipie.h": header}, part, "ROOT",
                       compiler)

    def test_symbols(self):
        with tempfile.TemporaryDirectory() as folder:
            source, shared, archive = (os.path.join(folder, n) for n in ("x.c", "x.so", "x.a"))
            with open(source, "w", encoding="utf-8") as file:
                file.write("int apipie_sum_add(void) { return 0; }\nint stray(void) { return 0; }\n")
            compiler = os.environ.get("CC", "cc")
            subprocess.run([compiler, "-shared", "-fPIC", source, "-o", shared], check=True)
            subprocess.run([compiler, "-c", source, "-o", source + ".o"], check=True)
            subprocess.run(["ar", "rcs", archive, source + ".o"], check=True)
            arguments = [os.environ.get("NM", "nm"), shared, archive, "include/apipie/apipie.h"]
            self.finds("check_symbols.py", {}, "stray is not in include/apipie/apipie.h", *arguments)
            self.finds("check_symbols.py", {}, "stray begins neither", *arguments)
            header = HEADER.replace("apipie_sum_add", "apipie_sum_take")
            self.finds("check_symbols.py", {"include/apipie/apipie.h": header}, "apipie_sum_take is not in", *arguments)
            # Several headers count together, and each must declare something.
            more = HEADER.replace("apipie_sum_add", "apipie_sum_more")
            arguments[-1] += ",include/apipie/more.h"
            self.finds("check_symbols.py", {"include/apipie/more.h": more}, "apipie_sum_more is not in", *arguments)
            self.finds("check_symbols.py", {"include/apipie/more.h": ""}, "declares nothing", *arguments)


if __name__ == "__main__":
    unittest.main()
