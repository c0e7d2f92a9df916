#!/usr/bin/env bash
# The whole reproduction study: bash examples/reproduction/run.sh
#
#   --quick          everything at toy size, in minutes; chitchat only, unless CPED and CHECKED are set; results and
#                    pages are written under WORK
#   --only PATTERN   only steps whose name matches: 'chitchat/*', '*/conversation/table2/*' (repeatable)
#   --missing        only runs whose scores are not in benchmarks/reproduction: those that no machine has made
#   --jobs N         N runs of a step at a time; on a CPU each gets its part of the processors
#   --list           only list the steps, in order
#   --collect        only collect the results and write the pages, from the runs that are complete
#
# Corpora, embeddings and runs are written under WORK (default: reproduction). What exists is skipped and what was
# interrupted is resumed, so you can stop and restart it at any time. If it is started twice, each process skips a step
# that the other is working on. After each step and every ten minutes, the results are written to
# benchmarks/reproduction and the tables to docs. CPED and CHECKED are the paths of the Parquet files of the two Chinese
# corpora (or set PWAE_DATA_DIR to their folder). A corpus without a path is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
source examples/environment.sh
here=examples/reproduction
budget=budget.toml work=${WORK:-reproduction} rows=0 epochs=5 mode=run patterns=() missing= jobs=1
results=benchmarks/reproduction pages=docs
seeds=(7 8 9) others=(10 11 12) # of Table 2; of the tables of one corpus
while [ $# -gt 0 ]; do
  case $1 in
    --quick)
      budget=quick.toml work=${WORK:-reproduction/quick} rows=3000 epochs=1 seeds=(7) others=(8)
      results=$work/results pages=$work
      ;;
    --only) patterns+=("${2:?--only needs a pattern}") && shift ;;
    --missing) missing=yes ;;
    --jobs) jobs=${2:?--jobs needs a number} && shift ;;
    --list) mode=list ;;
    --collect) mode=collect ;;
    *)
      echo "run.sh: $1 is not an option. The options are --quick, --only PATTERN, --missing, --jobs N, --list and --collect." >&2
      exit 2
      ;;
  esac
  shift
done
CPED=${CPED:-${PWAE_DATA_DIR:+$PWAE_DATA_DIR/cped_tv_dialogue.zh.parquet}}
CHECKED=${CHECKED:-${PWAE_DATA_DIR:+$PWAE_DATA_DIR/checked_weibo_comments.zh.parquet}}
corpora=(chitchat ${CPED:+cped} ${CHECKED:+checked})

# Corpus, split, table and seed of every step; the first steps give a small picture of everything. Tables 3 and 4 and the
# readings are of one corpus: CPED, where a run is the shortest, if its path is known.
steps() {
  local seed split corpus table detailed=${CPED:+cped}
  for seed in "${seeds[@]}"; do
    for split in session conversation; do
      for corpus in "${corpora[@]}"; do
        echo "$corpus $split table2 $seed"
      done
    done
  done
  for corpus in "${corpora[@]}"; do
    echo "$corpus session selection 7"
  done
  for table in base table4 table3 readings; do
    for seed in "${others[@]}"; do
      echo "${detailed:-chitchat} session $table $seed"
    done
  done
  if [ $budget != quick.toml ]; then
    for corpus in "${corpora[@]}"; do
      echo "$corpus session paper 7"
    done
  fi
}

wanted() { # whether to do a step
  local pattern
  [ ${#patterns[@]} -eq 0 ] && return
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053 # a pattern
    [[ $1 == $pattern ]] && return
  done
  return 1
}

raw() { # the raw file of a corpus; written if it is missing, under a name of this process until it is complete
  local file=$work/$1/raw.parquet
  [ "$1" = chitchat ] && file=$work/$1/raw.jsonl
  local own=$file.$$
  if [ ! -e "$file" ]; then
    mkdir -p "$work/$1"
    case $1 in
      chitchat)
        python examples/chitchat_to_jsonl.py "$own.all" &&
          head -n "$((rows ? rows : 1000000))" "$own.all" > "$own" && rm "$own.all"
        ;;
      cped) python $here/corpora.py "$CPED" "$own" --rows "$rows" ;;
      checked) python $here/corpora.py "$CHECKED" "$own" --rows "$((rows * 30))" ;; # most of its users say little
    esac >&2 && mv "$own" "$file" || return
  fi
  echo "$file"
}

prepare() { # preprocess a corpus with a split, and train its embeddings
  local file language=(--tokenizer jieba)
  file=$(raw "$1") || return
  [ "$1" = chitchat ] && language=(--lowercase)
  pwae preprocess "$file" --out "$work/$1/$2/corpus" --split-by "$2" --vocabulary-size 10000 "${language[@]}" || return
  pwae embed-words "$work/$1/$2/corpus" --out "$work/$1/$2/vectors" --epochs $epochs --threads 1
}

plan() { # corpus, split, table, seed: write the plan of the step and print its name; nothing if no run is missing
  local file=$work/$1/$2/plans/$3-$4.toml parts=("$here/$budget" "$here/$3.toml")
  [ "$3" != paper ] || parts=("$here/paper.toml")
  mkdir -p "${file%/*}"
  python $here/plan.py --seed "$4" "${parts[@]}" ${missing:+--but-for "$results" "$1" "$2" "$3"} > "$file.$$" || return
  [ -s "$file.$$" ] || { rm "$file.$$" && return; }
  mv "$file.$$" "$file"
  echo "$file"
}

step() { # corpus, split, table, seed
  local plan made=$work/$1/$2
  plan=$(plan "$@") || return
  [ -n "$plan" ] || return 0
  prepare "$1" "$2" || return
  pwae experiment "$plan" --corpus "$made/corpus" --embeddings "$made/vectors" --out "$made/runs/$3-$4" --jobs "$jobs"
}

gather() { # write the results and the pages from the runs that are complete; more threads would round differently
  OMP_NUM_THREADS=1 python $here/collect.py "$work" "$results" && python $here/page.py "$results" docs --out "$pages"
} >&2

if [ $mode = collect ]; then
  gather
  exit
fi
if [ $mode = run ] && [ $budget != quick.toml ]; then
  mkdir -p "$work"
  while sleep 600; do gather || true; done > "$work/collect.log" 2>&1 &
  trap "kill $! 2> /dev/null" EXIT
fi
BUSY=7 # the exit code of pwae if another process is writing
left=() failed=()
while read -r -u 3 corpus split table seed; do
  name=$corpus/$split/$table/$seed
  wanted "$name" || continue
  if [ $mode = list ]; then
    echo "$name"
    continue
  fi
  echo "== $name: $(date '+%F %T')" >&2
  status=0
  step "$corpus" "$split" "$table" "$seed" 3<&- || status=$?
  case $status in
    0) ;;
    "$BUSY") left+=("$name") ;;
    130 | 143) exit "$status" ;;
    *) failed+=("$name") ;;
  esac
  [ $budget = quick.toml ] || gather || true # no reason to stop training; the last one decides
done 3< <(steps)
collected=0
[ $mode = list ] || gather || collected=$?
[ ${#left[@]} -eq 0 ] || echo "Left to another process, or the disk is full: ${left[*]}" >&2
[ ${#failed[@]} -eq 0 ] || { echo "Failed, run again: ${failed[*]}" >&2 && exit 1; }
exit $collected
