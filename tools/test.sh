#!/bin/sh
# Run the tests, two processes side by side. In CI a skipped proof is a failed run (tests/conftest.py).
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH
exec .venv/bin/python -m pytest --numprocesses "${DAYPASS_TEST_PROCESSES:-2}" --dist loadgroup "$@"
