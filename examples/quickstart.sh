#!/usr/bin/env bash
# From nothing to a trained PersonaWAE on real conversations: bash examples/quickstart.sh
#
# Makes the environment, takes the conversations of the chitchat-dataset package, and runs all stages under
# quickstart/. This takes eight to ten minutes on two cores after the installation. A second call skips what is already
# done. STEPS, ROWS and CONTEXTS make it smaller or larger; WORK puts it elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/environment.sh
work=${WORK:-quickstart}
mkdir -p "$work"

python examples/chitchat_to_jsonl.py "$work/all.jsonl"
head -n "${ROWS:-1000000}" "$work/all.jsonl" > "$work/chitchat.jsonl"

PREPROCESS="--lowercase --vocabulary-size 8000 --seed 0" \
EMBED_WORDS="--epochs 3" \
TRAIN="--preset small --max-steps ${STEPS:-1050} --set validate_every=350" \
SAMPLE="--limit ${CONTEXTS:-500} --max-length 20 --no-repeat-ngram 3" \
CONTEXT=$'i am so tired of school\nwhat do you like to do on the weekend ?' \
  bash examples/own_data.sh "$work/chitchat.jsonl" "$work"
