"""The systems, one readable file each; and those of plugins."""

from __future__ import annotations

from inspect import isabstract, signature
from typing import Any

import torch

from pwae_core import plugins
from pwae_core.config.train import TrainConfig
from pwae_core.data.sessions import Sessions
from pwae_core.models.adaptation import Adaptation
from pwae_core.models.base import Model
from pwae_core.models.cvae import CVAE
from pwae_core.models.dialogwae_gmp import DialogWAEGMP
from pwae_core.models.persona import Persona
from pwae_core.models.personawae import PersonaWAE
from pwae_core.models.rl_persona import RLPersona
from pwae_core.models.seq2seq import Seq2Seq
from pwae_core.models.trial import wrong_result

MODELS: dict[str, type[Model]] = {
    "seq2seq": Seq2Seq,
    "persona": Persona,
    "adaptation": Adaptation,
    "cvae": CVAE,
    "rl-persona": RLPersona,
    "dialogwae-gmp": DialogWAEGMP,
    "personawae": PersonaWAE,
}
"""In the order of Table 2."""


TOLD = {
    "display_name": str,
    "reference": str,
    "latent": bool,
    "user_information": str,
    "deterministic": bool,
    "user_rows": tuple,
}
"""What a system's class says about it."""

OF_Z = ("posterior_mean", "latent_samples", "draw_z", "begin_at", "cost_of")
"""What a class of a system with a z defines besides."""


def system_of(name: str) -> type[Model]:
    """The class of a system, pwae's own or a plugin's. Raises ConfigError for an unknown name or a wrong plugin."""
    return plugins.pick("system", name, MODELS, _problem)


def inputs_of(name: str) -> dict[str, str]:
    """What a run's plan records about the plugin that its system comes from; empty for pwae's own systems."""
    found = plugins.find("system", name, MODELS)
    return found.inputs if found else {}


def _problem(part: Any, name: str) -> str:  # noqa: ARG001
    """What is wrong with the interface of a plugin's system; empty if nothing is."""
    if not (isinstance(part, type) and issubclass(part, Model)):
        return "is not a class derived from pwae_core.Model"
    if isabstract(part):
        return f"does not define {', '.join(sorted(part.__abstractmethods__))}"
    wrong = [told for told, kind in TOLD.items() if not _says(getattr(part, told, None), kind)]
    if wrong:
        return f"does not define {', '.join(wrong)}, or not as pwae_core.Model does"
    lacking = [name for name in OF_Z if getattr(part, name) is getattr(Model, name)]
    if part.latent and lacking:
        return f"has latent = True and does not define {', '.join(lacking)}"
    try:
        signature(part).bind(None, 1, 1)
    except TypeError:
        return "cannot be made from a config, the size of a vocabulary and a number of users"
    return ""


def refuse_missing_tables(model: Model, name: str) -> None:
    """Raises ConfigError if ``user_rows`` of a plugin's system names what has no row for each user."""
    tables = model.state_dict()
    missing = [one for one in model.user_rows if one not in tables or tables[one].shape[:1] != (model.user_count,)]
    plugin = plugins.find("system", name, MODELS)
    if missing and plugin:
        raise plugin.refused(f"has user_rows that name {missing[0]!r}, which has no row for each user")


def refuse_wrong_results(model: Model, config: TrainConfig, sessions: Sessions, device: torch.device) -> None:
    """Raises ConfigError if a method of a plugin's system, on ``device``, returns what pwae cannot use."""
    plugin = plugins.find("system", config.model.name, MODELS)
    wrong = wrong_result(model, config, sessions, device) if plugin else ""
    if plugin and wrong:
        raise plugin.refused(wrong)


def _says(value: object, kind: type) -> bool:
    """Whether ``value`` is of ``kind``; a text must also be one visible line."""
    return isinstance(value, kind) and (not isinstance(value, str) or bool(value.strip() and value.isprintable()))
