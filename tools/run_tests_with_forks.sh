#!/usr/bin/env bash
# Runs the tests with the maintained forks of mmcv, mmengine and mmdet, which import under the same names, in an
# environment of its own: .venv-forks, a copy of .venv. Compiling the fork's operators takes about ten minutes, once.
#
#   bash tools/run_tests_with_forks.sh             # all tests
#   bash tools/run_tests_with_forks.sh -k hook     # arguments go to pytest
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The fork of mmdet imports imgaug, whose last release needs numpy < 2; pandas 3, which mim imports, needs numpy 2.
FORKS=(onedl-mmengine==0.10.12 onedl-mmcv==2.3.6 onedl-mmdetection==3.5.1
    imgaug==0.4.0 imageio==2.37.0 scikit-image==0.24.0 lazy-loader==0.4 tifffile==2025.5.10 numpy==1.26.4 pandas==2.2.3)
VENV="$ROOT/.venv-forks"

env -u VIRTUAL_ENV -u CONDA_PREFIX bash "$ROOT/tools/setup_env.sh" >/dev/null
if [ "$(cat "$VENV/.forks" 2>/dev/null)" != "${FORKS[*]}" ]; then
    rm -rf "$VENV"
    cp -a "$ROOT/.venv" "$VENV"
    # Scripts name the interpreter that installed them.
    grep -rlI "$ROOT/.venv/" "$VENV/bin" | xargs sed -i "s|$ROOT/.venv/|$VENV/|g"
    "$VENV/bin/python" -m pip uninstall --yes mmengine mmcv mmdet
    MMCV_WITH_OPS=1 MAX_JOBS="${MAX_JOBS:-$(nproc)}" \
        "$VENV/bin/python" -m pip install --no-deps --no-build-isolation "${FORKS[@]}"
    echo "${FORKS[*]}" >"$VENV/.forks"
fi
PATH="$VENV/bin:$PATH" VIRTUAL_ENV="$VENV" bash "$ROOT/tools/run_tests.sh" "$@"
