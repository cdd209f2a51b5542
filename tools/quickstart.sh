#!/usr/bin/env bash
# From a bare machine to a trained, tested tracker: environment, data, three trainings, four tests, a table, a video.
#
#   bash tools/quickstart.sh                   # about 23 minutes on two CPU cores once the environment stands
#   bash tools/quickstart.sh --fresh           # start over
#   bash tools/quickstart.sh --smoke           # all of it at a tiny scale, under 3 minutes
#   bash tools/quickstart.sh --data data/posetrack18 --train annotations/train --val annotations/val
#                                              # the same models and steps on a PoseTrack folder
#
# What is done already is skipped. Options:
#   --data DIR     a PoseTrack folder instead of the synthetic data
#   --train ANN    its training annotations, a folder or file inside DIR (default: annotations/train)
#   --val ANN      its validation annotations, likewise (default: annotations/val)
#   --out DIR      where everything goes (default: outputs/quickstart, with --smoke outputs/smoke)
#   --seed N       seed of the trainings (default: 0)
#   --iters D,P,G  iterations of the trainings of detector, pose estimator and dynamics head (default: 1000,2700,300)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "quickstart: $*" >&2; exit 2; }
usage() { sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0"; }

SMOKE='' FRESH='' DATA='' TRAIN=annotations/train VAL=annotations/val OUT='' SEED=0 ITERS=''
while [ $# -gt 0 ]; do
    case $1 in
        --smoke) SMOKE=1 ;;
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
OUT=${OUT:-outputs/$([ -n "$SMOKE" ] && echo smoke || echo quickstart)}
[ -z "$DATA" ] || [ -d "$DATA" ] || fail "no such folder: $DATA"

PYTHON=$(bash tools/setup_env.sh)
export PATH="$(dirname "$PYTHON"):$PATH" PYTHONWARNINGS=ignore OMP_NUM_THREADS=1
mkdir -p "$OUT" 2>/dev/null && [ -w "$OUT" ] || fail "cannot write to $OUT"
OUT=$(cd "$OUT" && pwd)
# Only what this script writes: the folder may hold other things.
[ -z "$FRESH" ] || (cd "$OUT" && rm -rf detector pose dynamics cache test overlays synthtrack table.md \
    {data,detector,pose,dynamics,iou,oks,gnn,full}.log coco_{train,val}.json)

# --- progress: steps have typical lengths, of which the time left is made -------------------------------------------
STEPS=(data detector pose dynamics iou oks gnn full)
SECONDS_OF=(70 330 610 150 40 15 40 40)
if [ -n "$SMOKE" ]; then
    ITERS=${ITERS:-4,4,4}
    SECONDS_OF=(5 20 20 20 15 15 15 15)
fi

IFS=, read -r DETECTOR_ITERS POSE_ITERS DYNAMICS_ITERS <<<"${ITERS:-1000,2700,300}"

# run NAME DONE-FILE TITLE COMMAND...: skips what is done; shows the lines that tell how far it is.
run() {
    local name=$1 done_file=$2 title=$3 left=0 seen='' i start=$SECONDS
    shift 3
    for i in "${!STEPS[@]}"; do
        [ "${STEPS[i]}" = "$name" ] && seen=$((i + 1))
        [ -n "$seen" ] && left=$((left + SECONDS_OF[i]))
    done
    if [ -e "$done_file" ]; then
        echo "[$seen/${#STEPS[@]}] $title: done before"
        return
    fi
    echo "[$seen/${#STEPS[@]}] $title (about $(((left + 59) / 60)) min left in all; log: $OUT/$name.log)"
    if [ "$name" = data ]; then
        "$@" 2>&1 | tee "$OUT/$name.log" || true
    else
        "$@" 2>&1 | tee "$OUT/$name.log" \
            | sed -unE 's/.*(Iter\((train|test)\).*\]).*(eta: [0-9:]+).*/      \1  \3/p' || true
    fi
    if [ ! -e "$done_file" ]; then
        tail -n 30 "$OUT/$name.log" >&2 2>/dev/null || true
        fail "step '$title' failed; the whole log: $OUT/$name.log"
    fi
    echo "      took $((SECONDS - start)) s"
}

# --- data -----------------------------------------------------------------------------------------------------------
COCO=$OUT
if [ -z "$DATA" ]; then
    DATA=$([ -n "$SMOKE" ] && echo "$OUT/synthtrack" || echo data/synthtrack)
    size=(--frames 40)
    [ -z "$SMOKE" ] || size=(--train-videos 2 --val-videos 1 --frames 8)
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
run data "$COCO/coco_val.json" 'data' make_data
export MMGNNTRACK_DATA
MMGNNTRACK_DATA=$(cd "$DATA" && pwd)
COCO=$(cd "$COCO" && pwd)

# Processes of one thread each get more out of a few cores than one process of several threads.
CORES=$(env -u OMP_NUM_THREADS nproc)
RANKS=$((CORES < 4 ? CORES : 4))

# --- trainings ------------------------------------------------------------------------------------------------------
# train NAME CONFIG ITERATIONS TITLE OPTION...
train() {
    local name=$1 config=$2 iters=$3 title=$4
    shift 4
    local interval=$((iters < 10 ? 1 : iters / 10)) warmup=$((iters / 10 + 2))
    run "$name" "$OUT/$name/iter_$iters.pth" "$title" \
        mim train mmgnntrack "configs/mini/$config.py" --launcher pytorch --gpus "$RANKS" \
        --work-dir "$OUT/$name" --no-validate --cfg-options "randomness.seed=$SEED" \
        "train_cfg.max_iters=$iters" "default_hooks.checkpoint.interval=$iters" \
        "default_hooks.logger.interval=$interval" "param_scheduler.0.end=$warmup" "param_scheduler.1.begin=$warmup" \
        "param_scheduler.1.end=$iters" "$@"
}
people="train_dataloader.dataset.ann_file=$COCO/coco_train.json"
batch() { echo "train_dataloader.batch_size=$(($1 / RANKS))"; }
train detector faster-rcnn_mini_synthtrack "$DETECTOR_ITERS" 'training the person detector' "$people" "$(batch 4)"
train pose td-hm_hrnet-mini_synthtrack-128x96 "$POSE_ITERS" 'training the pose estimator' "$people" "$(batch 16)"
parts=("custom_hooks.0.detector=$OUT/detector/iter_$DETECTOR_ITERS.pth"
    "custom_hooks.0.pose_estimator=$OUT/pose/iter_$POSE_ITERS.pth")
train dynamics gnn_hrnet-mini_synthtrack "$DYNAMICS_ITERS" 'training the dynamics head' \
    "${parts[@]}" "train_dataloader.dataset.ann_file=$TRAIN" "$(batch 16)"

# --- the four rows of the ablation ----------------------------------------------------------------------------------
# All rows track the same poses: the first one keeps them for the others.
export PORT=${PORT:-$((20000 + RANDOM % 20000))}
first_video() { basename "$(find "$MMGNNTRACK_DATA/$VAL" -name '*.json' | sort | head -n 1)" .json; }
for row in iou oks gnn full; do
    show=()
    [ $row != full ] || show=(--show-dir "$OUT/overlays" --show-videos "$(first_video)")
    run $row "$OUT/test/$row/metrics.json" "testing: $row" \
        bash tools/dist_test.sh configs/mini/gnn_hrnet-mini_synthtrack.py "$OUT/dynamics/iter_$DYNAMICS_ITERS.pth" \
        "$RANKS" --work-dir "$OUT/test/$row" --out-dir "$OUT/test/$row" "${show[@]}" --cfg-options "${parts[@]}" \
        "model.tracker.matching=$row" "model.cache_dir=$OUT/cache" default_hooks.logger.interval=5 "test_dataloader.dataset.ann_file=$VAL" \
        "test_evaluator.ann_dir=$MMGNNTRACK_DATA/$VAL"
done
rm -rf "$OUT/cache"

echo
python tools/analysis_tools/compare_results.py "$OUT"/test/{iou,oks,gnn,full}/metrics.json --out "$OUT/table.md"
echo
[ -z "$SMOKE" ] || echo 'Smoke run: after four iterations nobody is found. It shows that every step runs, and nothing else.'
echo "table:          $OUT/table.md"
echo "overlay video:  $(ls "$OUT"/overlays/*.mp4 | head -n 1)"
echo "contact sheet:  $(ls "$OUT"/overlays/*.png | head -n 1)"
echo "results (JSON): $OUT/test/full/posetrack"
echo "environment:    source $(dirname "$PYTHON")/activate"
