"""Our metrics against what they equal: BLEU against NLTK's own function, BOW against a straightforward NumPy loop.

    python benchmarks/metrics.py                    both, on 5,000 contexts x 10 samples
    python benchmarks/metrics.py --pairs 100000     only BLEU's equality, on that many random and as many real pairs

The ratio is taken in one run, in one process, from the best of RUNS times of each. Sentences are random, of 1 to 20
words drawn with Zipf's law; the real ones are the chitchat-dataset package's messages. Exits 1 where a difference is
larger than it may be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nltk
import numpy as np
import pyarrow as pa
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from pwae_core.metrics import bow
from pwae_core.metrics.bleu import count_matches, sentence_bleu
from pwae_core.metrics.sentences import encode
from pwae_core.schemas import VECTORS

ORDER = 3
RUNS = 3
WEIGHTS = (1 / ORDER,) * ORDER
DIMENSION = 200
BLEU_TOLERANCE, BOW_TOLERANCE = 1e-9, 1e-5

Tokens = list[str]
Texts = list[list[Tokens]]


@dataclass(frozen=True)
class Line:
    """One comparison: seconds of both, and the largest difference between their scores."""

    what: str
    pairs: int
    theirs: float
    ours: float
    difference: float
    allowed: float


def random_sentences(count: int, words: int, longest: int, generator: np.random.Generator) -> list[Tokens]:
    """Sentences of 1 to ``longest`` words, word k as frequent as 1 / (k + 3)."""
    lengths = generator.integers(1, longest + 1, size=count)
    frequency = 1 / (np.arange(words) + 3)
    drawn = generator.choice(words, size=int(lengths.sum()), p=frequency / frequency.sum())
    names = [f"w{number}" for number in drawn]
    ends = np.cumsum(lengths)
    return [names[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def grouped(sentences: Sequence[Tokens], contexts: int, samples: int) -> tuple[Texts, Texts]:
    """The first ``contexts`` sentences as references, the others as the samples."""
    rest = sentences[contexts:]
    return [[s] for s in sentences[:contexts]], [list(rest[i * samples : (i + 1) * samples]) for i in range(contexts)]


def timed(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """The seconds of the quickest of ``RUNS`` runs, and what comes out."""
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - begin)
    return min(taken), result


def nltk_scores(references: Texts, responses: Texts) -> np.ndarray:
    smoothing = SmoothingFunction().method7
    return np.array(
        [
            nltk_bleu(known, answer, weights=WEIGHTS, smoothing_function=smoothing)
            for known, answers in zip(references, responses, strict=True)
            for answer in answers
        ]
    )


def our_scores(references: pa.ChunkedArray, responses: pa.ChunkedArray) -> np.ndarray:
    return sentence_bleu(count_matches(encode(references, responses), ORDER), ORDER)


def compare_bleu(what: str, references: Texts, responses: Texts) -> Line:
    """Each side starts from what it is given: NLTK from lists of strings, ours from the same in Arrow."""
    columns = pa.chunked_array([references]), pa.chunked_array([responses])
    ours, found = timed(lambda: our_scores(*columns))
    theirs, expected = timed(lambda: nltk_scores(references, responses))
    return Line(what, len(expected), theirs, ours, float(np.abs(found - expected).max()), BLEU_TOLERANCE)


def cosine(one: np.ndarray, two: np.ndarray) -> float:
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))


def extrema(vectors: np.ndarray) -> np.ndarray:
    high, low = vectors.max(axis=0), vectors.min(axis=0)
    return np.where(high >= -low, high, low)


def greedy(here: np.ndarray, there: np.ndarray) -> float:
    here = here / np.linalg.norm(here, axis=1, keepdims=True)
    there = there / np.linalg.norm(there, axis=1, keepdims=True)
    cosines = here @ there.T
    return float(cosines.max(axis=0).mean() + cosines.max(axis=1).mean()) / 2


def loop_scores(references: Texts, responses: Texts, vectors: dict[str, np.ndarray]) -> np.ndarray:
    """(hypotheses, 3): extrema, greedy, average of one pair after the other."""
    scores = []
    for (known,), answers in zip(references, responses, strict=True):
        there = np.array([vectors[word] for word in known])
        for answer in answers:
            here = np.array([vectors[word] for word in answer])
            averages = here.mean(axis=0), there.mean(axis=0)
            scores.append((cosine(extrema(here), extrema(there)), greedy(here, there), cosine(*averages)))
    return np.array(scores)


def our_similarities(references: pa.ChunkedArray, responses: pa.ChunkedArray, table: pa.Table) -> np.ndarray:
    pairs = encode(references, responses)
    made = bow.score(pairs, bow.for_types(pairs.types, table))
    return np.column_stack([made.extrema, made.greedy, made.average])


def compare_bow(references: Texts, responses: Texts, generator: np.random.Generator) -> Line:
    """Each side starts from what it is given: the loop from lists of strings and a dictionary, ours from Arrow."""
    columns = pa.chunked_array([references]), pa.chunked_array([responses])
    types = encode(*columns).types.to_pylist()
    rows = generator.normal(size=(len(types), DIMENSION)).astype(np.float32)
    table = pa.table([range(len(types)), types, list(rows), [True] * len(types)], schema=VECTORS)
    ours, found = timed(lambda: our_similarities(*columns, table))
    theirs, expected = timed(lambda: loop_scores(references, responses, dict(zip(types, rows, strict=True))))
    return Line("BOW, three", len(expected), theirs, ours, float(np.abs(found - expected).max()), BOW_TOLERANCE)


def real_sentences(count: int) -> list[Tokens]:
    """``count`` messages of real chats, again from the start where there are fewer, split by NLTK's tokenizer."""
    from pwae_core.text.tokenize import TOKENIZERS

    with files("chitchat_dataset").joinpath("dataset.json").open(encoding="utf-8") as handle:
        turns = [turn for conversation in json.load(handle).values() for turn in conversation["messages"]]
    messages = [message["text"] for turn in turns for message in turn][:count]
    tokens = TOKENIZERS["nltk"](messages)
    return [tokens[i % len(tokens)] for i in range(count)]


def equality(pairs: int, generator: np.random.Generator) -> list[Line]:
    """One answer a context: few words (many matches), many words, and real messages (each answers the one before)."""
    half = pairs // 2
    few = random_sentences(2 * half, 12, 15, generator)
    many = random_sentences(2 * (pairs - half), 2_000, 25, generator)
    real = real_sentences(pairs + 1)
    return [
        compare_bleu("BLEU-3, random, 12 words", *grouped(few, half, 1)),
        compare_bleu("BLEU-3, random, 2,000 words", *grouped(many, pairs - half, 1)),
        compare_bleu("BLEU-3, real", [[one] for one in real[:-1]], [[one] for one in real[1:]]),
    ]


def speed(contexts: int, samples: int, generator: np.random.Generator) -> list[Line]:
    sentences = random_sentences(contexts * (samples + 1), 10_000, 20, generator)
    references, responses = grouped(sentences, contexts, samples)
    return [compare_bleu("BLEU-3, random", references, responses), compare_bow(references, responses, generator)]


def show(lines: Sequence[Line]) -> None:
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, NLTK {nltk.__version__}, one thread")
    print(f"{'':28} {'pairs':>8} {'theirs, s':>10} {'ours, s':>8} {'ratio':>6} {'largest difference':>19}")
    for line in lines:
        ratio = line.theirs / line.ours
        print(
            f"{line.what:28} {line.pairs:8,} {line.theirs:10.2f} {line.ours:8.3f} {ratio:6.1f} {line.difference:19.1e}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contexts", type=int, default=5_000)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--pairs", type=int, help="only check that BLEU equals NLTK's, on so many pairs")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    generator = np.random.default_rng(given.seed)
    lines = equality(given.pairs, generator) if given.pairs else speed(given.contexts, given.samples, generator)
    show(lines)
    return int(any(line.difference > line.allowed for line in lines))


if __name__ == "__main__":
    sys.exit(main())
