"""PersonaWAE (Chan et al., EMNLP 2019): the library behind the ``pwae`` command.

The names in ``__all__`` are public and stable, and docs/python.md explains them; everything else may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwae_core.api.answers import NOBODY, Run, Utterance, open_run
    from pwae_core.api.scores import Scores, Sentence, score
    from pwae_core.api.stored import Artifact, Session, Split, open_artifact, sessions
    from pwae_core.config.train import ModelConfig, TrainConfig
    from pwae_core.corpus.readers.base import Reader
    from pwae_core.corpus.readers.records import record_reader
    from pwae_core.data.sessions import Batch
    from pwae_core.errors import PwaeError
    from pwae_core.metrics.own import Metric
    from pwae_core.metrics.table import Total
    from pwae_core.models.base import Loss, Mean, Model, Phase
    from pwae_core.nn.noise import Noise
    from pwae_core.stages.chat import Chat

__version__ = "0.2.0"

_PLACES = {
    "api.answers": ("NOBODY", "Run", "Utterance", "open_run"),
    "api.scores": ("Scores", "Sentence", "score"),
    "api.stored": ("Artifact", "Session", "Split", "open_artifact", "sessions"),
    "config.train": ("ModelConfig", "TrainConfig"),
    "corpus.readers.base": ("Reader",),
    "corpus.readers.records": ("record_reader",),
    "data.sessions": ("Batch",),
    "errors": ("PwaeError",),
    "metrics.own": ("Metric",),
    "metrics.table": ("Total",),
    "models.base": ("Loss", "Mean", "Model", "Phase"),
    "nn.noise": ("Noise",),
    "stages.chat": ("Chat",),
}
"""The modules that define the public names."""

__all__ = [
    "NOBODY",
    "Artifact",
    "Batch",
    "Chat",
    "Loss",
    "Mean",
    "Metric",
    "Model",
    "ModelConfig",
    "Noise",
    "Phase",
    "PwaeError",
    "Reader",
    "Run",
    "Scores",
    "Sentence",
    "Session",
    "Split",
    "Total",
    "TrainConfig",
    "Utterance",
    "open_artifact",
    "open_run",
    "record_reader",
    "score",
    "sessions",
]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
