"""The vocabulary: which token has which id. Ids 0 to 3 are the special tokens, then words by (-count, token)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from pwae_core.files import hash_strings
from pwae_core.schemas import VOCABULARY

SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")
PAD, UNK, BOS, EOS = 0, 1, 2, 3


@dataclass(frozen=True)
class Vocabulary:
    """``tokens[i]`` has the id i and occurs ``counts[i]`` times in the training split (specials: 0)."""

    tokens: tuple[str, ...]
    counts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def fingerprint(self) -> str:
        """The hash that artifacts carry as ``facts["vocabulary"]``: equal exactly when all ids mean the same."""
        return hash_strings(self.tokens)

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """The id of every word, without the special tokens: the text ``<s>`` in data is not the start token."""
        return {token: number for number, token in enumerate(self.tokens) if number >= len(SPECIALS)}

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The ids of ``tokens``; UNK for those that are not words of the vocabulary."""
        ids = self.ids
        return [ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of ``ids``, specials included."""
        return [self.tokens[number] for number in ids]

    def to_table(self) -> pa.Table:
        columns = {"id": range(len(self)), "token": self.tokens, "count": self.counts}
        return pa.table({name: list(values) for name, values in columns.items()}, schema=VOCABULARY)

    @classmethod
    def from_table(cls, table: pa.Table) -> Vocabulary:
        """Reads ``vocabulary.parquet``, whose rows are in the order of their ids."""
        return cls(tuple(table["token"].to_pylist()), tuple(table["count"].to_pylist()))


def build(counts: Mapping[str, int], size: int) -> Vocabulary:
    """The special tokens, then the ``size`` most frequent words, with ties in code point order.

    A token of the data that is spelt like a special token never becomes that token: it stays out of the vocabulary.
    """
    words = sorted((-count, token) for token, count in counts.items() if token not in SPECIALS)[:size]
    return Vocabulary(
        tokens=SPECIALS + tuple(token for _, token in words),
        counts=(0,) * len(SPECIALS) + tuple(-count for count, _ in words),
    )


def out_of_vocabulary(ids: Sequence[int]) -> float:
    """The share of ``ids`` that is UNK; 0 for none."""
    return sum(number == UNK for number in ids) / len(ids) if ids else 0.0
