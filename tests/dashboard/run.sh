#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD_DIR: pages of apipie dashboard from that build, looked at by a headless Chromium. The source tree stays clean;
# pictures of the pages stay in BUILD_DIR/dashboard.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD_DIR}" && pwd)
work=$build/dashboard
apipie=$build/examples/apipie

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
[ -n "$browser" ] && command -v node >/dev/null && command -v npm >/dev/null || {
    echo "tests/dashboard needs chromium, node (18 or later) and npm: apt-get install chromium nodejs npm" >&2
    exit 77
}
[ -x "$apipie" ] || {
    echo "tests/dashboard: $apipie is not there: configure the build with -Dcli=true" >&2
    exit 1
}
mkdir -p "$work"
cp "$here/package.json" "$here/pages.mjs" "$here/test.mjs" "$work/"
cd "$work"
[ -d node_modules/puppeteer-core ] && [ -d node_modules/axe-core ] ||
    npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error >&2
unset APIPIE_API_KEY APIPIE_BASE_URL
node test.mjs "$apipie" "$browser"
