"""The paper's metrics for your own lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pwae_core.api.given import listed, path
from pwae_core.errors import EmptyResultError, InputError, in_one_line
from pwae_core.grammar import counted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pwae_core.config.evaluate import EvaluateConfig
    from pwae_core.data.responses import ResponseSet
    from pwae_core.metrics.table import Total

Sentence = str | Sequence[str]
"""A sentence to score: a string, which needs a tokenizer, or its tokens."""


@dataclass(frozen=True)
class Scores:
    """What ``score`` found; equal where the totals are.

    Attributes:
        totals: By metric, in the order of Table 2: ``value``, its 95% interval from ``low`` to ``high`` (None for
            Distinct-n, and under 30 contexts), the ``contexts`` that had a score, and the ``signature``.
        contexts: By metric, the score of every context, (contexts,); NaN if a context has none. BLEU-F1 and
            Distinct-n are not means over contexts, so they are only in the totals.
    """

    totals: Mapping[str, Total]
    contexts: Mapping[str, NDArray[np.float64]] = field(compare=False, repr=False)

    def __hash__(self) -> int:
        return hash(frozenset(self.totals.items()))

    def to_pandas(self) -> pd.DataFrame:
        """The totals, one row per metric."""
        import pandas as pd

        return pd.DataFrame([{"metric": metric} | asdict(total) for metric, total in self.totals.items()])


@in_one_line
def score(
    responses: Iterable[Sentence | Sequence[Sentence]],
    references: Iterable[Sentence | Sequence[Sentence]],
    *,
    tokenizer: Literal["nltk", "jieba", "char", "whitespace"] | None = None,
    embeddings: str | Path | None = None,
    ngram: int = 3,
    smoothing: Literal["nltk-current", "nltk-legacy", "none"] = "nltk-current",
    variant: Literal["paper", "dialogwae"] = "paper",
    samples: int | None = None,
    resamples: int = 1000,
    seed: int = 7,
) -> Scores:
    """Scores your own lists with the paper's metrics (section 4.4), as ``pwae evaluate`` does.

    A context's answers are a list of sentences, and so are its references; a single one may be given as a string. A
    list of strings is a list of sentences: the tokens of a single sentence are given as ``[["a", "b"]]``.

    Args:
        responses: The answers to each context, with the same number of samples for each.
        references: The real responses to each context: one or more.
        tokenizer: How to tokenise strings; ``docs/preprocess.md`` explains each tokenizer.
        embeddings: Word vectors of ``pwae embed-words``; without them the BOW metrics are left out.
        ngram: Highest order of BLEU's n-grams.
        smoothing: BLEU's smoothing: method 7 as in NLTK today or at the paper's time, or none.
        variant: As in section 4.4, or as in DialogWAE's code.
        samples: Score only the first N answers to every context; None: all.
        resamples: Resamples of the bootstrap intervals.
        seed: Seed of the bootstrap.

    Raises:
        InputError: The numbers of references and answers differ, a context has none, or the numbers of samples differ.
        ConfigError: Strings without a tokenizer, or a setting out of range.
        EmptyResultError: There is no context.
        ArtifactError: ``embeddings`` holds no word vectors.
    """
    from pwae_core import artifacts
    from pwae_core.config.evaluate import EvaluateConfig
    from pwae_core.metrics import table
    from pwae_core.progress import SILENT
    from pwae_core.scoring import score_system

    given = {"ngram": ngram, "smoothing": smoothing, "variant": variant, "samples": samples, "tokenizer": tokenizer}
    config = EvaluateConfig.make(given | {"resamples": resamples, "seed": seed})
    answers = _answers(_contexts(responses, "responses"), _contexts(references, "references"), config)
    vectors = artifacts.load(path(embeddings, "embeddings"), "vectors") if embeddings is not None else None
    with SILENT.task("") as task:
        scored = score_system(answers, vectors, config, task)
    (totals,) = table.totals([scored.scores], [scored.terms])
    return Scores(totals, scored.scores.contexts)


def _answers(responses: Sequence[Any], references: Sequence[Any], config: EvaluateConfig) -> ResponseSet:
    """The lists as answers of one system, checked."""
    from pwae_core.data.external_responses import from_rows
    from pwae_core.data.responses import ResponseSet, first_samples

    if len(responses) != len(references):
        raise InputError(
            f"responses has {counted(len(responses), 'context')}, references {len(references):,}. Give both for each."
        )
    if not responses:
        raise EmptyResultError("There are no responses to score.")
    _refuse_uneven(responses, references, config.samples)
    rows = [
        (f"context {place}", {"session_id": str(place), "responses": one, "references": two})
        for place, (one, two) in enumerate(zip(responses, references, strict=True))
    ]
    found = from_rows(rows, config.tokenizer, "responses", "tokenizer =")
    made = ResponseSet("", found.table, None, "", Path("responses"), found.tokenizer)
    return first_samples(made, config.samples)


def _contexts(given: Any, what: str) -> list[list[Any]]:
    """The sentences of each context as lists, whatever holds them; their tokens are checked later."""
    return [_sentences(one, f"context {place}: {what}") for place, one in enumerate(listed(given, what, "contexts"))]


def _sentences(given: Any, what: str) -> list[Any]:
    sentences = [given] if isinstance(given, str) else listed(given, what, "sentences")
    return [one if isinstance(one, str) else listed(one, what, "tokens") for one in sentences]


def _refuse_uneven(
    responses: Sequence[Sequence[Any]], references: Sequence[Sequence[Any]], samples: int | None
) -> None:
    """Raises InputError for a context without references, or without as many answers as are scored."""
    fewest = max(1, min(map(len, responses)))
    wanted = samples or len(responses[0])
    for place, (one, two) in enumerate(zip(responses, references, strict=True)):
        if not one or not two:
            empty = "references" if one else "responses"
            raise InputError(f"context {place}: {empty} is empty. Every context needs one or more.")
        if len(one) < wanted or (samples is None and len(one) != wanted):
            raise InputError(
                f"context {place} has {counted(len(one), 'response')}, expected {wanted:,}. "
                f"Score the first {fewest} of each: samples={fewest}."
            )
