"""What a person wants to know about a corpus before training on it, measured batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pwae_core.artifacts import Artifact
from pwae_core.corpus.engine.keys import Keys, hash_texts
from pwae_core.corpus.steps.splits import SPLITS
from pwae_core.text.tokenize import CJK_RANGES, detokenise
from pwae_core.text.vocabulary import SPECIALS, UNK

BATCH = 50_000
MOST_REPEATED = 10
MOST_BINS = 25
COVERAGE_AT = (1_000, 2_000, 5_000, 10_000, 20_000, 31_000, 50_000, 100_000)
SCRIPTS = {"Chinese and Japanese": CJK_RANGES, "Latin": "A-Za-z\u00c0-\u024f", "digits": "0-9"}
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """How numbers are distributed; ``histogram`` is [from, count] of bins ``width`` wide; ``beyond`` lie above them."""

    count: int
    mean: float
    median: float
    p95: float
    largest: int
    histogram: list[list[int]]
    width: int
    beyond: int


def spread(values: Numbers) -> Spread:
    """The bins begin at the smallest number and hold at least 95% of them, so a few large ones do not widen them."""
    if not len(values):
        return Spread(0, 0.0, 0.0, 0.0, 0, [], 1, 0)
    median, p95 = (float(one) for one in np.percentile(values, [50, 95]))
    first, largest = int(values.min()), int(values.max())
    reached = (largest if largest - first < MOST_BINS else int(np.ceil(p95))) - first + 1
    width = -(-reached // MOST_BINS)
    bins = -(-reached // width)
    counts = np.bincount(np.minimum((values - first) // width, bins), minlength=bins + 1).tolist()
    histogram = [[first + place * width, count] for place, count in enumerate(counts[:bins])]
    mean = round(float(values.mean()), 2)
    return Spread(len(values), mean, round(median, 2), round(p95, 2), largest, histogram, width, counts[bins])


@dataclass(frozen=True)
class SplitCheck:
    """One split. Shares are of its responses (``unknown_tokens``: of their tokens), 0 for an empty split."""

    sessions: int
    users: int
    response_tokens: Spread
    context_tokens: Spread
    unknown_tokens: float
    repeated_responses: float
    responses_of_training: float
    users_without_training: float


@dataclass(frozen=True)
class CorpusCheck:
    """``coverage`` is [words, share of the training tokens]; ``repeated`` is [response, how often] in training."""

    splits: dict[str, SplitCheck]
    users: int
    sessions_a_user: Spread
    utterances_a_user: Spread
    history_a_user: Spread
    coverage: list[list[float]]
    repeated: list[list[Any]]
    scripts: dict[str, float]
    advice: list[str]


@dataclass(frozen=True)
class _Split:
    """A split reduced to numbers: per session the responder, a hash of the response, and lengths."""

    users: Numbers
    responses: Keys
    response_lengths: Numbers
    context_lengths: Numbers
    unknown: int
    common: Counter[int]


def check(corpus: Artifact) -> CorpusCheck:
    """Reads each of the corpus's tables once; only a few numbers per session are kept in memory."""
    read = {name: _read(corpus, f"{name}.parquet") for name in SPLITS}
    users = corpus.table("users.parquet")
    histories = corpus.table("histories.parquet", ["user"])["user"].to_numpy()
    vocabulary = corpus.table("vocabulary.parquet")
    sizes = np.bincount(histories, minlength=users.num_rows)[1:]
    scripts = _scripts(vocabulary)
    return CorpusCheck(
        splits={name: _measured(one, read["train"]) for name, one in read.items()},
        users=users.num_rows - 1,
        sessions_a_user=spread(users["train_responses"].to_numpy()[1:]),
        utterances_a_user=spread(users["utterances"].to_numpy()[1:]),
        history_a_user=spread(sizes.astype(np.int64)),
        coverage=_coverage(corpus, vocabulary),
        repeated=_most_repeated(corpus, read["train"]),
        scripts=scripts,
        advice=_advice(corpus, read, scripts),
    )


def _batches(corpus: Artifact, name: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(corpus.path(name)).iter_batches(BATCH, columns=list(columns))


def _read(corpus: Artifact, name: str) -> _Split:
    parts: dict[str, list[npt.NDArray[Any]]] = {"users": [], "responses": [], "response": [], "context": []}
    unknown = 0
    for batch in _batches(corpus, name, ["user", "response", "response_ids", "context_ids"]):
        parts["users"].append(batch["user"].to_numpy())
        parts["responses"].append(_hashes(batch["response"]))
        parts["response"].append(pc.list_value_length(batch["response"]).to_numpy())
        parts["context"].append(pc.list_value_length(pc.list_flatten(batch["context_ids"])).to_numpy())
        unknown += int(pc.sum(pc.equal(pc.list_flatten(batch["response_ids"]), UNK)).as_py() or 0)
    empty = {key: np.zeros(0, np.uint64 if key == "responses" else np.int64) for key in parts}
    joined = {key: np.concatenate([empty[key], *values]) for key, values in parts.items()}
    hashes, counts = np.unique(joined["responses"], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_REPEATED]
    common = Counter({int(hashes[place]): int(counts[place]) for place in most if counts[place] > 1})
    return _Split(joined["users"], joined["responses"], joined["response"], joined["context"], unknown, common)


def _hashes(utterances: pa.ListArray) -> Keys:
    """A hash of the tokens of every utterance, including the borders between them."""
    return hash_texts(pc.binary_join(utterances.cast(pa.list_(pa.string())), "\0"))


def _measured(split: _Split, train: _Split) -> SplitCheck:
    sessions = len(split.users)
    _, place, counts = np.unique(split.responses, return_inverse=True, return_counts=True)
    return SplitCheck(
        sessions=sessions,
        users=len(np.unique(split.users)),
        response_tokens=spread(split.response_lengths),
        context_tokens=spread(split.context_lengths),
        unknown_tokens=_share(split.unknown, int(split.response_lengths.sum())),
        repeated_responses=_share(int((counts[place] > 1).sum()), sessions),
        responses_of_training=_share(int(np.isin(split.responses, train.responses).sum()), sessions),
        users_without_training=_share(int((~np.isin(split.users, train.users)).sum()), sessions),
    )


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0


def _coverage(corpus: Artifact, vocabulary: pa.Table) -> list[list[float]]:
    counts = vocabulary["count"].to_numpy()[len(SPECIALS) :]
    sums = np.cumsum(counts)
    sizes = sorted({*(size for size in COVERAGE_AT if size < len(counts)), len(counts)})
    return [[size, _share(int(sums[size - 1]), int(corpus.facts["counts"]["tokens"]))] for size in sizes if size]


def _most_repeated(corpus: Artifact, train: _Split) -> list[list[Any]]:
    """The most frequent responses as text, found by their hashes."""
    texts: dict[int, str] = {}
    for batch in _batches(corpus, "train.parquet", ["response"]):
        if len(texts) == len(train.common):
            break
        hashes = _hashes(batch["response"])
        for key in train.common.keys() - texts.keys():
            for place in np.flatnonzero(hashes == np.uint64(key))[:1]:
                texts[key] = detokenise(batch["response"][int(place)].as_py())
    return sorted(([texts[key], count] for key, count in train.common.items()), key=lambda one: (-one[1], one[0]))


def _scripts(vocabulary: pa.Table) -> dict[str, float]:
    """The share of the training tokens' characters by script, over words of the vocabulary only."""
    words, counts = vocabulary["token"].slice(len(SPECIALS)), vocabulary["count"].slice(len(SPECIALS))
    whole = pc.sum(pc.multiply(pc.utf8_length(words), counts)).as_py() or 0
    shares = {}
    for name, ranges in SCRIPTS.items():
        found = pc.utf8_length(pc.replace_substring_regex(words, f"[^{ranges}]+", ""))
        shares[name] = _share(pc.sum(pc.multiply(found, counts)).as_py() or 0, whole)
    return shares | {"other": round(1 - sum(shares.values()), 6) if whole else 0.0}


def _advice(corpus: Artifact, read: dict[str, _Split], scripts: dict[str, float]) -> list[str]:
    """What a person should look at, one sentence each."""
    tokenizer, found = corpus.facts["tokenizer"], list(corpus.facts["warnings"])
    if scripts["Latin"] > 0.5 and tokenizer in ("jieba", "char"):
        found.append(
            f"{scripts['Latin']:.0%} of the text is Latin, but the tokenizer {tokenizer} is for Chinese. Use nltk."
        )
    shared = corpus.facts["overlap"]["test_responses_in_train_contexts"]
    if shared > 0.05:
        found.append(
            f"{shared:.0%} of the test responses occur in a training context; --split-by conversation prevents this."
        )
    known = np.isin(read["test"].responses, read["train"].responses).mean() if len(read["test"].users) else 0.0
    if known > 0.1:
        found.append(f"{known:.0%} of the test responses are word for word responses of the training split.")
    strangers = (~np.isin(read["test"].users, read["train"].users)).mean() if len(read["test"].users) else 0.0
    if strangers > 0.01:
        found.append(f"{strangers:.1%} of the test sessions are answered by users without a training session.")
    return found
