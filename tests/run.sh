#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh: installs what the tests need where it is missing, builds, runs every test. The last line is
# "N passed, N failed". Works in build-tests/; may be run again, and without root where the packages are there.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
builds=$root/build-tests
passed=0 failed=0 notes=

needed="gcc g++ meson ninja-build pkg-config libcurl4-openssl-dev libjansson-dev libb64-dev libcmocka-dev
libmicrohttpd-dev libpng-dev zlib1g-dev python3 binutils"
wished="clang valgrind nodejs npm locales nginx-light openssl tinyproxy-bin microsocks iproute2 libuv1-dev libsdl2-dev prometheus
chromium libssl-dev"

say() { printf '%s\n' "$*"; }
note() {
    say "-- $*"
    notes="$notes
$*"
}
head_of() { printf '\n== %s\n' "$*"; }

# ---- what is there

has() { command -v "$1" >/dev/null 2>&1; }
has_meson() { has meson || [ -x /usr/bin/meson ]; }
has_b64() { echo '#include <b64/cencode.h>' | gcc -E -x c - >/dev/null 2>&1; }
has_french() { locale -a 2>/dev/null | grep -qi '^fr_FR\.utf-\{0,1\}8$'; }
# The servers of tests/transport; some are not in everybody's PATH.
has_server() { (PATH=$PATH:/usr/sbin:/sbin && has "$1"); }
has_servers() { has_server nginx && has openssl && has_server tinyproxy && has_server microsocks && has_server ip; }
has_needed() {
    has gcc && has g++ && has ninja && has pkg-config && has python3 && has nm && has_meson && has_b64 &&
        pkg-config --exists 'libcurl >= 7.85' 'jansson >= 2.12' 'cmocka >= 1.1.5' libmicrohttpd libpng zlib
}
has_loops() { pkg-config --exists libuv sdl2; }
has_metrics() { has promtool; }
has_browser() { has chromium || has chromium-browser || has google-chrome; }
has_crypto() { pkg-config --exists 'libcrypto >= 1.1.0'; }
has_wished() { has clang && has valgrind && has node && has npm && has_french && has_servers && has_loops && has_metrics && has_browser && has_crypto; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo && sudo -n true 2>/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; }

# Only what is missing: a node from elsewhere and Debian's npm do not go together.
install_packages() {
    has apt-get && as_root true || return 1
    as_root apt-get update -q || return 1
    # shellcheck disable=SC2086 # a list of words
    has_needed || apt $needed || return 1
    has clang || apt clang
    has valgrind || apt valgrind
    has node || apt nodejs
    has npm || apt npm
    has_server nginx || apt nginx-light
    has openssl || apt openssl
    has_server tinyproxy || apt tinyproxy-bin
    has_server microsocks || apt microsocks
    has_server ip || apt iproute2
    has_french || { apt locales && as_root localedef -i fr_FR -f UTF-8 fr_FR.UTF-8; }
    has_loops || apt libuv1-dev libsdl2-dev
    has_metrics || apt prometheus
    has_browser || apt chromium
    has_crypto || apt libssl-dev
    has_wished || note "not all of these could be installed: $wished"
}

# shellcheck disable=SC1091 # not ours
system_name() { (. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-}") || :; }

prepare() {
    if has_needed && has_wished; then
        return
    fi
    head_of "Packages"
    install_packages || say "packages cannot be installed here: no apt-get, no root and no sudo, or no network"
    has_needed || {
        say "This is $(system_name). The tests are made for Debian 12, Debian 13 and Ubuntu 24.04 and need these"
        say "packages (or what your system calls them; meson >= 1.0, libcurl >= 7.85, jansson >= 2.12):"
        say "$needed"
        say "and for all of them also: $wished"
        say "0 passed, 1 failed"
        exit 1
    }
}

# ---- counting

# count FILE: adds the results of a meson testlog.json, one JSON object a line.
count() {
    results=$(python3 - "$1" <<'END'
import collections, json, sys
try:
    with open(sys.argv[1], encoding="utf-8") as file:
        results = collections.Counter(json.loads(line)["result"] for line in file if line.strip())
except OSError:
    results = {"no log": 1}
good = results.get("OK", 0) + results.get("EXPECTEDFAIL", 0)
skipped = results.get("SKIP", 0)
print(good, sum(results.values()) - good - skipped, skipped)
END
    )
    # shellcheck disable=SC2086 # three words
    set -- $results
    passed=$((passed + $1))
    failed=$((failed + $2))
    [ "$3" -eq 0 ] || note "$3 skipped in $what"
}

# check NAME COMMAND...: one test of its own.
check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        say "ok: $name"
    else
        failed=$((failed + 1))
        say "FAILED: $name"
        notes="$notes
FAILED: $name"
    fi
}

# ---- building and running

# build NAME OPTION...: configures and compiles build-tests/NAME.
build() {
    folder=$builds/$1
    shift
    [ -f "$folder/build.ninja" ] || rm -rf "$folder"
    log=$folder.log
    if [ -d "$folder" ]; then
        "$meson" setup --reconfigure "$@" "$folder" "$root" >"$log" 2>&1 ||
            "$meson" setup --wipe "$@" "$folder" "$root" >"$log" 2>&1
    else
        "$meson" setup "$@" "$folder" "$root" >"$log" 2>&1
    fi && ninja -C "$folder" >>"$log" 2>&1 && return
    tail -n 40 "$log"
    return 1
}

# run_tests NAME SETUP ARGUMENT...: meson test, and counts. SETUP "" is the plain one.
run_tests() {
    what="$1${2:+ ($2)}"
    folder=$builds/$1 log=$builds/$1/meson-logs/testlog${2:+-$2}.json setup=${2:+--setup=$2}
    shift 2
    rm -f "$log"
    # shellcheck disable=SC2086 # nothing or one word
    "$meson" test -C "$folder" --no-rebuild --print-errorlogs $setup "$@"
    count "$log"
}

# Does this kernel let a program run under the thread sanitizer? Where addresses are too random, without that.
tsan_works() {
    echo 'int main(void) { return 0; }' >"$builds/tsan.c"
    gcc -fsanitize=thread "$builds/tsan.c" -o "$builds/tsan.out" 2>/dev/null || return 1
    "$builds/tsan.out" 2>/dev/null && return
    setarch "$(uname -m)" -R "$builds/tsan.out" 2>/dev/null && calm="setarch $(uname -m) -R"
}

prepare
meson=$(command -v meson || echo /usr/bin/meson)
export PYTHONDONTWRITEBYTECODE=1
# Nothing of the caller's may lead a test to a real server.
unset APIPIE_API_KEY APIPIE_BASE_URL
mkdir -p "$builds"
what=

head_of "gcc, warnings are errors: every suite"
check "gcc -Werror" build plain -Dtests=true -Dstrict=true
run_tests plain ""

head_of "A locale with a decimal comma"
if has_french; then
    run_tests plain french --suite unit --suite flow --suite wire
else
    note "not run: suites under fr_FR.UTF-8, which is not installed"
fi

head_of "valgrind"
if has valgrind; then
    run_tests plain valgrind --suite unit --suite flow --suite oom --suite drive
else
    note "not run: valgrind, which is not installed"
fi

head_of "npm's openai client against the sandbox"
check "tests/openai" sh tests/openai/run.sh "$builds/plain"

head_of "The library against npm's mock of OpenAI"
sh tests/openai/aimock/run.sh "$builds/plain"
case $? in
77) note "not run: tests/openai/aimock, which needs nodejs, and npm to install @copilotkit/aimock" ;;
0) check "tests/openai/aimock" true ;;
*) check "tests/openai/aimock" false ;;
esac

head_of "The dashboard in a browser"
if has_browser && has node && has npm; then
    check "tests/dashboard" sh tests/dashboard/run.sh "$builds/plain"
else
    note "not run: tests/dashboard, which needs chromium, nodejs and npm"
fi

head_of "Address and undefined behaviour sanitizers"
check "sanitizers: build" build asan -Dtests=true -Db_sanitize=address,undefined -Db_lundef=false
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_stack_use_after_return=1 \
    run_tests asan "" --no-suite install --no-suite meta --no-suite headers --no-suite examples --timeout-multiplier 4

head_of "Thread sanitizer"
calm=
if tsan_works; then
    check "thread sanitizer: build" build tsan -Dtests=true -Dcli=false -Db_sanitize=thread -Db_lundef=false
    meson_plain=$meson
    [ -z "$calm" ] || {
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$calm" "$meson" >"$builds/meson-calm"
        chmod +x "$builds/meson-calm"
        meson=$builds/meson-calm
    }
    run_tests tsan "" --suite unit --suite wire --suite sandbox --suite ledger --suite chaos --suite transport --suite drive \
        --timeout-multiplier 4
    meson=$meson_plain
else
    note "not run: thread sanitizer, which does not work on this system"
fi

head_of "clang, warnings are errors: compiles"
if has clang; then
    CC=clang CXX=clang++
    export CC CXX
    check "clang -Werror" build clang -Dtests=true -Dstrict=true
    unset CC CXX
else
    note "not run: clang, which is not installed"
fi

head_of "Summary"
[ -z "$notes" ] || say "$notes"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
