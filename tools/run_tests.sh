#!/usr/bin/env bash
# Sets up what is missing and runs the tests, a file on each core: bash tools/run_tests.sh [pytest options]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=$(bash tools/setup_env.sh)
export PATH="$(dirname "$PYTHON"):$PATH" OMP_NUM_THREADS=1
CORES=$(env -u OMP_NUM_THREADS nproc)
exec python -m pytest -n "$((CORES < 8 ? CORES : 8))" --dist loadfile --no-loadscope-reorder "$@"
