#!/bin/sh
# Everything a machine can say about the code without running it.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH
.venv/bin/ruff format --check src tests tools bench examples
.venv/bin/ruff check src tests tools bench examples
.venv/bin/mypy
.venv/bin/pyright --warnings
.venv/bin/lint-imports --no-cache
