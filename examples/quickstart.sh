#!/bin/sh
# SPDX-License-Identifier: MIT
# From nothing to a picture in the current folder, without a key and without money:
#     sh examples/quickstart.sh
# With the key in APIPIE_API_KEY and the real gateway (it costs what one picture costs):
#     sh examples/quickstart.sh --real
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-quickstart
prefix=$build/prefix
log=$build/quickstart.log
prompt="A serene landscape with mountains reflected in a calm lake at sunset"
sandbox=

say() { printf '%s\n' "$*"; }
die() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

# ---- what must be here, by the names of Debian and Ubuntu

has_header() { printf '#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1; }

missing() {
    command -v cc >/dev/null 2>&1 || printf ' gcc'
    has_header stdio.h || printf ' libc6-dev'
    command -v meson >/dev/null 2>&1 || printf ' meson'
    command -v ninja >/dev/null 2>&1 || command -v samu >/dev/null 2>&1 || printf ' ninja-build'
    command -v pkg-config >/dev/null 2>&1 || printf ' pkg-config'
    pkg-config --exists libcurl 2>/dev/null || printf ' libcurl4-openssl-dev'
    pkg-config --exists jansson 2>/dev/null || printf ' libjansson-dev'
    has_header b64/cencode.h || printf ' libb64-dev'
    pkg-config --exists libmicrohttpd 2>/dev/null || printf ' libmicrohttpd-dev'
    pkg-config --exists libpng 2>/dev/null || printf ' libpng-dev'
    if [ "$real" = yes ] && [ ! -d /etc/ssl/certs ] && [ ! -d /etc/pki/tls ]; then
        printf ' ca-certificates'
    fi
}

# As root, or by sudo; where nobody can type a password, only if sudo asks for none.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

install_missing() {
    packages=$(missing)
    [ -n "$packages" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        die "this needs (names of Debian 12):$packages - install them, then run it again"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
        die "this needs packages, and root to install them: apt-get install$packages"
    fi
    say "installing:$packages"
    # The list is split into words on purpose.
    # shellcheck disable=SC2086
    if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $packages; } \
        >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "could not install; as root: apt-get install$packages"
    fi
    packages=$(missing)
    [ -z "$packages" ] || die "still missing after the installation:$packages"
}

check_versions() {
    version=$(meson --version)
    [ "${version%%.*}" -ge 1 ] ||
        die "meson $version is too old, 1.0 is needed (Debian 12, Ubuntu 24.04, or: pip install meson)"
    pkg-config --atleast-version=7.85 libcurl ||
        die "libcurl $(pkg-config --modversion libcurl) is too old, 7.85 is needed (Debian 12, Ubuntu 24.04)"
}

# ---- build and install into the build folder

logged() {
    "$@" >>"$log" 2>&1 && return 0
    say "---- the end of $log" >&2
    tail -n 30 "$log" >&2
    die "this failed: $*"
}

build_all() {
    # A tree that was moved: the paths inside its build are wrong.
    if [ -f "$build/built-for" ] && [ "$(cat "$build/built-for")" != "$root" ]; then
        rm -rf "$build"
        mkdir -p "$build"
    fi
    if [ ! -f "$build/build.ninja" ]; then
        logged meson setup "$build" "$root" --prefix="$prefix" --libdir=lib --buildtype=release \
            -Dtests=false -Dcli=true -Dsandbox=true
        printf '%s\n' "$root" >"$build/built-for"
    fi
    logged meson compile -C "$build"
    logged meson install -C "$build" --no-rebuild
}

# ---- the sandbox, stopped however we end

stop_sandbox() {
    [ -n "$sandbox" ] || return 0
    kill "$sandbox" 2>/dev/null || :
    wait "$sandbox" 2>/dev/null || :
    sandbox=
}
trap stop_sandbox EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# A reader that leaves (| head) must not leave the sandbox behind.
trap 'exit 141' PIPE

start_sandbox() {
    : >"$build/sandbox.env"
    "$prefix/bin/apipie" sandbox >"$build/sandbox.env" 2>>"$log" &
    sandbox=$!
    tries=0
    until grep -q APIPIE_API_KEY "$build/sandbox.env"; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ] || ! kill -0 "$sandbox" 2>/dev/null; then
            tail -n 5 "$log" >&2
            die "the sandbox does not start"
        fi
        sleep 0.1
    done
    # shellcheck disable=SC1091
    . "$build/sandbox.env"
}

# ---- the acts

free_name() {
    name=lake.png
    number=2
    while [ -e "$name" ] || [ -L "$name" ]; do
        name=lake-$number.png
        number=$((number + 1))
    done
    printf '%s\n' "$name"
}

preview() {
    if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -x "$build/examples/preview" ]; then
        "$build/examples/preview" "$1" 2>/dev/null || :
    fi
}

act_picture() {
    if [ "$real" = yes ]; then
        say "\$ apipie generate \"$prompt\" -s 1024x1024"
        picture=$(apipie generate "$prompt" -s 1024x1024) || exit $?
    else
        picture=$(free_name)
        say "\$ apipie generate \"$prompt\" -s 1024x1024 -o $picture"
        apipie generate "$prompt" -s 1024x1024 -o "$picture" >/dev/null
    fi
    preview "$picture"
}

# The connection is cut after the request was sent: the picture was drawn, and perhaps paid for.
act_cut() {
    say
    say "The same call when the connection is cut after the request was sent:"
    say "\$ apipie generate \"$prompt\" --extra 'sandbox={\"fault\":\"cut\"}'"
    code=0
    apipie generate "$prompt" --extra 'sandbox={"fault":"cut"}' || code=$?
    [ $code = 6 ] || die "exit $code, and 6 was expected"
    say "(exit $code)"
}

compile() { logged cc "$root/examples/draw.c" -o "$build/draw" "$@" -Wl,-rpath,"$prefix/lib"; }

act_program() {
    say
    say "The same from C, $root/examples/draw.c:"
    say
    sed 1,2d "$root/examples/draw.c" | sed 's/^/    /'
    say
    # pkg-config quotes for the shell: paths with blanks stay whole.
    eval "compile $(pkg-config --cflags --libs apipie)"
    say "\$ export PKG_CONFIG_PATH=\"$prefix/lib/pkgconfig\""
    say "\$ cc \"$root/examples/draw.c\" -o \"$build/draw\" \$(pkg-config --cflags --libs apipie)" \
        "-Wl,-rpath,\"$prefix/lib\""
    if [ "$real" = yes ]; then
        say "compiled; not run, as it would cost another picture: $build/draw"
    else
        say "\$ cd \"$build\" && ./draw"
        rm -f "$build/draw.png"
        (cd "$build" && ./draw)
        [ -s "$build/draw.png" ] || die "draw made no picture"
    fi
}

real=no
case "$#:${1-}" in
0:) ;;
1:--real) real=yes ;;
*)
    say "usage: sh examples/quickstart.sh [--real]" >&2
    exit 2
    ;;
esac
if [ $real = yes ] && [ -z "${APIPIE_API_KEY:-}" ]; then
    die "--real needs a key: export APIPIE_API_KEY=... (or leave out --real: the sandbox needs none)"
fi
mkdir -p "$build" 2>/dev/null || die "cannot make $build"
(: >"$log") 2>/dev/null || die "cannot write $log"
install_missing
check_versions
say "building in $build ..."
build_all
LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
PATH=$prefix/bin:$PATH
export LD_LIBRARY_PATH PKG_CONFIG_PATH PATH
[ $real = yes ] || start_sandbox
act_picture
[ $real = yes ] || act_cut
act_program
say
say "The picture is $(pwd)/$picture. The command is $prefix/bin/apipie; apipie --help shows more."
