#!/usr/bin/env bash
# Proves on a machine with an NVIDIA GPU, PyTorch and no network that everything runs there, and how fast:
# parity with the CPU's engine, photos a second, memory, a resumed training, and the trainings of the starter.
#
#   python -m scripts.gpu_pack --manifests work/photos --out .gpu      # on a machine with the photos
#   scripts/gpu_proof.sh unpack .gpu                                   # there, once for each part that fits a transfer
#   scripts/gpu_proof.sh check|resume|attributes|train|left-out|all    # there; results in $OUT
#
# $WORK keeps unpacked photos and caches (default /tmp/forecourt-gpu), $OUT gets logs, figures and artefacts.
set -euo pipefail
cd "$(dirname "$0")/.."
WORK=${WORK:-/tmp/forecourt-gpu}
OUT=${OUT:-$WORK/out}
PYTHON=${PYTHON:-python3}
DEVICE=${DEVICE:-cuda}
MINUTES=${MINUTES:-4}
LEFT_OUT_MINUTES=${LEFT_OUT_MINUTES:-0.6}
ATTRIBUTE_MINUTES=${ATTRIBUTE_MINUTES:-1.0}
export PYTHONUNBUFFERED=1 PYTHONPATH=$PWD:$WORK/site FORECOURT_BACKBONES=$WORK/backbones TMPDIR=${TMPDIR:-/tmp}
mkdir -p "$WORK" "$OUT"

say() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

manifests() { printf -- '--manifest %s ' "$WORK"/photos/*/; }

unpack() {
    local from=$1 file
    for file in "$from"/photos-*.tar; do [ -e "$file" ] && mkdir -p "$WORK/photos" && tar -xf "$file" -C "$WORK/photos"; done
    for file in proof backbones; do [ -d "$from/$file" ] && cp -r "$from/$file" "$WORK/"; done
    [ -d "$from/manifests" ] && mkdir -p "$WORK/photos" && cp -r "$from/manifests/." "$WORK/photos/"
    if [ -d "$from/wheels" ]; then
        $PYTHON -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$WORK/site" "$from"/wheels/*.whl
    fi
    du -sh "$WORK"/* | tr '\n' ' '
}

facts() {
    say "the machine"
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader || true
    nproc
    $PYTHON -c 'import sys, torch, torchvision, timm, PIL; print(sys.version.split()[0], torch.__version__, torchvision.__version__, timm.__version__, PIL.__version__)'
}

check() {
    say "parity, photos a second, memory"
    $PYTHON -m scripts.gpu_checks "$WORK/proof" --device "$DEVICE" | tee "$OUT/checks.json"
}

resume() { # a training that is killed goes on
    say "a training is killed after its first epoch and resumed"
    local what="--manifest ${RESUME_MANIFEST:-$WORK/proof} --recipe trial --set min_photos_per_class=2 --set epochs=4 --set max_minutes=0"
    rm -rf "$WORK/resume"
    # shellcheck disable=SC2086
    $PYTHON -m classifier.training.tools.train_model $what --out "$WORK/resume/out" --work "$WORK/resume" >"$OUT/killed.log" 2>&1 &
    local pid=$! waited=0
    until ls "$WORK"/resume/trial-*/checkpoint.pt >/dev/null 2>&1; do
        sleep 0.2
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || { cat "$OUT/killed.log"; return 1; }
    done
    kill -9 "$pid"
    wait "$pid" || true
    # shellcheck disable=SC2086
    $PYTHON -m classifier.training.tools.train_model $what --out "$WORK/resume/out" --work "$WORK/resume" --resume 2>&1 | tail -8
    $PYTHON - "$WORK"/resume/out/trial-*/model.json <<'PY'
import json, sys
history = json.load(open(sys.argv[1]))["metrics"]["history"]
assert [one["epoch"] for one in history] == [1, 2, 3, 4], history
print("resumed:", [(one["epoch"], one["loss"]) for one in history])
PY
}

prepare() {
    say "cutting the photos"
    # shellcheck disable=SC2046
    $PYTHON -m classifier.training.tools.train_model $(manifests) --recipe starter-gpu --only-prepare --out "$OUT" --work "$WORK/work" 2>&1 | tail -4
}

attributes() {
    # shellcheck disable=SC2046
    $PYTHON -m classifier.training.tools.train_attributes $(manifests) --plan gpu --max-minutes "$ATTRIBUTE_MINUTES" \
        --out "$WORK/attributes" --work "$WORK/work-attributes" >"$OUT/attributes.log" 2>&1
    cp "$WORK"/attributes/*/model.* "$(mkdir -p "$OUT/attributes" && echo "$OUT/attributes")"
}

train() { # train NAME OPTION…
    local name=$1
    shift
    # shellcheck disable=SC2046
    $PYTHON -m classifier.training.tools.train_model $(manifests) --recipe starter-gpu --set name=starter --max-minutes "$MINUTES" "$@" \
        --out "$WORK/$name" --work "$WORK/work" >"$OUT/$name.log" 2>&1
    mkdir -p "$OUT/$name"
    cp "$WORK/$name"/*/model.* "$OUT/$name/"
}

left_out() { # left_out NAME GROUP…
    local name=$1
    shift
    # shellcheck disable=SC2046
    $PYTHON -m classifier.training.tools.left_out $(manifests) $(printf -- "--group %s " "$@") --recipe starter-gpu \
        --set backbone=tf_efficientnet_lite0 --set 'input_sizes=[160,160,240]' --set epochs=3 --set repeats=4 \
        --max-minutes "$LEFT_OUT_MINUTES" --out "$OUT/left-out-$name.json" --work "$WORK/work" >"$OUT/left-out-$name.log" 2>&1
}

case ${1:-all} in
    unpack) unpack "$2" ;;
    facts | check | resume | prepare | attributes) "$1" ;;
    train | left_out) "$@" ;;
    all) # some eight minutes on an H100
        facts
        check
        RESUME_MANIFEST=$WORK/photos/advertisements resume
        prepare
        say "two networks of the starter"
        train lite2 &
        train lite0 --set backbone=tf_efficientnet_lite0 --set seed=1 &
        wait -n && wait -n
        say "photo attributes, and a network that knows no dealer"
        attributes &
        left_out dealers 'dealers*' &
        wait -n && wait -n
        say "done"
        ls -la "$OUT" "$OUT"/*/
        ;;
    *) echo "gpu_proof.sh unpack FOLDER|facts|check|resume|prepare|attributes|train NAME|left_out NAME GROUP…|all" >&2; exit 2 ;;
esac
