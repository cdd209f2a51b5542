#!/usr/bin/env bash
# Runs the quick tests under every Python from 3.10 to 3.13 that is installed, with the lowest and with the newest versions
# that requirements/ allow, each in an environment that is removed afterwards: bash tools/run_matrix.sh [pytest options]
#
# These are the tests of what needs no OpenMMLab package, whose operators would have to be compiled. With --stack first, all
# tests run under each Python instead, with the versions of requirements/lock.txt, in .venv-3.10, .venv-3.12, ...
# PYTHONS names some of them: PYTHONS="3.10 3.13" bash tools/run_matrix.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
TESTS=$(grep -rLE --include='test_*.py' '(import|from) (mmengine|mmcv|mmdet|mmpose)|mmgnntrack\.(models|registry|apis|datasets|engine)' \
    tests/{functional,posetrack,formats,synthetic,evaluation/functional} tests/test_{disk_list,files,processes,settings}.py)
STACK=
if [ "${1:-}" = --stack ]; then STACK=1; shift; fi

find_python() {
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        "$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null && return
    done
    return 1
}

failed=
for version in ${PYTHONS:-3.10 3.11 3.12 3.13}; do
    python=$(find_python "$version") || { echo "== Python $version is not installed"; continue; }
    if [ -n "$STACK" ]; then
        echo "== $("$python" --version), all tests, versions of the lock"
        env -u VIRTUAL_ENV -u CONDA_PREFIX PYTHON="$python" MMGNNTRACK_VENV="$ROOT/.venv-$version" \
            bash tools/run_tests.sh -q "$@" || failed+=" $version"
        continue
    fi
    for which in lowest newest; do
        venv=$(mktemp -d)
        options=(--upgrade)
        [ $which = newest ] || options=(--constraint requirements/lowest.txt)
        "$python" -m venv "$venv"
        if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check pytest pandas Pillow psutil \
            "${options[@]}" -r requirements/runtime.txt; then
            failed+=" $version-$which" && rm -rf "$venv"
            continue
        fi
        echo "== $("$python" --version), $which: $("$venv/bin/python" -m pip list --format freeze --disable-pip-version-check |
            grep -iE '^(numpy|scipy|torch|opencv-python|matplotlib)==' | tr '\n' ' ')"
        # The doctests of the package need all of it.
        "$venv/bin/python" -m pytest -q -p no:cacheprovider $TESTS "$@" || failed+=" $version-$which"
        rm -rf "$venv"
    done
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
