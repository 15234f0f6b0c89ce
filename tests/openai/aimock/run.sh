#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD_DIR: the library of that build against @copilotkit/aimock of npm. The source tree stays clean. 77: npm cannot install it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD_DIR}" && pwd)
work=$build/openai-aimock
client=$build/tests/openai/aimock_client

skip() {
    echo "tests/openai/aimock: not run: $*" >&2
    exit 77
}
command -v node >/dev/null && command -v npm >/dev/null || skip "needs node (18 or later) and npm: apt-get install nodejs npm"
[ -x "$client" ] || {
    echo "tests/openai/aimock: $client is not there: configure the build with -Dtests=true" >&2
    exit 1
}
mkdir -p "$work"
cp "$here/package.json" "$here/test.mjs" "$work/"
cd "$work"
[ -d node_modules/@copilotkit/aimock ] ||
    npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error >&2 ||
    skip "npm cannot install @copilotkit/aimock"
# Proxies must not see what is meant for this machine.
NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost node test.mjs "$client"
