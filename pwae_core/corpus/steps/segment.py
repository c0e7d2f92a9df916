"""Step 5: tokens of the utterances that sessions need, each utterance once, and the words of the training split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import RESPONSES, WORDS, Job
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import splits
from pwae_core.corpus.steps.trees import Indices, Mask
from pwae_core.corpus.steps.windows import Places
from pwae_core.text.tokenize import CJK_RANGES, tokenise_array


@dataclass(frozen=True)
class Roles:
    """What the rows of a shard are in the corpus, one flag per row."""

    used: Mask
    trained: Mask
    train_context: Mask
    test_response: Mask
    held_response: Mask

    @classmethod
    def of(cls, count: int, windows: Indices, split: splits.Split) -> Roles:
        """``windows`` [sessions, window] are rows, ``split`` [sessions]."""
        train = windows[split == splits.TRAIN]
        return cls(
            used=_flags(count, windows),
            trained=_flags(count, train),
            train_context=_flags(count, train[:, :-1]),
            test_response=_flags(count, windows[split == splits.TEST, -1]),
            held_response=_flags(count, windows[split != splits.TRAIN, -1]),
        )


def _flags(count: int, rows: Indices) -> Mask:
    flags = np.zeros(count, np.bool_)
    flags[rows] = True
    return flags


def segment(job: Job, piece: int) -> Counts:
    """Tokenises one shard; counts the ``tokens`` of the training split and the ``overlap`` of the splits."""
    rows = spill.read(job.file("dialogue", piece))
    windows, split = sessions_of(job, piece, rows)
    roles = Roles.of(rows.num_rows, windows, split)
    texts = rows["text"].filter(pa.array(roles.used)).combine_chunks()
    words, tokens = tokenise_array(texts, job.config.tokenizer)
    in_training = tokens.filter(pa.array(roles.trained[roles.used])).flatten().to_numpy()
    counts = pa.array(np.bincount(in_training, minlength=len(words)))
    spill.write(job.file("tokens", piece), pa.table([tokens], ["tokens"]))
    spill.write(job.file("words", piece), pa.table([words, counts], schema=WORDS))
    responders = rows["user_id"].take(pa.array(windows[:, -1]))
    spill.write(job.file("responders", piece), _responses(responders, split))
    overlap = int((roles.test_response & roles.train_context).sum())
    shared = _conversations_shared(rows, windows, split)
    trained = int(roles.trained.sum())
    return {"used": len(texts), "trained": trained, "overlap": overlap, "shared": shared} | _cjk(words, counts)


def sessions_of(job: Job, piece: int, rows: pa.Table) -> tuple[Indices, splits.Split]:
    """The rows of every session of a shard, [sessions, window], and their splits."""
    ends = spill.read(job.file("windows", piece))["end"].to_numpy()
    return Places.of(rows).members(ends, job.config.window), splits.of_shard(job.folder, piece)


def _responses(responders: pa.ChunkedArray, split: splits.Split) -> pa.Table:
    """The users who answer a session, and how many of the training split."""
    train = pa.array((split == splits.TRAIN).astype(np.int64))
    table = pa.table({"user_id": responders, "train_responses": train})
    return (
        table.group_by("user_id", use_threads=False)
        .aggregate([("train_responses", "sum")])
        .rename_columns(RESPONSES.names)
        .cast(RESPONSES)
    )


def _conversations_shared(rows: pa.Table, windows: Indices, split: splits.Split) -> int:
    """The number of test sessions that share a conversation (or reply tree) with a training session."""
    keys = rows["key"].to_numpy()
    train, test = (keys[windows[split == one, 0]] for one in (splits.TRAIN, splits.TEST))
    return int(np.isin(test, train).sum())


def _cjk(words: pa.Array, counts: pa.Array) -> Counts:
    """Tokens and characters of the training split that are Chinese or Japanese."""
    mask = pc.match_substring_regex(words, f"[{CJK_RANGES}]")
    numbers = counts.filter(mask)
    characters = pc.multiply(pc.utf8_length(words.filter(mask)), numbers)
    totals = {"tokens": counts, "cjk_tokens": numbers, "cjk_characters": characters}
    return {name: int(pc.sum(values).as_py() or 0) for name, values in totals.items()}
