#!/usr/bin/env bash
# Every check and every test of the project, in an environment that it makes itself: bash tests/run.sh
# Arguments go to pytest: bash tests/run.sh -k vocabulary
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/environment.sh

ruff check .
ruff format --check .
mypy
lint-imports --no-logo
pytest -n 2 "$@"
