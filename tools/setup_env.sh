#!/usr/bin/env bash
# Sets up everything the project needs in .venv, once, and prints the path of the environment's python on standard
# output (all messages go to standard error). An active environment that has the stack already is used as it is.
#
#   bash tools/setup_env.sh                  # set up, or do nothing where all is there
#   PYTHON=python3.12 bash tools/setup_env.sh
#
# Environment: PYTHON (which interpreter), MAX_JOBS (compile jobs), MMGNNTRACK_CACHE (where built wheels are kept).
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="$ROOT/.venv"
LOCK="$ROOT/requirements/lock.txt"
CACHE="${MMGNNTRACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmgnntrack}"
NEEDED_GB=12

say() { printf '[setup] %s\n' "$*" >&2; }
die() { printf '[setup] ERROR: %s\n' "$*" >&2; exit 1; }
pinned() { sed -nE "s/^$1==([^ ;]+).*/\1/p" "$LOCK" | head -n 1; }
digest() { { echo "$ROOT"; cat "$LOCK" "$ROOT/tools/setup_env.sh" "$ROOT/setup.py"; } | sha256sum | cut -c1-16; }

# step TITLE COMMAND...: runs it quietly, tells how long it took, shows the log's end where it fails.
step() {
    local title=$1 start=$SECONDS log
    shift
    log=$(mktemp)
    say "$title ..."
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "$title failed (whole log: $log). Mend what it says and run the same command again: finished steps are kept."
    fi
    rm -f "$log"
    say "$title: done in $((SECONDS - start)) s"
}

# The stack and the project, as seen by one interpreter: a line for each thing that is missing.
missing_in() {
    "$1" -I - <<'PY'
import importlib.metadata as metadata, importlib.util as util, pathlib, sys
if not (3, 10) <= sys.version_info[:2] <= (3, 12):
    print('Python 3.10 to 3.12')
for name in ('torch', 'torchvision', 'numpy', 'scipy', 'mmengine', 'mmcv', 'mmdet', 'mmpose', 'openmim'):
    if util.find_spec({'openmim': 'mim'}.get(name, name)) is None:
        print(name)
if util.find_spec('mmcv') and util.find_spec('mmcv._ext') is None:
    print('the compiled ops of mmcv')
try:
    metadata.version('mmgnntrack')
except metadata.PackageNotFoundError:
    print('mmgnntrack')
PY
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3.12 python3.10 python3}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "no Python 3.10, 3.11 or 3.12 found (looked for: ${PYTHON:-python3.11 python3.12 python3.10 python3})." \
        "Install one, e.g. apt-get install python3 python3-venv python3-dev, or name it: PYTHON=/path/to/python bash $0"
}

check_machine() {
    command -v c++ >/dev/null || die "no C++ compiler (c++) found; mmcv's operators have to be compiled. Install one:" \
        "apt-get install build-essential"
    "$1" -c 'import ensurepip, venv' 2>/dev/null || die "$1 has no venv module. Install it: apt-get install python3-venv"
    local include
    include=$("$1" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    [ -f "$include/Python.h" ] || die "$include/Python.h is missing; compiling needs it. Install it:" \
        "apt-get install python3-dev"
    local free_gb
    free_gb=$(df -Pk "$ROOT" | awk 'NR == 2 {print int($4 / 1048576)}')
    [ "$free_gb" -ge "$NEEDED_GB" ] || die "$free_gb GB free under $ROOT, $NEEDED_GB GB are needed."
}

# Builds a wheel into the cache unless it is there; a half-built one never gets there.
build_wheel() {
    local name=$1 version scratch
    version=$(pinned "$name")
    shift
    compgen -G "$WHEELS/${name}-${version}-*-${TAG}-*.whl" >/dev/null && return
    scratch=$(mktemp -d "$WHEELS/.build.XXXX")
    step "compiling $name $version (once per machine)" \
        env "$@" "$VENV/bin/pip" wheel --no-build-isolation --no-deps --no-binary "$name" -w "$scratch" "$name==$version"
    mv "$scratch"/*.whl "$WHEELS/"
    rm -rf "$scratch"
}

set_up() {
    local python
    python=$(find_python)
    check_machine "$python"
    TAG=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
    WHEELS="$CACHE/wheels/torch-$(pinned torch)"
    mkdir -p "$WHEELS" 2>/dev/null || die "cannot write to $WHEELS; name another folder: MMGNNTRACK_CACHE=... bash $0"
    say "setting up $VENV with $("$python" --version) (built wheels are kept in $WHEELS)"

    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$VENV"
        step '1/6 creating .venv' "$python" -m venv "$VENV"
    fi
    local pip=("$VENV/bin/python" -m pip install --disable-pip-version-check)
    step '2/6 installing torch and the build tools' \
        "${pip[@]}" -c "$LOCK" torch torchvision numpy setuptools wheel ninja psutil cython
    say '3/6 wheels that have to be compiled here: mmcv with its operators takes about 10 minutes on two cores'
    build_wheel mmcv MMCV_WITH_OPS=1 MAX_JOBS="${MAX_JOBS:-$(nproc)}"
    build_wheel xtcocotools
    # By path: the index has a wheel of xtcocotools too, built for numpy 1.
    step '4/6 installing the locked stack' "${pip[@]}" --no-deps --no-build-isolation \
        "$WHEELS"/mmcv-*-"$TAG"-*.whl "$WHEELS"/xtcocotools-*-"$TAG"-*.whl -r "$LOCK"
    step '5/6 installing mmgnntrack' "${pip[@]}" --no-deps --no-build-isolation -e "$ROOT"
    step '6/6 checking that all of it imports' \
        "$VENV/bin/python" -c 'import cv2, mim, mmcv.ops, mmdet.models, mmpose.models, mmgnntrack.registry'
    digest >"$VENV/.ready"
    say "ready after $SECONDS s"
}

if [ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ]; then
    missing=$(missing_in python)
    if [ -z "$missing" ]; then
        python -c 'import sys; print(sys.executable)'
        exit
    elif [ "$missing" = mmgnntrack ]; then
        say 'the active environment lacks only this project; to use it: pip install --no-build-isolation --no-deps -e .'
    fi
fi
exec 9<"$ROOT/tools"
flock 9
if [ "$(cat "$VENV/.ready" 2>/dev/null)" != "$(digest)" ]; then
    set_up
fi
echo "$VENV/bin/python"
