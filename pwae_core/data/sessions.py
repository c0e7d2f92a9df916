"""Sessions as flat arrays: read from the corpus without a copy, and divided into length-bucketed batches of tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from pwae_core.artifacts import Artifact
from pwae_core.text.vocabulary import BOS, EOS, PAD

Ints = npt.NDArray[np.int64]
COLUMNS = ["session_id", "user", "user_id", "context_user_ids", "context_ids", "response_ids"]
BUCKET_BATCHES = 64


@dataclass(frozen=True)
class Batch:
    """``batch`` sessions, padded with ``<pad>``; contexts of fewer than ``turns`` utterances end with empty ones.

    Attributes:
        context: [batch, turns, tokens] token ids, no ``<s>`` or ``</s>``.
        context_lengths: [batch, turns]; 0 for a missing turn.
        from_responder: [batch, turns] 1.0 if the utterance is by the user who responds.
        response: [batch, length + 2] ``<s>`` tokens ``</s>``.
        response_lengths: [batch] length + 1: the targets, ``</s>`` included; for a cut response, its next word instead.
        user: [batch] rows of the user table.
        longest_context: Tokens of the longest context whose utterances are joined end to end, each closed by ``</s>``.
    """

    context: Tensor
    context_lengths: Tensor
    from_responder: Tensor
    response: Tensor
    response_lengths: Tensor
    user: Tensor
    longest_context: int

    def __len__(self) -> int:
        return self.user.shape[0]

    def each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with ``change`` applied to every tensor."""
        tensors: dict[str, Any] = {name: change(t) for name, t in vars(self).items() if isinstance(t, Tensor)}
        return replace(self, **tensors)

    def rows(self, start: int, stop: int) -> Batch:
        """The sessions ``start`` to ``stop``, padded as before."""
        return self.each(lambda tensor: tensor[start:stop])

    def to(self, device: torch.device) -> Batch:
        return self if device.type == "cpu" else self.each(lambda tensor: tensor.to(device, non_blocking=True))


@dataclass(frozen=True)
class Ragged:
    """Lists of integers laid end to end: list i is ``values[offsets[i]:offsets[i + 1]]``."""

    values: npt.NDArray[np.int32]
    offsets: Ints

    def lengths(self, rows: Ints, limit: int) -> Ints:
        lengths: Ints = np.minimum(self.offsets[rows + 1] - self.offsets[rows], limit)
        return lengths

    def lists(self, rows: Ints) -> list[list[int]]:
        """The lists at ``rows``."""
        return [self.values[self.offsets[row] : self.offsets[row + 1]].tolist() for row in rows]

    def padded(self, rows: Ints, lengths: Ints) -> Ints:
        """[rows, longest]: the first ``lengths`` values of each row, then <pad>."""
        places = np.arange(max(int(lengths.max(initial=0)), 1))
        real = places < lengths[:, None]
        index = np.where(real, self.offsets[rows][:, None] + places, 0)
        values = self.values[index] if len(self.values) else np.zeros_like(index)
        return np.where(real, values, PAD).astype(np.int64)


@dataclass(frozen=True)
class Sessions:
    """All sessions of a split, as flat arrays of token ids; the longest ``max_length`` tokens of each utterance."""

    user: Ints
    context_offsets: Ints  # session i's context utterances are rows context_offsets[i]:context_offsets[i + 1]
    context: Ragged
    from_responder: npt.NDArray[np.float32]  # one value a context utterance
    response: Ragged
    max_length: int

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: Ints) -> Sessions:
        """Only the sessions at ``rows``, in that order."""
        contexts = [
            self.context.lists(np.arange(self.context_offsets[row], self.context_offsets[row + 1])) for row in rows
        ]
        flags = [self.from_responder[self.context_offsets[row] : self.context_offsets[row + 1]] > 0 for row in rows]
        users, responses = self.user[rows].tolist(), self.response.lists(rows)
        return from_lists(contexts, [row.tolist() for row in flags], users, self.max_length, responses)

    def answered(self, responses: Sequence[Sequence[int]]) -> Sessions:
        """The sessions with these responses instead, as token ids."""
        return replace(self, response=_from_lists(responses))

    def batch(self, rows: Ints) -> Batch:
        """The sessions at ``rows``, padded to the longest of them."""
        counts = self.context_offsets[rows + 1] - self.context_offsets[rows]
        turns = max(int(counts.max(initial=0)), 1)
        places = np.arange(turns)
        there = (places < counts[:, None]).ravel()
        utterances = np.where(there, (self.context_offsets[rows][:, None] + places).ravel(), 0)
        lengths = np.where(there, self.context.lengths(utterances, self.max_length), 0)
        responder = np.where(there, self.from_responder[utterances], 0.0).astype(np.float32)
        targets = self.response.lengths(rows, self.max_length)
        response = np.pad(self.response.padded(rows, targets), ((0, 0), (1, 1)), constant_values=PAD)
        response[:, 0] = BOS
        response[np.arange(len(rows)), targets + 1] = self._last_target(rows)
        return Batch(
            context=torch.from_numpy(self.context.padded(utterances, lengths).reshape(len(rows), turns, -1)),
            context_lengths=torch.from_numpy(lengths.reshape(len(rows), turns)),
            from_responder=torch.from_numpy(responder.reshape(len(rows), turns)),
            response=torch.from_numpy(response[:, : int(targets.max(initial=0)) + 2]),
            response_lengths=torch.from_numpy(targets + 1),
            user=torch.from_numpy(self.user[rows]),
            longest_context=int((lengths + (lengths > 0)).reshape(len(rows), turns).sum(axis=1).max(initial=0)),
        )

    def _last_target(self, rows: Ints) -> Ints:
        """The target after the tokens that are read: </s>, or for a response that is cut, its next token."""
        places = self.response.offsets[rows] + self.max_length
        cut = places < self.response.offsets[rows + 1]
        target = np.full(len(rows), EOS, dtype=np.int64)
        target[cut] = self.response.values[places[cut]]
        return target

    @property
    def cut_responses(self) -> int:
        """How many responses are longer than ``max_length``."""
        return int((np.diff(self.response.offsets) > self.max_length).sum())

    def epoch(self, batch_size: int, seed: int, epoch: int) -> list[Ints]:
        """The rows of each batch of one epoch, shuffled; determined by (seed, epoch).

        The contexts of a batch are of similar length, to save padding; its responses are not. If the responses of a
        batch were all of one length, the last few batches would decide how long a model's answers are.
        """
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(self))
        width = batch_size * BUCKET_BATCHES
        batches: list[Ints] = []
        for start in range(0, len(order), width):
            rows = order[start : start + width]
            batches += _split(rows[np.lexsort((rows, self._heard(rows)))], batch_size)
        random.shuffle(batches)
        return batches

    def in_order(self, batch_size: int, limit: int | None = None) -> Iterator[Ints]:
        """The rows of each batch for validation and generation: every session once, similar lengths together."""
        rows = np.arange(len(self) if limit is None else min(limit, len(self)))
        lengths = self.response.lengths(rows, self.max_length)
        yield from _split(rows[np.lexsort((rows, self._heard(rows), lengths))], batch_size)

    def _heard(self, rows: Ints) -> Ints:
        """The number of context tokens of each of ``rows``."""
        first, last = self.context_offsets[rows], self.context_offsets[rows + 1]
        return self.context.offsets[last] - self.context.offsets[first]


def _split(rows: Ints, size: int) -> list[Ints]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def some_of(table: pa.Table, limit: int | None) -> pa.Table:
    """``limit`` of a split's sessions, in its order: those whose ids have the smallest hashes. They are the same for
    every seed and system, and are among those of any larger limit. None: all.
    """
    hashes = [hashlib.sha256(session.encode()).digest() for session in table["session_id"].to_pylist()]
    chosen = sorted(range(len(hashes)), key=hashes.__getitem__)[:limit]
    return table.take(pa.array(sorted(chosen), pa.int64()))


def read_sessions(corpus: Artifact, split: str, max_length: int) -> Sessions:
    """One split (train, valid or test) of a corpus artifact."""
    return from_table(corpus.table(f"{split}.parquet", COLUMNS), max_length)


def from_table(table: pa.Table, max_length: int) -> Sessions:
    """Sessions of a table with the ``COLUMNS`` of schemas.SESSIONS."""
    table = table.combine_chunks()
    context = _flat(table["context_ids"])
    speakers = _flat(table["context_user_ids"])
    offsets = _offsets(context)
    repeated = np.repeat(np.arange(len(table)), np.diff(offsets))
    responder = pc.equal(speakers.flatten(), _flat(table["user_id"]).take(pa.array(repeated)))
    return Sessions(
        user=_flat(table["user"]).to_numpy().astype(np.int64),
        context_offsets=offsets,
        context=_ragged(context.flatten()),
        from_responder=np.append(responder.to_numpy(zero_copy_only=False).astype(np.float32), np.float32(0)),
        response=_ragged(_flat(table["response_ids"])),
        max_length=max_length,
    )


def from_lists(
    contexts: Sequence[Sequence[Sequence[int]]],
    speakers: Sequence[Sequence[bool]],
    users: Sequence[int],
    max_length: int,
    responses: Sequence[Sequence[int]] | None = None,
) -> Sessions:
    """Sessions from typed token ids. ``speakers``: whether the responder said it; ``responses``: empty if None."""
    counts = np.array([len(context) for context in contexts])
    return Sessions(
        user=np.array(users, dtype=np.int64),
        context_offsets=_ends(counts),
        context=_from_lists([utterance for context in contexts for utterance in context]),
        from_responder=np.array([float(flag) for row in speakers for flag in row] + [0.0], dtype=np.float32),
        response=_from_lists([[] for _ in contexts] if responses is None else responses),
        max_length=max_length,
    )


def ragged(column: pa.ChunkedArray) -> Ragged:
    """A table's column of lists of integers."""
    return _ragged(_flat(pa.chunked_array([column.combine_chunks()])))


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _offsets(lists: pa.ListArray) -> Ints:
    offsets: Ints = lists.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0] if len(offsets) else np.zeros(1, dtype=np.int64)


def _ragged(lists: pa.ListArray) -> Ragged:
    return Ragged(lists.flatten().to_numpy(), _offsets(lists))


def _from_lists(lists: Sequence[Sequence[int]]) -> Ragged:
    values = np.array([value for row in lists for value in row], dtype=np.int32)
    return Ragged(values, _ends(np.array([len(row) for row in lists], dtype=np.int64)))


def _ends(counts: npt.NDArray[np.int64]) -> Ints:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
