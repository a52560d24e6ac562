#!/bin/sh
# Make .venv and install one locked set into it: up, test or bench. Runs on Debian, Ubuntu and macOS.
set -eu
cd "$(dirname "$0")/.."
kind=$1

python=
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "daypass: Python 3.11 or newer is needed" >&2
    echo "hint: install it, or name it: make $kind PYTHON=/path/to/python3" >&2
    exit 1
fi

if [ ! -x .venv/bin/python ]; then
    echo "daypass: making .venv with $("$python" --version)" >&2
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        # Debian ships venv apart from Python.
        tools/system-packages.sh python3-venv
        "$python" -m venv .venv
    fi
fi

echo "daypass: installing the locked packages ($kind)" >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$kind.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch ".venv/.$kind"
