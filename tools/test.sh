#!/bin/sh
# Run the tests, two processes side by side. In CI a skipped proof is a failed run (tests/conftest.py).
# The order is random on a developer's machine and always the same in CI.
# The browser's driver keeps an event loop of its own, so its tests run apart from those that bring theirs.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH

failed=0
ran=0
run() {
    status=0
    .venv/bin/python -m pytest --numprocesses "${DAYPASS_TEST_PROCESSES:-2}" --dist loadgroup ${CI:+--randomly-seed=1} "$@" || status=$?
    case $status in
        0) ran=1 ;;
        5) ;; # nothing of what was asked for lies in this part
        *) ran=1 failed=$status ;;
    esac
}

run -m browser "$@"
run -m "not browser" "$@"
if [ "$ran" -eq 0 ]; then
    echo "daypass: no test matches" >&2
    exit 5
fi
exit "$failed"
