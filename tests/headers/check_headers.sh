#!/bin/sh
# SPDX-License-Identifier: MIT
# check_headers.sh INCLUDE BUILD_INCLUDE WORK: each public header alone, under every standard and compiler there is.
set -u
include=$1 built=$2 work=$3
mkdir -p "$work"
failed=0 tried=0

# check COMPILER LANGUAGE STANDARD HEADER
check() {
    source=$work/alone.$2
    printf '#include <apipie/%s>\n#include <apipie/%s>\nint main(void) { return 0; }\n' "$4" "$4" >"$source"
    tried=$((tried + 1))
    "$1" -x "$2" "-std=$3" -Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror -fsyntax-only "-I$include" "-I$built" "$source" || {
        echo "$4 does not compile alone: $1 -std=$3"
        failed=$((failed + 1))
    }
}

for header in "$include"/apipie/*.h; do
    header=$(basename "$header")
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null 2>&1 || continue
        for standard in c99 c11 c17; do
            check "$compiler" c "$standard" "$header"
        done
    done
    for compiler in g++ clang++; do
        command -v "$compiler" >/dev/null 2>&1 || continue
        for standard in c++11 c++14 c++17 c++20; do
            check "$compiler" c++ "$standard" "$header"
        done
    done
done
echo "$tried compilations, $failed failed"
[ "$failed" -eq 0 ] && [ "$tried" -gt 0 ]
