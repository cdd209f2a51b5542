#!/usr/bin/env bash
# Runs the tests that compare numbers as slower processors and other numbers of threads would, so that none of them
# holds on one machine alone: bash tools/run_tests_on_other_processors.sh [pytest options]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=$(bash tools/setup_env.sh)
export PATH="$(dirname "$PYTHON"):$PATH"
TESTS=(tests/functional tests/models tests/datasets tests/evaluation tests/visualization tests/posetrack)

# Of the features that numpy can do without, those that this processor has: others it would refuse to disable.
FEATURES=$(python -c 'import numpy
umath = numpy._core._multiarray_umath
print(*(name for name in ("AVX512F", "AVX512_SKX", "AVX2")
        if name in umath.__cpu_dispatch__ and umath.__cpu_features__[name]))')
SETTINGS=(
    "OMP_NUM_THREADS=1" "OMP_NUM_THREADS=2" "OMP_NUM_THREADS=4"
    "OMP_NUM_THREADS=2 ATEN_CPU_CAPABILITY=default"
    "OMP_NUM_THREADS=2 ATEN_CPU_CAPABILITY=avx2"
    "OMP_NUM_THREADS=2 ONEDNN_MAX_CPU_ISA=SSE41"
    "OMP_NUM_THREADS=2 NPY_DISABLE_CPU_FEATURES=$FEATURES"
)
failed=0
for setting in "${SETTINGS[@]}"; do
    echo "== $setting"
    threads=${setting%% *} other=()
    [ "$threads" = "$setting" ] || other=("${setting#* }")
    env "$threads" "${other[@]}" python -m pytest -q "${TESTS[@]}" "$@" || failed=1
done
exit $failed
