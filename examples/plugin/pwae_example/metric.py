"""A metric: how often an answer is a reference, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pwae_core import Metric

Sentences = Sequence[Sequence[str]]


def share_of_matches(responses: Sequence[Sentences], references: Sequence[Sentences]) -> Iterator[float]:
    """For each context, the share of its answers that are among its references."""
    for answers, real in zip(responses, references, strict=True):
        yield sum(answer in real for answer in answers) / len(answers)


EXACT_MATCH = Metric(
    name="Exact-Match",
    score=share_of_matches,
    formula=("answers that are a reference, token by token / answers; averaged over contexts",),
    source="an example",
    traps=("There are many good answers, and one reference.",),
)
