#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD_DIR: npm's official openai client against a sandbox from that build. The source tree stays clean.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD_DIR}" && pwd)
work=$build/openai-client
serve=$build/tests/sandbox/serve

command -v node >/dev/null && command -v npm >/dev/null || {
    echo "tests/openai needs node (18 or later) and npm: apt-get install nodejs npm" >&2
    exit 77
}
[ -x "$serve" ] || {
    echo "tests/openai: $serve is not there: configure the build with -Dtests=true" >&2
    exit 1
}
mkdir -p "$work"
cp "$here/package.json" "$here/test.mjs" "$work/"
cd "$work"
[ -d node_modules/openai ] ||
    npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error >&2

# The sandbox lives as long as it can read from the pipe that this script holds open.
rm -f hold url
mkfifo hold
"$serve" <hold >url &
server=$!
exec 9>hold
trap 'exec 9>&-; wait "$server" || :; rm -f hold url' EXIT
tries=0
while [ ! -s url ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "tests/openai: the sandbox did not start" >&2
        exit 1
    fi
    sleep 0.1
done
# Proxies must not see what is meant for this machine.
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 OPENAI_BASE_URL=$(cat url) OPENAI_API_KEY=sk-pie-sandbox node test.mjs
