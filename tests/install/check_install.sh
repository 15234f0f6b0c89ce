#!/bin/sh
# SPDX-License-Identifier: MIT
# check_install.sh SOURCE BUILD PART: what a user does with the library once it is built. PART is "shared", "static",
# "subproject", "unity" or "size". Works in BUILD/install-PART.
set -eu
source=$1 build=$2 part=$3
here=$source/tests/install
work=$build/install-$part
meson=${MESON:-meson}
compiler=${CC:-cc}

# Installs into $work/root as if that were the machine; the .pc files then say where they are.
install_here() {
    rm -rf "$work"
    mkdir -p "$work"
    "$meson" install -C "$build" --no-rebuild --quiet --destdir "$work/root"
    pc=$(find "$work/root" -name apipie.pc)
    for file in "$(dirname "$pc")"/*.pc; do
        sed "s|^prefix=\(.*\)|prefix=$work/root\1|" "$file" >"$file.new"
        mv "$file.new" "$file"
    done
    PKG_CONFIG_PATH=$(dirname "$pc")
    library=$(dirname "$PKG_CONFIG_PATH")
    export PKG_CONFIG_PATH
}

# consumer NAME PACKAGE [OPTION]: compiles with pkg-config alone and runs.
consumer() {
    echo "+ $compiler $1.c \$(pkg-config ${3:-} --cflags --libs $2)"
    # shellcheck disable=SC2046,SC2086 # the words of pkg-config are words
    "$compiler" -std=c11 -Wall -Wextra -Werror "$here/$1.c" -o "$work/$1" $(pkg-config ${3:-} --cflags --libs "$2")
    env -u APIPIE_API_KEY -u APIPIE_BASE_URL LD_LIBRARY_PATH="$library" "$work/$1"
}

with_sandbox() {
    [ -f "$PKG_CONFIG_PATH/apipie-sandbox.pc" ]
}

case $part in
shared)
    install_here
    consumer consumer apipie
    ! with_sandbox || consumer consumer_sandbox "apipie apipie-sandbox"
    [ -e "$library/libapipie.so.0" ]
    ;;
static)
    install_here
    rm -f "$library"/*.so "$library"/*.so.*
    consumer consumer apipie --static
    ! with_sandbox || consumer consumer_sandbox "apipie apipie-sandbox" --static
    ! ldd "$work/consumer" | grep libapipie
    ;;
subproject)
    rm -rf "$work"
    mkdir -p "$work/subprojects"
    ln -s "$source" "$work/subprojects/libapipie"
    cp "$here/consumer.c" "$work/"
    cat >"$work/meson.build" <<'END'
project('consumer', 'c')
apipie = dependency('apipie', fallback: 'libapipie',
  default_options: ['sandbox=false', 'cli=false', 'tests=false', 'default_library=static'])
executable('consumer', 'consumer.c', dependencies: apipie)
END
    "$meson" setup "$work/build" "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    "$meson" compile -C "$work/build" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    "$work/build/consumer"
    ;;
unity)
    rm -rf "$work"
    "$meson" setup "$work" "$source" --unity=on -Dunity_size=1000 -Dstrict=true >"$work.log" 2>&1 || { cat "$work.log"; exit 1; }
    "$meson" compile -C "$work" >>"$work.log" 2>&1 || { cat "$work.log"; exit 1; }
    rm -rf "$work"
    ;;
size)
    install_here
    strip -o "$work/stripped" "$(find "$library" -name 'libapipie.so.*.*')"
    size=$(wc -c <"$work/stripped")
    echo "stripped shared library: $size bytes; the goal is 200 KiB (204800)"
    [ "$size" -le 204800 ] || echo "MISSED"
    ;;
*)
    echo "no such part: $part" >&2
    exit 2
    ;;
esac
