"""``pwae models``: the systems of Table 2, their sizes, and what each knows about the user."""

from __future__ import annotations

from dataclasses import dataclass

from pwae_core.config.train import ALIASES, TrainConfig
from pwae_core.models import MODELS
from pwae_core.text.vocabulary import SPECIALS
from pwae_core.training.periods import periods_of
from pwae_core.training.sizes import outlined


@dataclass(frozen=True)
class SystemInfo:
    """One system. ``parameters`` counts trained parameters, not tf-idf words and the like."""

    name: str
    aliases: tuple[str, ...]
    paper: str
    reference: str
    user_information: str
    deterministic: bool
    periods: tuple[str, ...]
    parameters: int


def list_systems(config: TrainConfig, vocabulary_size: int, users: int) -> tuple[SystemInfo, ...]:
    """Every system, with its parameters at the sizes of ``config`` and these numbers of words and users.

    Nothing is allocated: the parameters are counted from shapes alone. Raises ConfigError for sizes beyond any memory.
    """
    return tuple(_info(name, config, vocabulary_size + len(SPECIALS), users + 1) for name in MODELS)


def _info(name: str, config: TrainConfig, vocabulary_size: int, users: int) -> SystemInfo:
    sizes = config.model.model_copy(update={"name": name})
    model = outlined(sizes, vocabulary_size, users)
    return SystemInfo(
        name=name,
        aliases=tuple(alias for alias, meant in ALIASES.items() if meant == name),
        paper=model.display_name,
        reference=model.reference,
        user_information=model.user_information,
        deterministic=model.deterministic,
        periods=tuple(period.name for period in periods_of(model, config)),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
    )
