"""Generates Weibo-like dumps: Zipf users, conversations of 1 to 12 utterances, noise of every pattern real ones have.

    python benchmarks/weibo_dump.py 3000000 /tmp/dump        Parquet files of a million utterances each

The same size and seed give the same bytes. Words are those of jieba's dictionary, as frequent as there, so that a
segmenter has real work; a quarter of the utterances repeats one of a few thousand short ones, as people do.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import jieba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS_A_FILE = 1_000_000
LONGEST = 12
WORDS = 30_000
PHRASES = 3_000
REPEATED = 0.25
UTTERANCES_A_USER = 5
NOBODY = ("", None, hashlib.md5(b"").hexdigest())
MISSING = 0.01
SINCE = 1_262_304_000

# (share of the utterances, what stands before the text, what behind it)
NOISE = (
    (0.60, "", ""),
    (0.06, "", "[哈哈][哈哈]"),
    (0.06, "[doge]", ""),
    (0.04, "", "\U0001f602\U0001f44d\U0001f3fd"),
    (0.02, "", "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e8\U0001f1f3 1\ufe0f\u20e3"),
    (0.04, "回复@某人_01:", ""),
    (0.04, "", "//@甲:说得好//@乙：转发微博"),
    (0.02, "", "//@丙:"),
    (0.02, "", " http://t.cn/RxAbCdE"),
    (0.01, "", " http:"),
    (0.01, "", " O网页链接"),
    (0.01, "图片评论 ", " 查看图片"),
    (0.02, "#今天的话题#", ""),
    (0.01, "【标题】", ""),
    (0.02, "", "\u200b\u200b"),
    (0.02, "\xa0", "！？～"),
)
EMPTY = ("转发微博", "转发微博。", "Repost", "[哈哈]", "[good][good]", "\u200b", "")
EMPTY_SHARE = 0.03


def words() -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """The most frequent words of jieba's dictionary, and how likely each is."""
    lines = Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8").splitlines()
    pairs = [(int(count), word) for word, count, _ in (line.split(" ") for line in lines) if "一" <= word[0] <= "鿿"]
    frequent = sorted(pairs, reverse=True)[:WORDS]
    weights = np.array([count for count, _ in frequent], float)
    return pa.array([word for _, word in frequent]), weights / weights.sum()


class Dump:
    """Weibo-like utterances for as long as they are wanted, a file's worth at a time."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows = rows
        self.random = np.random.default_rng(seed)
        self.words, weights = words()
        self.cumulated = np.cumsum(weights)
        self.phrases = self.sentences(PHRASES, 4)
        self.users = max(10, rows // UTTERANCES_A_USER)
        self.conversations = 0

    def sentences(self, count: int, mean: float) -> pa.Array:
        lengths = 1 + self.random.geometric(1 / mean, count)
        drawn = np.searchsorted(self.cumulated, self.random.random(int(lengths.sum())))
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        chosen = self.words.take(pa.array(np.minimum(drawn, len(self.words) - 1)))
        return pc.binary_join(pa.ListArray.from_arrays(offsets, chosen), "")

    def texts(self, count: int) -> pa.Array:
        repeated = self.random.random(count) < REPEATED
        phrases = self.phrases.take(pa.array((PHRASES * self.random.random(count) ** 3).astype(np.int64)))
        return self.noisy(pc.if_else(pa.array(repeated), phrases, self.sentences(count, 11)), NOISE)

    def noisy(self, texts: pa.Array, noise: Sequence[tuple[float, str, str]]) -> pa.Array:
        """The texts with what people and platforms put around them; some are nothing else."""
        count = len(texts)
        kind = self.random.choice(len(noise), count, p=[share for share, _, _ in noise])
        before = pa.array([one for _, one, _ in noise]).take(pa.array(kind))
        behind = pa.array([one for _, _, one in noise]).take(pa.array(kind))
        texts = pc.binary_join_element_wise(before, texts, behind, "")
        empty = pa.array(EMPTY).take(pa.array(self.random.integers(len(EMPTY), size=count)))
        return pc.if_else(pa.array(self.random.random(count) < EMPTY_SHARE), empty, texts)

    def user_ids(self, count: int) -> pa.Array:
        """User k is about as frequent as 1 / k (Zipf); every hundredth row is nobody's."""
        rank = np.floor(np.exp(self.random.random(count) * np.log(self.users + 1))).astype(np.int64)
        known = pc.binary_join_element_wise("u", pa.array(rank).cast(pa.string()), "")
        nobody = pa.array(NOBODY).take(pa.array(self.random.integers(len(NOBODY), size=count)))
        return pc.if_else(pa.array(self.random.random(count) < MISSING), nobody, known)

    def table(self, count: int) -> pa.Table:
        lengths = self.random.integers(1, LONGEST + 1, size=count // 2 + 1)
        lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), count)) + 1]
        conversation = np.repeat(np.arange(len(lengths)) + self.conversations, lengths)[:count]
        turn = (np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths))[:count]
        self.conversations += len(lengths)
        seconds = SINCE + conversation * 7 + turn * 31
        return pa.table(
            {
                "conversation_id": pc.binary_join_element_wise("c", pa.array(conversation).cast(pa.string()), ""),
                "turn": pa.array(turn, pa.int32()),
                "user_id": self.user_ids(count),
                "text": self.texts(count),
                "timestamp": pa.array(seconds).cast(pa.string()),
            }
        )


def write_dump(rows: int, folder: Path, seed: int = 0, kind: type[Dump] = Dump) -> Path:
    """Writes ``rows`` utterances to ``folder``; a dump that is there already is left as it is."""
    done = folder / f"{rows}-{seed}.done"
    if done.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    dump = kind(rows, seed)
    for number, start in enumerate(range(0, rows, ROWS_A_FILE)):
        table = dump.table(min(ROWS_A_FILE, rows - start))
        pq.write_table(table, folder / f"part-{number:03d}.parquet", row_group_size=250_000, compression="zstd")
    done.touch()
    return folder


def main(kind: type[Dump] = Dump) -> None:
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(write_dump(chosen.rows, chosen.folder, chosen.seed, kind))


if __name__ == "__main__":
    main()
