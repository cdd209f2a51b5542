#!/usr/bin/env bash
# Compiles the wheels that no index has for the locked stack: mmcv with its operators, and xtcocotools for numpy 2.
# What is there already is kept. tools/setup_env.sh calls it; by itself it serves many machines:
#
#   bash tools/build_wheels.sh .venv/bin/python wheels/      # a python that has torch and the build tools of the lock
#   MMGNNTRACK_WHEELS=wheels/ bash tools/setup_env.sh        # on machines like it: nothing is compiled
#
# Environment: MAX_JOBS (compile jobs, default: one a core), CXX (the compiler, default: c++).
set -euo pipefail

LOCK="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/requirements/lock.txt"
PYTHON=$1
mkdir -p "$2"
WHEELS=$(cd "$2" && pwd)
# Where ninja is.
export PATH="$(cd "$(dirname "$PYTHON")" && pwd):$PATH"
TAG=$("$PYTHON" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
export MAX_JOBS=${MAX_JOBS:-$(env -u OMP_NUM_THREADS nproc)} CXX=${CXX:-c++} MMCV_WITH_OPS=1
# All flags are given: those that Python was built with may be added to or replaced, and a precompiled header is
# taken only by files that are compiled like it.
FLAGS='-O2 -g0 -DNDEBUG -fwrapv -fPIC'

say() { printf '[wheels] %s\n' "$*" >&2; }
pinned() { sed -nE "s/^$1==([^ ;]+).*/\1/p" "$LOCK" | head -n 1; }
built() { compgen -G "$WHEELS/$1-$(pinned "$1")-*-$TAG-*.whl" >/dev/null; }

if built mmcv && built xtcocotools; then exit; fi  # a shared folder may be read-only
SCRATCH=$(mktemp -d "$WHEELS/.build.XXXX")
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$SCRATCH"' EXIT

# unpack NAME: its source, in SOURCE. The one line of setup.py that Python 3.13 no longer runs is mended: it reads names
# that `exec` made from `locals()`. That is why pip itself does not get to the end of its download there.
unpack() {
    local log="$SCRATCH/download.log" name=$1
    TMPDIR="$SCRATCH" "$PYTHON" -m pip download --no-clean --no-build-isolation --no-deps --no-binary "$name" \
        -d "$SCRATCH" "$name==$(pinned "$name")" >"$log" 2>&1 || true
    SOURCE=$(find "$SCRATCH" -maxdepth 3 -path "*/${name}_*/setup.py" -printf '%h' -quit)
    [ -n "$SOURCE" ] || { tail -n 20 "$log" >&2; say "ERROR: $name could not be downloaded"; exit 1; }
    sed -i "s/exec(compile(f.read(), version_file, 'exec'))/exec(compile(f.read(), version_file, 'exec'), globals())/
        s/return locals()\[/return globals()[/" "$SOURCE/setup.py"
}

# compile NAME: the wheel of what is unpacked; its output is in SCRATCH/NAME.log.
compile() {
    "$PYTHON" -m pip wheel --verbose --no-build-isolation --no-deps -w "$SCRATCH" "$SOURCE" >"$SCRATCH/$1.log" 2>&1
}

# keep NAME: a build is finished, or not in the folder.
keep() { mv "$SCRATCH/$1"-*.whl "$WHEELS/"; }

failed() {
    grep -v '^ *#' "$SCRATCH/$1.log" | tail -n 60 >&2
    say "ERROR: $1 did not compile"
    exit 1
}

# Nearly all the time of a file goes into torch's headers. Precompiled once, they cost every file nothing.
precompile_headers() {
    local folder="$SCRATCH/headers" header=pytorch_cpp_helper.hpp includes
    mkdir "$folder"
    cp "$SOURCE/mmcv/ops/csrc/common/$header" "$folder"
    includes=$("$PYTHON" -c 'import sysconfig, torch.utils.cpp_extension as t
print(*(f"-I{path}" for path in [*t.include_paths(), sysconfig.get_paths()["include"]]))' 2>/dev/null)
    # The compiler marks a precompiled header that it takes with an exclamation mark.
    if "$CXX" $FLAGS -std=c++17 $includes -x c++-header "$folder/$header" -o "$folder/$header.gch" 2>/dev/null &&
        "$CXX" $FLAGS -std=c++17 $includes -H -include "$folder/$header" -x c++ -c /dev/null -o /dev/null 2>&1 |
        grep -q '^! '; then
        FLAGS="$FLAGS -include $folder/$header -Winvalid-pch"
    else
        say "$("$CXX" --version | head -n 1) takes no precompiled header: every file takes ten times as long"
    fi
}

# Tells how many files are done while the build whose output is in a file goes on: in place on a terminal, elsewhere
# in a line each half minute.
watch_files() {
    local pid=$1 log=$2 start=$SECONDS done all left
    while kill -0 "$pid" 2>/dev/null; do
        if [ -t 2 ]; then sleep 2; else sleep 30; fi
        IFS=/ read -r done all < <(grep -oE '^ *\[[0-9]+/[0-9]+\]' "$log" | tail -n 1 | tr -d ' []') || continue
        left=$(((SECONDS - start) * (all - done) / done))
        printf "$([ -t 2 ] && printf '\r\\033[K' || true)[wheels] mmcv: %s of %s files after %s s, about %s s left$([ -t 2 ] || printf '\\n')" \
            "$done" "$all" $((SECONDS - start)) "$left" >&2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

build_mmcv() {
    local log="$SCRATCH/mmcv.log" pid start=$SECONDS refused
    say "mmcv $(pinned mmcv): compiling its operators, $MAX_JOBS files at a time (2 to 4 minutes on two cores)"
    unpack mmcv
    precompile_headers
    say "mmcv: torch's headers took $((SECONDS - start)) s"
    CFLAGS=$FLAGS CXXFLAGS=$FLAGS compile mmcv &
    pid=$!
    watch_files "$pid" "$log"
    wait "$pid" || failed mmcv
    keep mmcv
    refused=$(grep -cF '[-Winvalid-pch]' "$log" || true)
    [ "$refused" -eq 0 ] || say "mmcv: $refused times the compiler did not take the precompiled header, and took longer"
    say "mmcv: compiled in $((SECONDS - start)) s"
}

built mmcv || build_mmcv
if ! built xtcocotools; then
    say "xtcocotools $(pinned xtcocotools): compiling"
    unpack xtcocotools
    compile xtcocotools || failed xtcocotools
    keep xtcocotools
fi
