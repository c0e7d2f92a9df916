"""From one system's answers to its scores of every context, for ``pwae evaluate`` and the Python interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.artifacts import Artifact
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.data.responses import ResponseSet
from pwae_core.errors import InputError
from pwae_core.metrics import bow, dialogwae, sentences, table
from pwae_core.metrics.evaluation import Coverage
from pwae_core.metrics.own import Found, parts, with_own
from pwae_core.metrics.table import Scores, Terms
from pwae_core.progress import Task


@dataclass(frozen=True)
class Scored:
    """``coverage`` is that of the word vectors, if there are any."""

    scores: Scores
    terms: Terms
    coverage: Coverage | None


def score_system(
    one: ResponseSet, embeddings: Artifact | None, config: EvaluateConfig, task: Task, own: Sequence[Found] = ()
) -> Scored:
    """Scores answers that all have references and the same number of samples (section 4.4).

    ``embeddings`` has the word vectors of the BOW metrics; ``own`` are the metrics of plugins. Raises InputError if no
    word of the references has a vector, ConfigError for a plugin that fails.
    """
    vectors = embeddings.table("vectors.parquet") if embeddings else None
    pairs = sentences.encode(one.table["references"], one.table["responses"])
    coverage = _coverage(one, pairs, bow.for_types(pairs.types, vectors)) if vectors is not None else None
    similar = _similar(pairs, vectors, config.variant, task) if vectors is not None else None
    scores = table.score(pairs, config.ngram, config.smoothing, similar, config.variant)
    if vectors is None:
        task.advance(pairs.contexts)
    terms = Terms(
        n=config.ngram,
        smoothing=config.smoothing,
        variant=config.variant,
        tokenizer=one.tokenizer,
        samples=len(one.table["responses"][0]),
        references=_references(one),
        vectors=_vectors_name(embeddings) if embeddings else "",
        resamples=config.resamples,
        seed=config.seed,
    )
    return Scored(*_with_own(one, scores, terms, own), coverage)


def _with_own(one: ResponseSet, scores: Scores, terms: Terms, own: Sequence[Found]) -> tuple[Scores, Terms]:
    if not own:
        return scores, terms
    answers = one.table["responses"], one.table["references"]
    return with_own(scores, own, *answers), replace(terms, own={m.metric.name: parts(m, terms) for m in own})


def _similar(pairs: sentences.Pairs, vectors: pa.Table, variant: str, task: Task) -> bow.BowScores:
    if variant == "dialogwae":
        return dialogwae.score(pairs, dialogwae.for_types(pairs.types, vectors), task.advance)
    return bow.score(pairs, bow.for_types(pairs.types, vectors), task.advance)


def _coverage(one: ResponseSet, pairs: sentences.Pairs, words: bow.WordVectors) -> Coverage:
    shares = [
        float(words.known[side.ids].mean()) if len(side.ids) else 0.0 for side in (pairs.hypotheses, pairs.references)
    ]
    if not shares[1]:
        raise InputError(f"{one.source}: no word of its references has a vector. Give word vectors of their language.")
    return Coverage(*shares)


def _references(one: ResponseSet) -> str:
    bounds = pc.min_max(pc.list_value_length(one.table["references"])).as_py()
    return "-".join(str(number) for number in sorted(set(bounds.values())))


def _vectors_name(embeddings: Artifact) -> str:
    facts = embeddings.facts
    return f"{facts.get('source', 'vectors')}-{facts['dimension']}-{embeddings.fingerprint[:8]}"
