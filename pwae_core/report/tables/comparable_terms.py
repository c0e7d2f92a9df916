"""Terms of scores, settings of runs: what must be equal for numbers to be comparable, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from pwae_core.artifacts import Artifact
from pwae_core.files import hash_strings, to_json
from pwae_core.grammar import counted

TERMS = ("ngram", "smoothing", "variant", "samples", "resamples", "seed")
CONTEXTS, VECTORS, VERSION, SESSIONS = "contexts", "embeddings", "pwae", "sessions"
DIGITS = 8


def terms(scores: Artifact) -> dict[str, Any]:
    """What affects a value or an interval, apart from the system: settings, vectors, version, the set of contexts."""
    sessions = pc.unique(scores.table("scores.parquet", ["session_id"])["session_id"]).to_pylist()
    made = {CONTEXTS: scores.facts["contexts"], **{name: scores.config.get(name) for name in TERMS}}
    made |= {VECTORS: scores.manifest["inputs"].get("embeddings"), VERSION: scores.manifest["pwae"]}
    return made | {SESSIONS: hash_strings(sorted(sessions))}


def told_apart(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The terms in which each of ``found``, all different, differs from the others; empty if there is only one.

    The contexts are named only if nothing else distinguishes the scores.
    """
    different = [name for name in (found[0] if found else ()) if any(one[name] != found[0][name] for one in found)]
    plain = [name for name in different if name != SESSIONS]
    made = [", ".join(_told(name, one[name]) for name in plain) for one in found]
    if len(set(made)) < len(made):
        made = [", ".join(_told(name, one[name]) for name in different) for one in found]
    return made


def _told(name: str, value: object) -> str:
    match name, value:
        case ("embeddings", None) | ("samples", None):
            return "no word vectors" if name == VECTORS else "all samples"
        case ("contexts" | "samples" | "resamples", int()):
            return counted(value, name.removesuffix("s"))
        case (("embeddings" | "sessions"), _):
            what = "word vectors" if name == VECTORS else "set of contexts"
            return f"{what} {str(value)[:DIGITS]}"
    return f"{name} {value}"


def effective(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's effective settings: K of the context GMD defaults to that of the other GMD."""
    model = dict(config["model"])
    if "context_components" in model and model["context_components"] is None:
        model["context_components"] = model.get("components")
    return {**config, "model": model}


def but_seed(configs: Sequence[Mapping[str, Any]]) -> str:
    """Settings without their seeds. Systems of one name are seeds of each other if these are equal."""
    return to_json([{key: value for key, value in one.items() if key != "seed"} for one in configs]).decode()
