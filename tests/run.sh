#!/usr/bin/env bash
# Every check and every test of the project, in an environment that it makes itself: bash tests/run.sh
# Arguments go to pytest: bash tests/run.sh -k vocabulary
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/environment.sh

ruff check .
ruff format --check .
lint-imports --no-logo
mypy & # beside the tests, which do not keep two cores busy all the time
types=$! failed=0
pytest -n 2 --dist worksteal "$@" || failed=$? # neighbours, which share costly fixtures, go to one worker
wait $types
exit $failed
