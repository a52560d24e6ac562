#!/bin/sh
# Install what the tests need beyond Python: a real Chromium, a real PostgreSQL, a real S3 client, the JS SDK.
set -eu
cd "$(dirname "$0")/.."

missing=
have() { command -v "$1" >/dev/null 2>&1; }
if have apt-get; then
    have chromium || missing="$missing chromium"
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    have rclone || missing="$missing rclone"
    have node || missing="$missing nodejs"
    have npm || missing="$missing npm"
    have openssl || missing="$missing openssl"
elif have brew; then
    [ -d "/Applications/Chromium.app" ] || have chromium || missing="$missing chromium"
    have initdb || missing="$missing postgresql@16"
    have rclone || missing="$missing rclone"
    have npm || missing="$missing node"
fi
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || tools/system-packages.sh $missing

(cd tests/clients/js && npm ci --silent --no-audit --no-fund)
