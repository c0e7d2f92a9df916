"""Generates English chat: the users and conversations of ``weibo_dump``, and what people write, in two halves.

    python benchmarks/english_dump.py 3000000 /tmp/dump        Parquet files of a million utterances each

One half is lines of words drawn as often as people use them; the other is messages of the chitchat-dataset package, of
which one word in twelve is another. In both, one word in fifty is spelt as nobody else spells it (a number behind it).
The same size and seed give the same bytes.
"""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from weibo_dump import Dump, main

CHANGED = 1 / 12
MISSPELT = 1 / 50
MEAN = 10

# (share of the utterances, what stands before the text, what behind it)
NOISE = (
    (0.74, "", ""),
    (0.06, "", " :)"),
    (0.05, "", " \U0001f602\U0001f44d\U0001f3fd"),
    (0.05, "", "..."),
    (0.005, "well . . . ", ""),
    (0.03, "", " http://t.co/AbCdE?x=1"),
    (0.03, "@someone_01 ", ""),
    (0.03, "", " #ThisAndThat"),
    (0.005, "", " &lt;3"),
)


def messages() -> pa.Array:
    dataset = json.loads((resources.files("chitchat_dataset") / "dataset.json").read_text(encoding="utf-8"))
    texts = [one["text"] for chat in dataset.values() for group in chat["messages"] for one in group]
    return pa.array([" ".join(text.split()) for text in texts if text.strip()])


class EnglishDump(Dump):
    """English utterances for as long as they are wanted, a file's worth at a time."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows = rows
        self.random = np.random.default_rng(seed)
        pieces = pc.split_pattern(messages(), " ")
        encoded = pieces.flatten().dictionary_encode()
        self.words, self.codes = encoded.dictionary, encoded.indices.to_numpy()
        self.offsets = pieces.offsets.to_numpy().astype(np.int64)
        self.users = max(10, rows // 5)
        self.conversations = 0

    def texts(self, count: int) -> pa.Array:
        own = self.random.random(count) < 0.5
        said = self.random.integers(len(self.offsets) - 1, size=count)
        lengths = np.where(own, self.random.geometric(1 / MEAN, count), np.diff(self.offsets)[said])
        ends = np.cumsum(lengths)
        drawn = self.codes[self.random.integers(len(self.codes), size=ends[-1])]
        inside = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
        others = self.codes[np.minimum(np.repeat(self.offsets[said], lengths) + inside, len(self.codes) - 1)]
        changed = np.repeat(own, lengths) | (self.random.random(ends[-1]) < CHANGED)
        words = self.words.take(pa.array(np.where(changed, drawn, others)))
        numbers = pa.array(self.random.integers(1_000_000, size=ends[-1])).cast(pa.string())
        misspelt = pa.array(self.random.random(ends[-1]) < MISSPELT)
        words = pc.if_else(misspelt, pc.binary_join_element_wise(words, numbers, ""), words)
        offsets = pa.array(np.append(0, ends), pa.int32())
        return self.noisy(pc.binary_join(pa.ListArray.from_arrays(offsets, words), " "), NOISE)


if __name__ == "__main__":
    main(EnglishDump)
