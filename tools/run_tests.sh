#!/usr/bin/env bash
# Sets up what is missing and runs the tests: bash tools/run_tests.sh [pytest options]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=$(bash tools/setup_env.sh)
export PATH="$(dirname "$PYTHON"):$PATH"
exec python -m pytest "$@"
