#!/usr/bin/env bash
# The whole pipeline on your own conversations:
#
#   bash examples/own_data.sh my.jsonl work/
#
# my.jsonl (or .csv, .parquet) holds one utterance per row: conversation_id, turn, user_id, text[, timestamp]. Everything
# is written under work/. After an interruption, run it again: what exists is skipped, and training continues. To change
# a setting, choose another folder. PREPROCESS, EMBED_WORDS, TRAIN, SAMPLE and SHEETS give more options to a stage. For
# example, Chinese text with the paper's settings, for at most five epochs:
#
#   PREPROCESS="--tokenizer jieba" TRAIN="--preset paper --epochs 5" bash examples/own_data.sh weibo.jsonl work/
#
# CONTEXT is what four users answer at the end: one utterance, or several, one per line.
set -euf -o pipefail  # -f: the options below are split into words, never expanded to file names
if [ $# -ne 2 ]; then
  echo "Usage: bash examples/own_data.sh my.jsonl work/" >&2
  exit 2
fi
mkdir -p "$2"
raw=$(realpath "$1")
work=$(realpath "$2")
context=()
while IFS= read -r line; do
  context+=(--context "$line")
done <<< "${CONTEXT:-How are you today ?}"
cd "$(dirname "$0")/.."
source examples/environment.sh

timed() {
  local start=$SECONDS
  echo "== pwae $*" >&2
  pwae "$@"
  echo "== pwae $1: $((SECONDS - start)) s" >&2
}

timed preprocess "$raw" --out "$work/corpus" ${PREPROCESS:-}
timed embed-words "$work/corpus" --out "$work/vectors" ${EMBED_WORDS:-}
for model in personawae seq2seq; do
  timed train "$work/corpus" --embeddings "$work/vectors" --model "$model" ${TRAIN:---preset small} --out "$work/runs/$model"
  timed sample "$work/runs/$model" --corpus "$work/corpus" --out "$work/responses/$model" ${SAMPLE:-}
done
systems=("$work/responses/personawae" "$work/responses/seq2seq")

# The four users who answer most in the training data answer one context (the paper's Table 6).
users=()
while IFS= read -r user; do
  users+=(--user "$user")
done < <(python examples/busiest_users.py "$work/corpus" 4)
timed sample "$work/runs/personawae" "${context[@]}" "${users[@]}" --samples 3 --max-length 20 --no-repeat-ngram 3

# Any stage prints its report as JSON for other programs. For an artifact that already exists, the report is the same.
timed evaluate "${systems[@]}" --embeddings "$work/vectors" --out "$work/scores"
pwae evaluate "${systems[@]}" --embeddings "$work/vectors" --out "$work/scores" --json > "$work/.scores.json"
mv "$work/.scores.json" "$work/scores.json"

# One page with everything: tables, cases, latent codes, users, training curves, provenance.
timed report "$work" --out "$work/report.html"

# The paper judges 200 contexts; on a small corpus, two in five of those that were answered.
contexts=$(python -c 'import sys, pyarrow.parquet as pq; print(pq.read_metadata(sys.argv[1]).num_rows * 2 // 5)' "${systems[0]}/responses.parquet")
contexts=$((contexts < 1 ? 1 : contexts > 200 ? 200 : contexts))
timed human-eval-export "${systems[@]}" --corpus "$work/corpus" --out "$work/sheets" --key "$work/sheets-key" --contexts $contexts ${SHEETS:-}

echo
echo "The report, for a browser: $work/report.html"
echo "Scores of every metric: $work/scores.json"
echo "Sheets for the annotators: $work/sheets (keep the key to yourself: $work/sheets-key)"
