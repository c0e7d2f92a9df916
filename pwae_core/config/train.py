"""The settings of ``pwae train``. Defaults are the paper's (section 4.3) or, if it gives none, DialogWAE's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pwae_core import plugins
from pwae_core.config.base import Config

SYSTEMS = ("seq2seq", "persona", "adaptation", "cvae", "rl-persona", "dialogwae-gmp", "personawae")
"""pwae's own systems, in the order of Table 2. Plugins add others."""
ALIASES = {"diawae-gmd": "dialogwae-gmp"}
Schedule = Literal["epochs", "iterations", "linear", "cosine", "plateau"]
LIKELIHOODS = ("prior_nll", "posterior_nll")
"""Validation measures for which lower is better, in nats per token."""
OF_ANSWERS = ("bleu_f1", "bleu_recall", "distinct", "speaker")
"""Validation measures of answers, for which higher is better."""
MIXTURES = ("cvae", "dialogwae-gmp", "personawae")
"""The systems whose prior is a mixture. Of pwae's own systems, only these have K components."""


def lacks_components(name: str) -> bool:
    """Whether ``name`` (or its alias) is one of pwae's systems without K."""
    return ALIASES.get(name, name) in {*SYSTEMS} - {*MIXTURES}


def no_components(name: str) -> str:
    """The reason why K is refused for a system."""
    return f"{name} has no mixture prior, so there is no K to choose; {', '.join(MIXTURES)} have one"


class ModelConfig(Config):
    """What is trained: the system, its sizes, and our readings of the paper (see docs/reading-the-paper.md)."""

    name: str = Field("personawae", description="The system to train; 'pwae models' lists them.")
    word_size: int = Field(200, gt=0, description="Dimensions of a word vector; must match the embeddings.")
    hidden_size: int = Field(256, gt=0, description="Units of each GRU, in each direction.")
    user_size: int = Field(512, gt=0, description="Dimensions of a user embedding.")
    latent_size: int = Field(200, gt=0, description="Dimensions of z.")
    components: int = Field(3, gt=0, description="K: components of the personalisation GMD (Table 3).")
    context_components: int | None = Field(
        None, gt=0, description="Components of the context GMD; default: the same K."
    )
    temperature: float = Field(0.1, ge=1e-3, description="tau of the Gumbel-softmax, equation 6.")
    gumbel: Literal["soft", "hard"] = Field(
        "soft", description="Equation 6 as printed, or DialogWAE's straight-through form."
    )
    generators: bool = Field(
        True, description="Pass the samples of posterior and prior through an MLP, as DialogWAE does."
    )
    posterior_sees_user: bool = Field(
        False, description="q(z|x, c, u) of equation 12 instead of q(z|x, c) of equation 7."
    )
    critic_sees_user: bool = Field(True, description="Let the critic read [z; c; u]; false: [z; c].")
    without_prior: bool = Field(False, description="Table 4, w/o prior: the prior is the context GMD alone.")
    without_fusion: bool = Field(False, description="Table 4, w/o fusion: no user input and no gate in the decoder.")
    shared_encoder: bool = Field(
        False, description="One utterance encoder for context and response; the paper has two."
    )
    user_words: int = Field(
        50, gt=0, description="Maximum number of personal words of a user (adaptation, rl-persona)."
    )
    kl_annealing: int = Field(
        10_000, gt=0, description="Iterations over which the weight of the KL divergence grows to 1 (cvae)."
    )
    bag_of_words: float = Field(1.0, ge=0, description="Weight of the bag-of-words loss (cvae); 0: none.")
    max_length: int = Field(
        40, gt=0, le=10_000, description="Maximum tokens of an utterance that is read, and of an answer."
    )
    word_dropout: float = Field(0.5, ge=0, lt=1, description="Dropout on the word vectors of the encoders.")
    utterance_dropout: float = Field(0.25, ge=0, lt=1, description="Dropout on the utterance vectors.")
    decoder_dropout: float = Field(0.5, ge=0, lt=1, description="Dropout on the word vectors of the decoder.")
    clean_codes: bool = Field(
        True, description="Encode without dropout for the generator's and critic's steps (personawae, dialogwae-gmp)."
    )
    initialisation: Literal["orthogonal", "torch"] = Field(
        "orthogonal", description="Initialise GRUs orthogonally and output weights in +-.1, or use torch's defaults."
    )
    user_dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of sessions trained as if nobody in particular (<unk>) answered."
    )

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parts of PersonaWAE that an ablation is without (Table 4)."""
        return tuple(part for part in ("prior", "fusion") if getattr(self, f"without_{part}"))

    @field_validator("name", mode="before")
    @classmethod
    def _alias(cls, name: object) -> object:
        return ALIASES.get(name, name) if isinstance(name, str) else name

    @field_validator("name")
    @classmethod
    def _somebody_has_it(cls, name: str) -> str:
        if name not in SYSTEMS and name not in {one.name for one in plugins.installed("system")}:
            raise ValueError(f"no such system; {plugins.hint('system', name, SYSTEMS)}")
        return name

    @model_validator(mode="after")
    def _ablations_are_of_personawae(self) -> Self:
        if self.left_out and self.name != "personawae":
            raise ValueError(f"without_{self.left_out[0]} is an ablation of personawae; {self.name} has no such part")
        return self

    @model_validator(mode="after")
    def _components_are_of_mixtures(self) -> Self:
        for field in ("components", "context_components"):
            if lacks_components(self.name) and getattr(self, field) != type(self).model_fields[field].default:
                raise ValueError(f"{field} = {getattr(self, field)}: {no_components(self.name)}")
        return self


class OptimiserConfig(Config):
    """How one group of parameters is updated, and how its learning rate changes."""

    kind: Literal["sgd", "rmsprop", "adam"] = Field("sgd", description="The optimiser.")
    rate: float = Field(1.0, gt=0, description="Learning rate, after the warm-up and before any decay.")
    schedule: Schedule = Field(
        "epochs",
        description="epochs, iterations: multiplied by decay every decay_every of them. linear, cosine: falls to "
        "decay times the rate over decay_every iterations. plateau: multiplied by decay after decay_every validations "
        "without improvement.",
    )
    decay: float = Field(1.0, ge=0, le=1, description="Factor on the learning rate; see schedule.")
    decay_every: int = Field(10, gt=0, description="Epochs, iterations or validations; see schedule.")
    warmup: int = Field(0, ge=0, description="Iterations over which the learning rate rises linearly to its value.")
    clip: float = Field(0.0, ge=0, description="Maximum norm of the gradient; 0: not clipped.")

    @model_validator(mode="after")
    def _a_schedule_has_somewhere_to_go(self) -> Self:
        if self.schedule != "epochs" and self.decay == 1:
            raise ValueError(f"schedule = {self.schedule}: give a decay below 1, or the rate never changes")
        if self.schedule != "epochs" and "decay_every" not in self.model_fields_set:
            counted = "validations" if self.schedule == "plateau" else "iterations"
            raise ValueError(f"schedule = {self.schedule}: give decay_every, in {counted}")
        if self.schedule in ("epochs", "iterations", "plateau") and self.decay == 0:
            raise ValueError(f"decay = 0: with schedule = {self.schedule} nothing more would be learned")
        return self


class TrainConfig(Config):
    """One training run."""

    listed: ClassVar[str] = "'pwae train --show-config' prints all settings."

    model: ModelConfig = Field(ModelConfig(), description="What is trained.")
    autoencoder: OptimiserConfig = Field(
        OptimiserConfig(kind="sgd", rate=1.0, decay=0.6, clip=1.0), description="The optimiser of the reconstruction."
    )
    generator: OptimiserConfig = Field(
        OptimiserConfig(kind="rmsprop", rate=5e-5),
        description="The optimiser of posterior and prior against the critic.",
    )
    critic: OptimiserConfig = Field(
        OptimiserConfig(kind="rmsprop", rate=1e-5), description="The optimiser of the critic."
    )
    critic_steps: int = Field(5, gt=0, description="Critic steps in one iteration.")
    penalty_weight: float = Field(10.0, ge=0, description="Weight of the gradient penalty.")
    period_shares: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (), description="Share of the iterations for each period (adaptation, rl-persona); none: the system's default."
    )
    reward_weights: tuple[float, float, float] = Field(
        (1.0, 1.0, 1.0), description="Weights of coherence, informativeness and grammaticality (rl-persona)."
    )
    likelihood_weight: float = Field(
        1.0, ge=0, description="Weight of the likelihood beside the policy gradient (rl-persona)."
    )
    batch_size: int = Field(100, gt=0, description="Sessions in a mini-batch.")
    micro_batches: int = Field(
        1,
        gt=0,
        le=10_000,
        description="Parts into which a mini-batch is divided, processed one after the other to save memory.",
    )
    precision: Literal["fp32", "bf16", "auto"] = Field(
        "fp32",
        description="Precision of the reconstruction: float32; bfloat16; or auto, bfloat16 if the processor or GPU "
        "supports it. Generator and critic stay in float32.",
    )
    epochs: int = Field(100, gt=0, description="Maximum passes over the training split.")
    max_steps: int = Field(0, ge=0, description="Maximum iterations; 0: no limit.")
    validate_every: int = Field(0, ge=0, description="Iterations between two validations; 0: once per epoch.")
    validation_sessions: int = Field(5000, gt=0, description="Sessions of the validation split to use.")
    patience: int = Field(
        10, ge=0, description="Validations without improvement before training stops; 0: never stop early."
    )
    select_by: Literal["prior_nll", "posterior_nll", "bleu_f1", "bleu_recall", "distinct", "speaker"] = Field(
        "posterior_nll",
        description="Validation measure that selects the best checkpoint. Fewest nats per token, with z from the "
        "prior or posterior: prior_nll, posterior_nll. Highest value over answers to validation contexts: bleu_f1, "
        "bleu_recall, distinct, speaker.",
    )
    answered_sessions: int | None = Field(
        None,
        ge=0,
        description="Validation sessions to answer at each validation, for the measures of answers; "
        "default: 300 if select_by needs them, otherwise none.",
    )
    answered_samples: int = Field(10, gt=0, description="Answers to each of them.")
    keep_best: int = Field(
        1,
        gt=0,
        description="Number of best checkpoints to keep; the mean of their weights is the checkpoint 'average'.",
    )
    log_every: int = Field(10, gt=0, description="Iterations between two lines of the log.")
    checkpoint_every: int = Field(1000, gt=0, description="Iterations between two checkpoints.")
    explosion: float = Field(1e4, gt=0, description="Absolute value of a loss above which training counts as diverged.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random.")

    @field_validator("autoencoder", "generator", "critic", mode="before")
    @classmethod
    def _keeps_what_a_table_leaves_out(cls, table: object, info: ValidationInfo) -> object:
        """A table with some fields of an optimiser leaves the others as they are in the default."""
        if not isinstance(table, Mapping):
            return table
        return {**cls.model_fields[str(info.field_name)].default.model_dump(exclude_unset=True), **table}

    @model_validator(mode="after")
    def _answers_are_there_to_select_by(self) -> Self:
        if self.select_by in OF_ANSWERS and self.answered_sessions == 0:
            raise ValueError(f"answered_sessions = 0: select_by = {self.select_by} needs answers to measure")
        return self

    @property
    def answers(self) -> int:
        """How many validation sessions are answered at each validation."""
        if self.answered_sessions is not None:
            return self.answered_sessions
        return 300 if self.select_by in OF_ANSWERS else 0


BUDGET = ("epochs", "max_steps", "patience", "micro_batches", "checkpoint_every")
"""What --resume may change: how long training continues, in what parts and how safely, but not what it does."""

PRESETS: dict[str, dict[str, object]] = {
    "paper": {},
    "small": {
        "model": {
            "hidden_size": 128,
            "user_size": 64,
            "latent_size": 64,
            "max_length": 20,
            "word_dropout": 0.2,
            "utterance_dropout": 0.1,
            "user_dropout": 0.05,
            "initialisation": "torch",
        },
        "autoencoder": {"kind": "adam", "rate": 2e-3, "decay": 1.0, "clip": 1.0},
        "generator": {"kind": "rmsprop", "rate": 5e-4},
        "critic": {"kind": "rmsprop", "rate": 2.5e-4},
        "batch_size": 64,
        "validation_sessions": 1000,
    },
}
