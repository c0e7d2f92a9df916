"""Metrics that are not pwae's: what one is, how a plugin's is found, and its scores of every context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from pwae_core import plugins
from pwae_core.errors import ConfigError
from pwae_core.grammar import counted
from pwae_core.metrics import explained
from pwae_core.metrics.explained import EXPLANATIONS, Explanation
from pwae_core.metrics.table import METRICS, Floats, Scores, Terms

Tokens = Sequence[str]
Score = Callable[[Sequence[Sequence[Tokens]], Sequence[Sequence[Tokens]]], Iterable[float]]
LONGEST_NAME = 40
LARGEST = 1e100
"""Of a score: sums and squares of larger ones would be infinite."""
HUMAN = ("readability", "informativeness", "personalisation")
TAKEN = {*METRICS, *HUMAN, *(name for one in EXPLANATIONS for name in (one.name, *one.columns))}
"""Names that no other metric may have."""
FIELDS = ("by", "tok", "samples", "refs", "bs", "seed", "v")
"""The fields of a signature that pwae itself fills in."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A user's own metric; a plugin offers it under the entry point ``pwae.metrics``.

    Attributes:
        name: Its column in tables: the name of the entry point.
        score: Takes the answers to each context, token lists in the order they were drawn, and the references of each
            context, also token lists. Yields one number per context, or NaN if a context has no score. Totals,
            intervals and tests are computed from these.
        signature: What affects its value, besides tokens, samples and references: models, versions, settings.
        formula: Its formula, line by line, for ``pwae metrics``.
        source: Where it comes from.
        traps: Its pitfalls, one sentence each.
    """

    name: str
    score: Score
    signature: Mapping[str, object] = field(default_factory=dict)
    formula: tuple[str, ...] = ()
    source: str = ""
    traps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A plugin's metric, and the plugin."""

    metric: Metric
    plugin: plugins.Plugin

    @property
    def inputs(self) -> dict[str, str]:
        """What the plan of scores records about it: another version or signature makes other scores."""
        signed = {f"metric/{self.metric.name}/{key}": str(value) for key, value in self.metric.signature.items()}
        return {**self.plugin.inputs, **signed}


def metrics_called(names: Iterable[str]) -> list[Found]:
    """The metrics of plugins. Raises ConfigError for an unknown name or a wrong plugin."""
    return [_called(name) for name in dict.fromkeys(names)]


def _called(name: str) -> Found:
    if not plugins.find("metric", name, TAKEN) and name in TAKEN:
        raise ConfigError(f"metrics: {name} is one of pwae's own, which are always computed. Leave it out.")
    metric: Metric = plugins.pick("metric", name, {}, _problem)
    plugin = plugins.find("metric", name, TAKEN)
    assert plugin is not None  # it was picked
    return Found(metric, plugin)


def _problem(part: Any, name: str) -> str:
    """What is wrong with the interface of a plugin's metric; empty if nothing is."""
    if not isinstance(part, Metric):
        return "is no pwae_core.Metric"
    if part.name != name:
        return f"calls itself {part.name!r:.80}"
    if not isinstance(part.signature, Mapping):
        return "has a signature that is no mapping"
    if taken := next((name for name in FIELDS if name in part.signature), ""):
        return f"has {taken!r} in its signature, a field that pwae fills in"
    if not all(_are_lines(lines) for lines in (part.formula, part.traps)) or not isinstance(part.source, str):
        return "has a formula or traps that are no tuple of strings, or a source that is no string"
    return name_problem(name) or ("" if callable(part.score) else "has a score that cannot be called")


def _are_lines(given: object) -> bool:
    return isinstance(given, tuple | list) and all(isinstance(line, str) for line in given)


def with_own(scores: Scores, found: Sequence[Found], responses: pa.ChunkedArray, references: pa.ChunkedArray) -> Scores:
    """``scores`` with those of the plugins' metrics. Raises ConfigError for a metric that fails."""
    own = {one.metric.name: _values(one, responses, references) for one in found}
    return Scores({**scores.contexts, **own}, scores.corpus)


def _values(one: Found, responses: pa.ChunkedArray, references: pa.ChunkedArray) -> Floats:
    """The metric gets lists of its own, which it may change."""
    contexts = len(responses)
    try:
        given = one.metric.score(responses.to_pylist(), references.to_pylist())
        if isinstance(given, str | Mapping):
            raise TypeError(f"score gives numbers, such as a list of them, not a {type(given).__name__}")
        values = np.array([float(value) for value in islice(given, contexts + 1)], dtype=np.float64)
    except (Exception, SystemExit) as error:
        raise one.plugin.refused(f"failed ({plugins.told(error)})") from error
    if len(values) != contexts:
        number = "more" if len(values) > contexts else f"{len(values):,}"
        raise one.plugin.refused(f"gave {number} scores for {counted(contexts, 'context')}")
    if np.isnan(values).all():
        raise one.plugin.refused("gave no context a score")
    if (np.abs(values) > LARGEST).any():
        raise one.plugin.refused(f"gave a score beyond {LARGEST:g}")
    return values


def lacking(system: str, own: Iterable[str], scores: Mapping[str, Floats], contexts: int) -> list[str]:
    """A sentence for each of the ``own`` metrics that has no score of some of a system's ``contexts``, or of all."""
    missing = {name: int(np.isnan(scores[name]).sum()) if name in scores else contexts for name in own}
    return [f"{name}: no score of {system} for {counted(n, 'context')}." for name, n in missing.items() if n]


def parts(one: Found, told: Terms) -> dict[str, object]:
    """What the signature of a plugin's metric says, without the bootstrap."""
    tokens = {"tok": told.tokenizer, "samples": told.samples, "refs": told.references}
    return {"by": one.plugin.label, **one.metric.signature, **tokens}


def explain(names: Sequence[str] = ()) -> list[Explanation]:
    """The explanations of ``names``; of all metrics if none is named, with only the origin of plugins' metrics.

    Raises ConfigError for an unknown name or a wrong plugin.
    """
    if not names:
        return [*explained.explain(), *_listed()]
    return [_explained(name) if plugins.find("metric", name, TAKEN) else explained.explain([name])[0] for name in names]


def _explained(name: str) -> Explanation:
    (one,) = metrics_called([name])
    metric = one.metric
    source = metric.source or f"plugin of {one.plugin.label}"
    return Explanation(name, (name,), f"evaluate --metric {name}", metric.formula, source, metric.traps)


def _listed() -> list[Explanation]:
    return [
        Explanation(one.name, (one.name,), f"evaluate --metric {one.name}", (), f"plugin of {one.label}", ())
        for one in plugins.installed("metric")
    ]


def name_problem(name: str) -> str:
    """Why no table can show a metric of that name; empty if one can."""
    if name.strip().casefold() in {one.casefold() for one in TAKEN}:
        return "is the name of one of pwae's own metrics"
    if not name or name != name.strip() or not name.isprintable() or "|" in name or len(name) > LONGEST_NAME:
        return f"is not a valid metric name: at most {LONGEST_NAME} printable characters, no | and no outer spaces"
    return ""
