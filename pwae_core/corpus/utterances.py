"""The utterances of the training split, each once per conversation, although overlapping windows repeat them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.artifacts import Artifact


def training_utterances(corpus: Artifact) -> pa.ListArray:
    """The ids of every utterance of the training sessions and the histories, in the order in which they first occur.

    Two utterances are the same if conversation and turn are. The turns of a window's utterances follow on from its
    first. In a reply tree, where every path is a conversation, an utterance in the contexts of several paths is
    repeated for each: sessions do not say that it is the same one.
    """
    sessions = corpus.table("train.parquet", ["conversation_id", "turn", "context_ids", "response_ids"])
    histories = corpus.table("histories.parquet", ["conversation_id", "turn", "ids"])
    conversation, turn = sessions["conversation_id"], sessions["turn"].to_numpy().astype(np.int64)
    lengths = pc.list_value_length(sessions["context_ids"]).to_numpy().astype(np.int64)
    session = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    contexts = pc.list_flatten(sessions["context_ids"])

    conversations = _joined(conversation.take(pa.array(session)), conversation, histories["conversation_id"])
    turns = np.concatenate([turn[session] + place, turn + lengths, histories["turn"].to_numpy().astype(np.int64)])
    utterances = _joined(contexts, sessions["response_ids"], histories["ids"])
    keys = conversations.dictionary_encode().indices.to_numpy().astype(np.int64) << 32 | turns
    first = np.sort(np.unique(keys, return_index=True)[1])
    return utterances.take(pa.array(first))


def _joined(*columns: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays([chunk for column in columns for chunk in column.chunks])
