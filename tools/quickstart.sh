#!/usr/bin/env bash
# From a bare machine to a trained, tested tracker: environment, data, three trainings, four tests, a table, a video.
#
#   bash tools/quickstart.sh                   # 13 to 19 minutes on two CPU cores once the environment stands
#   bash tools/quickstart.sh --long            # trains as long as the studies of configs/mini: 22 to 35 minutes
#   bash tools/quickstart.sh --fresh           # start over
#   bash tools/quickstart.sh --smoke           # all of it at a tiny scale, in one and a half to two minutes
#   bash tools/quickstart.sh --data data/posetrack18 --train annotations/train --val annotations/val
#                                              # the same models and steps on a PoseTrack folder
#
# What is done already is skipped. Options:
#   --data DIR     a PoseTrack folder instead of the synthetic data
#   --train ANN    its training annotations, a folder or file inside DIR (default: annotations/train)
#   --val ANN      its validation annotations, a folder or file inside DIR (default: annotations/val)
#   --out DIR      where everything goes (default: outputs/quickstart, with --long and --smoke outputs/long, outputs/smoke)
#   --seed N       seed of the trainings (default: 0)
#   --iters D,P,G  iterations of the trainings of detector, pose estimator and dynamics head
#                  (default: 700,1400,300, with --long 1000,2700,300)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "quickstart: $*" >&2; exit 2; }
usage() { sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0"; }

SCALE=quickstart FRESH='' DATA='' TRAIN=annotations/train VAL=annotations/val OUT='' SEED=0 ITERS=''
while [ $# -gt 0 ]; do
    case $1 in
        --smoke | --long) SCALE=${1#--} ;;
        --fresh) FRESH=1 ;;
        --data | --train | --val | --out | --seed | --iters)
            [ $# -ge 2 ] || fail "$1 needs a value"
            declare "$(tr a-z A-Z <<<"${1#--}")=$2"
            shift
            ;;
        -h | --help) usage; exit ;;
        *) fail "unknown option $1 (see --help)" ;;
    esac
    shift
done
OUT=${OUT:-outputs/$SCALE}
[ -z "$DATA" ] || [ -d "$DATA" ] || fail "no such folder: $DATA"

PYTHON=$(bash tools/setup_env.sh)
export PATH="$(dirname "$PYTHON"):$PATH" PYTHONWARNINGS=ignore OMP_NUM_THREADS=1
mkdir -p "$OUT" 2>/dev/null && [ -w "$OUT" ] || fail "cannot write to $OUT"
OUT=$(cd "$OUT" && pwd)
# Only what this script writes: the folder may hold other things.
[ -z "$FRESH" ] || (cd "$OUT" && rm -rf detector pose dynamics cache test overlays pictures synthtrack table.md report.html \
    {data,detector,pose,dynamics,iou,oks,gnn,full}.log coco_{train,val}.json)

# --- progress -------------------------------------------------------------------------------------------------------
STEPS=(data detector pose dynamics iou oks gnn full)
# Typical lengths in seconds, of which the time left is made: data, detector and pose estimator, dynamics head, tests.
case $SCALE in
    smoke) PHASES=(5 25 18 32) ITERS=${ITERS:-4,4,4} ;;
    long) PHASES=(65 950 155 100) ITERS=${ITERS:-1000,2700,300} ;;
    *) PHASES=(65 460 155 100) ITERS=${ITERS:-700,1400,300} ;;
esac
IFS=, read -r DETECTOR_ITERS POSE_ITERS DYNAMICS_ITERS <<<"$ITERS"
declare -A DONE_FILE PID BEGAN

# phase N TITLE: says what comes and how long it takes to the end.
phase() {
    local left=0 i
    for i in "${PHASES[@]:$1}"; do left=$((left + i)); done
    echo "== $2 (about $(((left + 59) / 60)) min to the end)"
}

# begin NAME DONE-FILE TITLE COMMAND...: starts a step beside others, unless it is done; `finish` waits for it.
begin() {
    local name=$1 title=$3 i
    DONE_FILE[$name]=$2
    shift 3
    for i in "${!STEPS[@]}"; do [ "${STEPS[i]}" != "$name" ] || title="[$((i + 1))/${#STEPS[@]}] $title"; done
    if [ -e "${DONE_FILE[$name]}" ]; then
        echo "$title: done before"
        return
    fi
    echo "$title (log: $OUT/$name.log)"
    : >"$OUT/$name.log"  # `progress` may look before the step has begun
    "$@" >"$OUT/$name.log" 2>&1 &
    PID[$name]=$! BEGAN[$name]=$SECONDS
}

# How far a step is, from the newest line of its log that says so.
progress() {
    tail -c 20000 "$OUT/$1.log" 2>/dev/null | tr '\r' '\n' \
        | sed -nE "s/.*Iter\((train|test)\) *\[ *([0-9]+\/[0-9]+)\].*eta: ([0-9:]+).*/$1 \2, \3 left; /p
            s/.*\| *([0-9]+\/[0-9]+) \[.*video\/s\].*/$1 \1; /p" | tail -n 1
}

# finish NAME...: waits for steps, telling how far all are that go on; fails where one of them did.
finish() {
    local name running line told='' shown=0
    while :; do
        running='' line=''
        for name in "${!PID[@]}"; do
            if kill -0 "${PID[$name]}" 2>/dev/null; then
                [[ " $* " != *" $name "* ]] || running=1
                line+="$(progress "$name")"
            elif [ -e "${DONE_FILE[$name]}" ]; then
                echo "      $name took $((SECONDS - BEGAN[$name])) s"
                unset "PID[$name]"
            else
                tail -n 30 "$OUT/$name.log" >&2
                fail "step '$name' failed; the whole log: $OUT/$name.log"
            fi
        done
        [ -n "$running" ] || return 0
        if [ "$line" != "$told" ] && [ $((SECONDS - shown)) -ge 15 ]; then
            echo "      ${line%; }"
            told=$line shown=$SECONDS
        fi
        sleep 0.5
    done
}
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# --- data -----------------------------------------------------------------------------------------------------------
COCO=$OUT
if [ -z "$DATA" ]; then
    DATA=$([ $SCALE = smoke ] && echo "$OUT/synthtrack" || echo data/synthtrack)
    size=(--frames 40)
    [ $SCALE != smoke ] || size=(--train-videos 2 --val-videos 1 --frames 8)
    COCO=$DATA
    make_data() { python tools/make_synthtrack.py --out "$DATA" "${size[@]}" && to_coco; }
else
    make_data() { to_coco; }
fi
to_coco() {
    local split=$TRAIN
    for name in train val; do
        python tools/dataset_converters/posetrack_to_coco.py "$DATA/$split" --images "$DATA" --out "$COCO/coco_$name.json"
        split=$VAL
    done
}
phase 0 'data'
begin data "$COCO/coco_val.json" 'data' make_data
finish data
export MMGNNTRACK_DATA
MMGNNTRACK_DATA=$(cd "$DATA" && pwd)
COCO=$(cd "$COCO" && pwd)
FIRST=$(find "$MMGNNTRACK_DATA/$VAL" -name '*.json' | sort | head -n 1)
VIDEO=$(basename "$FIRST" .json)
FRAMES=$MMGNNTRACK_DATA/$(python -c 'import sys, mmgnntrack.posetrack as p; print(p.read_video(sys.argv[1]).frames[0].file_name)' "$FIRST")
FRAMES=$(dirname "$FRAMES")
begin shown "$OUT/pictures/data/$VIDEO.png" "drawing the data: $OUT/pictures/data/$VIDEO.png" \
    python tools/browse_dataset.py "$FIRST" --images "$MMGNNTRACK_DATA" --out "$OUT/pictures/data"

# --- trainings ------------------------------------------------------------------------------------------------------
# Processes of one thread each get more out of a few cores than one process of several threads. Detector and pose
# estimator train at the same time, and share the cores.
CORES=$(env -u OMP_NUM_THREADS nproc)
RANKS=$((CORES < 4 ? CORES : 4))
HALF=$(((RANKS + 1) / 2))
EACH=$HALF  # ranks of a training
[ $SCALE != long ] || EACH=$RANKS  # the studies trained one after the other

# train NAME CONFIG ITERATIONS TITLE OPTION...
train() {
    local name=$1 config=$2 iters=$3 title=$4 launcher=(--launcher none --gpus 0)
    shift 4
    [ "$EACH" = 1 ] || launcher=(--launcher pytorch --gpus "$EACH")
    local interval=$((iters < 20 ? 1 : iters / 20)) warmup=$((iters / 10 + 2))
    begin "$name" "$OUT/$name/iter_$iters.pth" "$title" \
        mim train mmgnntrack "configs/mini/$config.py" "${launcher[@]}" \
        --work-dir "$OUT/$name" --no-validate --cfg-options "randomness.seed=$SEED" \
        "train_cfg.max_iters=$iters" "default_hooks.checkpoint.interval=$iters" \
        "default_hooks.logger.interval=$interval" "param_scheduler.0.end=$warmup" "param_scheduler.1.begin=$warmup" \
        "param_scheduler.1.end=$iters" "$@"
}
people="train_dataloader.dataset.ann_file=$COCO/coco_train.json"
batch() { echo "train_dataloader.batch_size=$(($1 / EACH))"; }
parts=("custom_hooks.0.detector=$OUT/detector/iter_$DETECTOR_ITERS.pth"
    "custom_hooks.0.pose_estimator=$OUT/pose/iter_$POSE_ITERS.pth")
phase 1 'detector and pose estimator'
train detector faster-rcnn_mini_synthtrack "$DETECTOR_ITERS" 'training the person detector' "$people" "$(batch 4)"
[ $SCALE != long ] || finish detector
train pose td-hm_hrnet-mini_synthtrack-128x96 "$POSE_ITERS" 'training the pose estimator' "$people" "$(batch 16)"
finish shown detector pose

phase 2 'dynamics head'
found=$OUT/pictures/parts/$(basename "$FRAMES").png
begin found "$found" "drawing whom detector and pose estimator find: $found" \
    python tools/track_video.py "$FRAMES" --config configs/mini/gnn_hrnet-mini_synthtrack.py --out-dir "$OUT/pictures/parts" \
    --detector-checkpoint "$OUT/detector/iter_$DETECTOR_ITERS.pth" --pose-checkpoint "$OUT/pose/iter_$POSE_ITERS.pth" \
    --save-video --cfg-options model.tracker.matching=oks
EACH=$RANKS
train dynamics gnn_hrnet-mini_synthtrack "$DYNAMICS_ITERS" 'training the dynamics head' \
    "${parts[@]}" "train_dataloader.dataset.ann_file=$TRAIN" "$(batch 16)"
finish found dynamics

# --- the four rows of the ablation ----------------------------------------------------------------------------------
# row NAME RANKS: all track the same poses, the first one keeps them for the others.
row() {
    local name=$1 ranks=$2 show=() arguments
    arguments=(configs/mini/gnn_hrnet-mini_synthtrack.py "$OUT/dynamics/iter_$DYNAMICS_ITERS.pth")
    local test=(python tools/test.py "${arguments[@]}")
    [ "$ranks" = 1 ] || test=(env PORT=$((20000 + RANDOM % 20000)) bash tools/dist_test.sh "${arguments[@]}" "$ranks")
    [ "$name" != full ] || show=(--show-dir "$OUT/overlays" --show-videos "$VIDEO" --show-panels heatmaps)
    begin "$name" "$OUT/test/$name/metrics.json" "testing: $name" \
        "${test[@]}" --work-dir "$OUT/test/$name" --out-dir "$OUT/test/$name" \
        "${show[@]}" --cfg-options "${parts[@]}" "model.tracker.matching=$name" "model.cache_dir=$OUT/cache" \
        default_hooks.logger.interval=5 "test_dataloader.dataset.ann_file=$VAL" "test_evaluator.ann_dir=$MMGNNTRACK_DATA/$VAL"
}
phase 3 'tests'
row iou "$RANKS"
[ $SCALE = smoke ] || finish iou  # at a tiny scale there is too little to keep
row oks "$HALF"
row gnn "$HALF"
row full "$HALF"
finish found iou oks gnn full
rm -rf "$OUT/cache"

echo
python tools/analysis_tools/compare_results.py "$OUT"/test/{iou,oks,gnn,full}/metrics.json --out "$OUT/table.md"
python tools/report.py "$OUT"/test/{oks,full} --out "$OUT/report.html" >"$OUT/report.log" 2>&1 || fail "no report; the log: $OUT/report.log"
echo
[ $SCALE != smoke ] || echo 'Smoke run: after four iterations nobody is found. It shows that every step runs, and nothing else.'
echo "table:          $OUT/table.md"
echo "overlay video:  $OUT/overlays/$VIDEO.mp4"
echo "contact sheet:  $OUT/overlays/$VIDEO.png"
echo "heatmaps:       $OUT/overlays/${VIDEO}_heatmaps/"
echo "results (JSON): $OUT/test/full/posetrack"
echo "report:         $OUT/report.html (open it in a browser)"
echo
echo 'What you may want next:'
echo "  source $(dirname "$PYTHON")/activate"
echo '  mmgnntrack track YOUR_VIDEO.mp4   # downloads public weights the first time'
echo "  mmgnntrack report $OUT/test/* --out report.html"
echo '  mim train mmgnntrack configs/gnn_hrnet_w48_posetrack18.py   # with data/posetrack18, see docs/training.md'
