#!/usr/bin/env bash
# Sets up everything the project needs in .venv, once, and prints the path of the environment's python on standard
# output (all messages go to standard error). An active environment that has the stack already is used as it is.
#
#   bash tools/setup_env.sh                  # set up, or do nothing where all is there
#   bash tools/setup_env.sh --check          # change nothing; say what stands, what is missing, what is not as locked
#   PYTHON=python3.12 bash tools/setup_env.sh
#
# Environment: PYTHON (which interpreter), MAX_JOBS (compile jobs), MMGNNTRACK_CACHE (where built wheels are kept for
# other checkouts), MMGNNTRACK_WHEELS (a folder of ready wheels instead, as tools/build_wheels.sh makes them),
# MMGNNTRACK_VENV (another folder than .venv).
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="${MMGNNTRACK_VENV:-$ROOT/.venv}"
LOCK="$ROOT/requirements/lock.txt"
CACHE="${MMGNNTRACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmgnntrack}"
NEEDED_GB=12
PYTHONS=(python3.11 python3.12 python3.13 python3.10 python3)

say() { printf '[setup] %s\n' "$*" >&2; }
die() { printf '[setup] ERROR: %s\n' "$*" >&2; exit 1; }
pinned() { sed -nE "s/^$1==([^ ;]+).*/\1/p" "$LOCK" | head -n 1; }
digest() { { echo "$ROOT"; cat "$LOCK" "$ROOT"/tools/{setup_env,build_wheels}.sh "$ROOT/setup.py"; } | sha256sum | cut -c1-16; }
supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

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
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    print('Python 3.10 to 3.13')
for name in ('torch', 'torchvision', 'numpy', 'scipy', 'mmengine', 'mmcv', 'mmdet', 'mmpose', 'openmim'):
    if util.find_spec({'openmim': 'mim'}.get(name, name)) is None:
        print(name)
mmcv = util.find_spec('mmcv')
if mmcv and not any(pathlib.Path(mmcv.origin).parent.glob('_ext.*')):
    print('the compiled ops of mmcv')
try:
    metadata.version('mmgnntrack')
except metadata.PackageNotFoundError:
    print('mmgnntrack')
PY
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-"${PYTHONS[@]}"}; do
        if supported "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "no Python 3.10, 3.11, 3.12 or 3.13 found (looked for: ${PYTHON:-${PYTHONS[*]}})." \
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

set_up() {
    local python
    python=$(find_python)
    check_machine "$python"
    local wheels=${MMGNNTRACK_WHEELS:-$CACHE/wheels/torch-$(pinned torch)}
    mkdir -p "$wheels" 2>/dev/null || die "cannot write to $wheels; name another folder: MMGNNTRACK_CACHE=... bash $0"
    say "setting up $VENV with $("$python" --version): 4 to 8 minutes on two cores, less where wheels are kept ($wheels)"

    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$VENV"
        step '1/6 creating .venv' "$python" -m venv "$VENV"
    fi
    local pip=("$VENV/bin/python" -m pip install --disable-pip-version-check)
    step '2/6 installing torch and the build tools' \
        "${pip[@]}" -c "$LOCK" torch torchvision numpy setuptools wheel ninja psutil cython
    say '3/6 wheels that have to be compiled here'
    bash "$ROOT/tools/build_wheels.sh" "$VENV/bin/python" "$wheels" || die 'mend what it says and run the same command' \
        'again: finished steps are kept.'
    # By path: the index has a wheel of xtcocotools too, built for numpy 1.
    local tag
    tag=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
    step '4/6 installing the locked stack' "${pip[@]}" --no-deps --no-build-isolation \
        "$wheels"/{mmcv-"$(pinned mmcv)","xtcocotools-$(pinned xtcocotools)"}-*-"$tag"-*.whl -r "$LOCK"
    step '5/6 installing mmgnntrack' "${pip[@]}" --no-deps --no-build-isolation -e "$ROOT"
    step '6/6 checking that all of it imports' \
        "$VENV/bin/python" -c 'import cv2, mim, mmcv.ops, mmdet.models, mmpose.models, mmgnntrack.registry'
    digest >"$VENV/.ready"
    say "ready after $SECONDS s"
}

# Says how the packages that one interpreter sees differ from the lock; fails where one is missing.
compare_to_lock() {
    "$1" -I - "$LOCK" <<'PY'
import importlib.metadata as metadata, pathlib, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
locked = [Requirement(line) for line in lines if line and not line.startswith('#')]
locked = [package for package in locked if package.marker is None or package.marker.evaluate()]
missing, other = [], []
for package in locked:
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        missing.append(package.name)
        continue
    if version.split('+')[0] not in package.specifier:
        other.append(f'{package.name} {version} (lock: {str(package.specifier).lstrip("=")})')
print(f'packages   {len(locked) - len(missing) - len(other)} of {len(locked)} as locked')
for line in [*(f'other    {line}' for line in other), *(['missing  ' + ', '.join(missing)] if missing else [])]:
    print('  ' + line)
sys.exit(bool(missing))
PY
}

check() {
    local python=$VENV/bin/python rc=0 missing
    [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] || python=$(command -v python)
    if ! "$python" --version >/dev/null 2>&1; then
        python=$(find_python)
        echo "python     $python, $("$python" --version); no environment yet: bash $0 makes $VENV"
        (check_machine "$python") && echo 'machine    has what setting up needs'
        return 1
    fi
    echo "python     $python, $("$python" --version)"
    compare_to_lock "$python" || rc=1
    missing=$(missing_in "$python")
    [ -z "$missing" ] || { echo "not there  ${missing//$'\n'/, }"; rc=1; }
    [ $rc -eq 0 ] && echo 'all of it stands' || echo "to set up what is missing: bash $0"
    return $rc
}

if [ "${1:-}" = --check ]; then
    check
    exit
fi
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
