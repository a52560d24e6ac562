#!/bin/sh
# Install packages of the operating system, as root, through sudo, or with Homebrew; say what to type otherwise.
set -eu
if command -v apt-get >/dev/null 2>&1; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1; then
            as_root=sudo
        else
            echo "daypass: missing system packages: $*" >&2
            echo "hint: as root, run: apt-get install -y $*" >&2
            exit 1
        fi
    fi
    echo "daypass: installing $*" >&2
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
elif command -v brew >/dev/null 2>&1; then
    brew install --quiet "$@"
else
    echo "daypass: missing system packages: $*" >&2
    echo "hint: install them with your package manager" >&2
    exit 1
fi
