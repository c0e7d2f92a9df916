"""The interface of a system to training and generation: phases, validation, the decoder's start and its step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, OptimiserConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.data.statistics import Statistics
from pwae_core.nn.noise import Noise

Codes = dict[str, Tensor]
"""The encoders' output for a batch, detached: tensors whose first dimension is the session."""

State = dict[str, Tensor]
"""The state of decoding, passed from word to word: tensors whose first dimension is the row being decoded."""


Measure = Callable[[Batch, Noise], dict[str, Tensor]]
"""Sums over the target tokens of a batch, by name, for validation."""


class Mean(NamedTuple):
    """A mean over ``units``, tokens or sessions: the weight of a piece's mean when a batch is processed in pieces."""

    value: Tensor
    units: Tensor | int


def mean(total: Tensor, units: Tensor | int) -> Mean:
    return Mean(total / units, units)


@dataclass(frozen=True)
class Loss:
    """What a phase minimises, the numbers worth logging, and the codes that later phases may reuse."""

    total: Mean
    terms: Mapping[str, Mean] = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises TypeError unless ``total`` is a Mean."""
        if not isinstance(self.total, Mean):
            raise TypeError(f"the total of a Loss is a Mean, a value and its units, not a {type(self.total).__name__}")


@dataclass(frozen=True)
class Phase:
    """One optimiser's part of an iteration: the loss that it minimises, over which parameters, and how many times.

    ``loss`` takes the batch if ``reuses_codes`` is False, and codes from an earlier phase if it is True;
    the i-th of its ``repeats`` gets the codes of the i-th most recent batch.
    """

    name: str
    loss: Callable[[Batch, Noise], Loss] | Callable[[Codes, Noise], Loss]
    parameters: Mapping[str, nn.Parameter]
    optimiser: OptimiserConfig
    repeats: int = 1
    reuses_codes: bool = False

    def __post_init__(self) -> None:
        """Raises TypeError unless ``parameters`` have names."""
        if not isinstance(self.parameters, Mapping):
            kind = type(self.parameters).__name__
            raise TypeError(f"the parameters of a Phase are a dictionary, dict(self.named_parameters()), not a {kind}")


@dataclass(frozen=True)
class Period:
    """A part of training: its ``share`` of the iterations, the phases of an iteration, and how it is validated.

    ``validate`` gives sums over the target tokens, as ``Model.negative_log_likelihood`` does, which is used if it is
    None. The checkpoint with the lowest ``select_by`` (empty: as the settings say) is the best, and the next period
    starts from it. ``answers``: whether the system can answer yet. If so, its z and its answers are measured too.
    """

    name: str
    share: float
    phases: tuple[Phase, ...]
    validate: Measure | None = None
    select_by: str = ""
    answers: bool = True


class Model(nn.Module, ABC):
    """A system. ``latent``: it has a z. ``deterministic``: it always gives the same answer to a context, so only one is
    decoded.

    ``user_rows`` names the parameters or buffers that have a row for each user: what the system knows about them. For
    an embedding in ``self.people`` it is ``("people.weight",)``.
    ``iteration``, of the period, is set by the training loop: some losses follow a schedule.
    """

    display_name: str
    reference: str
    latent: bool
    user_information: str
    deterministic: bool
    user_rows: tuple[str, ...] = ()
    needs_statistics = False
    iteration = 0

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__()
        self.config, self.vocabulary_size, self.user_count = config, vocabulary_size, users

    @property
    def knows_by_words(self) -> bool:
        """Whether users are represented by their personal words (tf-idf)."""
        return "user_words.weights" in self.user_rows

    @abstractmethod
    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        """The phases of one iteration, in order; if there are several periods, those of the last one."""

    def periods(self, config: TrainConfig) -> tuple[Period, ...]:
        """The periods of training, in order: one, unless a system says otherwise."""
        return (Period("training", 1.0, self.phases(config)),)

    def inform(self, statistics: Statistics) -> None:
        """Receives statistics of the training split, before training, to keep with the weights. By default: nothing."""

    @abstractmethod
    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """Sums over the batch's target tokens of -log p(token), in nats, by validation measure."""

    @abstractmethod
    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:
        """The decoder's state before the first word: ``samples`` rows for each session, side by side.

        ``posterior``: z is the posterior's mean, which has seen the response; for inspection, never for answers.
        """

    @abstractmethod
    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads one token per row ([rows]); returns the next token's logits ([rows, vocabulary]) and the new state."""

    def posterior_mean(self, batch: Batch, noise: Noise) -> Tensor:
        """[batch, z]: the posterior's mean for each session. Only for systems with a z."""
        raise NotImplementedError(f"{self.display_name} has no z")

    def latent_samples(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        """z of each session, [batch, z]: from the posterior, from the prior. Only for systems with a z."""
        raise NotImplementedError(f"{self.display_name} has no z")

    def draw_z(self, batch: Batch, samples: int, noise: Noise) -> Tensor:
        """[batch * samples, z]: what ``begin`` draws from the prior with the same noise. Only for systems with a z."""
        raise NotImplementedError(f"{self.display_name} has no z")

    def begin_at(self, batch: Batch, z: Tensor, noise: Noise) -> State:
        """As ``begin``, with one row per session, from its ``z`` [batch, z]. Only for systems with a z."""
        raise NotImplementedError(f"{self.display_name} has no z")

    def cost_of(self, batch: Batch, z: Tensor, noise: Noise) -> Tensor:
        """-log p(response | z and the decoder's other inputs), summed over the batch. Only for systems with a z."""
        raise NotImplementedError(f"{self.display_name} has no z")

    def explain(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:  # noqa: ARG002
        """What led to the responses of ``batch``, by name, one row per session; ``noise`` is that of the responses."""
        return {}

    @property
    @abstractmethod
    def words(self) -> nn.Embedding:
        """The table of word vectors, to be initialised from the word2vec artifact."""


def parameters_of(model: nn.Module, *names: str) -> dict[str, nn.Parameter]:
    """The parameters of the named children of ``model``, by full name, each once."""
    return {key: value for key, value in model.named_parameters() if key.split(".")[0] in names}


def repeat(rows: Tensor, samples: int) -> Tensor:
    """Each row ``samples`` times, side by side."""
    return rows.repeat_interleave(samples, dim=0)


def detached(**tensors: Tensor) -> Codes:
    """The codes, detached from the graph; bfloat16 is converted to float32, which later phases use."""
    return {
        name: tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
        for name, tensor in tensors.items()
    }


def dropped_users(user: Tensor, noise: Noise, rate: float) -> Tensor:
    """User dropout: in training, a share ``rate`` of the sessions is answered by user 0, nobody in particular."""
    if not noise.training or rate == 0.0:
        return user
    return torch.where(noise.uniform(len(user)) < rate, 0, user)
