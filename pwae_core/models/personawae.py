"""PersonaWAE (Chan et al. 2019): all of section 3, with the ablations of Table 4."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.equations import fuse, mixture_weights
from pwae_core.models.base import (
    Codes,
    Loss,
    Mean,
    Model,
    Phase,
    State,
    detached,
    dropped_users,
    mean,
    parameters_of,
    repeat,
)
from pwae_core.nn.decoders import GatedDecoder, PlainDecoder
from pwae_core.nn.encoders import ContextEncoder, UtteranceEncoder, mean_over
from pwae_core.nn.latent import Critic, Fusion, Gaussian, GaussianHead, Generator, MixtureHead
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import PAD

ENCODERS = ("word_table", "utterance_encoder", "response_encoder", "context_encoder")
POSTERIOR = ("recognition", "posterior_generator")
PRIOR = ("personalisation", "context_mixture", "fusion", "prior_generator")
DECODER = ("start", "decoder", "output")


class PersonaWAE(Model):
    """Context and user give a prior over z (two fused Gaussian mixtures); z and the context give the response. The user
    enters every step of the decoder through a gate. A critic draws posterior and prior together.
    """

    display_name = "PersonaWAE"
    reference = "Chan et al. 2019"
    latent = True
    user_information = "embedding, in prior and decoder"
    user_rows: tuple[str, ...] = ("user_table.weight",)
    deterministic = False

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        c, x = 2 * config.hidden_size, 2 * config.hidden_size
        z, u = config.latent_size, config.user_size
        if config.without_prior and config.without_fusion:
            self.user_rows = ()  # no answer depends on who gives it
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.user_table = nn.Embedding(users, u)
        self.utterance_encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.response_encoder = (
            None if config.shared_encoder else UtteranceEncoder(config.word_size, config.hidden_size)
        )
        self.context_encoder = ContextEncoder(2 * config.hidden_size, config.hidden_size)
        self.recognition = GaussianHead(x + c + (u if config.posterior_sees_user else 0), z)
        hard = config.gumbel == "hard"
        self.context_mixture = MixtureHead(
            c, z, config.context_components or config.components, config.temperature, hard=hard
        )
        self.personalisation = (
            None if config.without_prior else MixtureHead(u, z, config.components, config.temperature, hard=hard)
        )
        self.fusion = None if config.without_prior else Fusion(c, u)
        self.posterior_generator = Generator(z) if config.generators else nn.Identity()
        self.prior_generator = Generator(z) if config.generators else nn.Identity()
        self.start = nn.Linear(z + c, config.hidden_size)
        self.decoder = (
            PlainDecoder(config.word_size, config.hidden_size)
            if config.without_fusion
            else GatedDecoder(config.word_size, u, config.hidden_size)
        )
        self.output = Output(config.hidden_size, vocabulary_size)
        self.critic = Critic(z, c + (u if config.critic_sees_user else 0), 2 * config.hidden_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        sees = self.config.posterior_sees_user
        users_decoded = ["user_table"] if sees or not self.config.without_fusion else []
        users_in_latent = ["user_table"] if sees or not self.config.without_prior else []
        autoencoder = parameters_of(self, *ENCODERS, *POSTERIOR, *DECODER, *users_decoded)
        generator = parameters_of(self, *POSTERIOR, *PRIOR, *users_in_latent)
        critic = parameters_of(self, "critic")
        critic_loss = partial(self.critic_loss, penalty_weight=config.penalty_weight)
        return (
            Phase("autoencoder", self.autoencoder_loss, autoencoder, config.autoencoder),
            Phase("generator", self.generator_loss, generator, config.generator, reuses_codes=True),
            Phase("critic", critic_loss, critic, config.critic, config.critic_steps, reuses_codes=True),
        )

    # -- encode

    def encode_context(self, batch: Batch, noise: Noise) -> Tensor:
        """c, [batch, 2 hidden] (section 3.2)."""
        words = noise.dropout(self.word_table(batch.context), self.config.word_dropout)
        vectors = self.utterance_encoder.turns(words, batch.context_lengths)
        vectors = noise.dropout(vectors, self.config.utterance_dropout)
        c: Tensor = self.context_encoder(vectors, batch.from_responder, (batch.context_lengths > 0).sum(dim=1))
        return c

    def encode_response(self, batch: Batch, noise: Noise) -> Tensor:
        """x, [batch, 2 hidden], without <s> and </s> (section 3.2)."""
        words = noise.dropout(self.word_table(batch.response[:, 1:-1]), self.config.word_dropout)
        encoder = self.response_encoder or self.utterance_encoder
        x: Tensor = noise.dropout(encoder(words, batch.response_lengths - 1), self.config.utterance_dropout)
        return x

    def posterior(self, x: Tensor, c: Tensor, u: Tensor) -> Gaussian:
        """q(z|x, c) before the generator: equation 7."""
        seen = (x, c, u) if self.config.posterior_sees_user else (x, c)
        gaussian: Gaussian = self.recognition(torch.cat(seen, dim=-1))
        return gaussian

    def sample_prior(self, c: Tensor, u: Tensor, noise: Noise) -> Tensor:
        """z_p ~ p(z|c, u): equations 4 to 6 and 8, fused by equation 9, through the prior's generator."""
        z = self.context_mixture.sample(self.context_mixture(c), noise)
        if self.personalisation is not None and self.fusion is not None:
            z_user = self.personalisation.sample(self.personalisation(u), noise)
            z = fuse(self.fusion(c, u), z, z_user)
        z_prior: Tensor = self.prior_generator(z)
        return z_prior

    def _condition(self, c: Tensor, u: Tensor) -> Tensor:
        return torch.cat((c, u), dim=-1) if self.config.critic_sees_user else c

    # -- losses

    def reconstruction(self, batch: Batch, z: Tensor, c: Tensor, u: Tensor, noise: Noise) -> Tensor:
        """-log p(x|z, c, u), summed over the batch's tokens: equations 10 to 12."""
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        states = self._decode(self.start(torch.cat((z, c), dim=-1)), words, u, batch.response_lengths)
        return self.output.loss(states, batch.response[:, 1:], batch.response_lengths)

    def _decode(self, start: Tensor, words: Tensor, u: Tensor, lengths: Tensor | None = None) -> Tensor:
        seen = (words,) if self.config.without_fusion else (words, u)
        states: Tensor = self.decoder(start, *seen, lengths)
        return states

    def autoencoder_loss(self, batch: Batch, noise: Noise) -> Loss:
        """Equation 12, first term, per token: z from the posterior."""
        user = dropped_users(batch.user, noise, self.config.user_dropout)
        c, x, u = self.encode_context(batch, noise), self.encode_response(batch, noise), self.user_table(user)
        z = self.posterior_generator(self.posterior(x, c, u).sample(noise))
        loss = mean(self.reconstruction(batch, z, c, u, noise), batch.response_lengths.sum())
        if self.config.clean_codes:
            c, x = self._clean_codes(batch, noise)
        return Loss(loss, {"reconstruction": loss}, detached(context=c, response=x, user=user))

    @torch.no_grad()
    def _clean_codes(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        """c and x without dropout."""
        quiet = replace(noise, training=False)
        return self.encode_context(batch, quiet), self.encode_response(batch, quiet)

    def generator_loss(self, codes: Codes, noise: Noise) -> Loss:
        """Equation 12, second term: posterior and prior move to where the critic cannot tell them apart.

        The condition [c; u] that the critic reads is detached: only z moves.
        """
        c, x, u = codes["context"], codes["response"], self.user_table(codes["user"])
        posterior = self.posterior_generator(self.posterior(x, c, u).sample(noise))
        prior = self.sample_prior(c, u, noise)
        condition = self._condition(c, u.detach())
        distance = Mean(self.critic.distance(posterior, prior, condition), len(c))
        return Loss(distance, {"wasserstein": distance})

    def critic_loss(self, codes: Codes, noise: Noise, penalty_weight: float) -> Loss:
        """What the critic minimises: -W + lambda E(|grad f| - 1)^2."""
        c, x = codes["context"], codes["response"]
        with torch.no_grad():
            u = self.user_table(codes["user"])
            posterior = self.posterior_generator(self.posterior(x, c, u).sample(noise))
            prior = self.sample_prior(c, u, noise)
        condition = self._condition(c, u)
        distance, penalty = self.critic.distance_and_penalty(posterior, prior, condition, noise)
        terms = {"critic_wasserstein": Mean(distance, len(c)), "penalty": Mean(penalty, len(c))}
        return Loss(Mean(penalty_weight * penalty - distance, len(c)), terms)

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        posterior, prior = self.latent_samples(batch, noise)
        return {
            "posterior_nll": self.cost_of(batch, posterior, noise),
            "prior_nll": self.cost_of(batch, prior, noise),
        }

    def latent_samples(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        c, x, u = self.encode_context(batch, noise), self.encode_response(batch, noise), self.user_table(batch.user)
        return self.posterior_generator(self.posterior(x, c, u).sample(noise)), self.sample_prior(c, u, noise)

    def posterior_mean(self, batch: Batch, noise: Noise) -> Tensor:
        c, x, u = self.encode_context(batch, noise), self.encode_response(batch, noise), self.user_table(batch.user)
        z: Tensor = self.posterior_generator(self.posterior(x, c, u).mean)
        return z

    def cost_of(self, batch: Batch, z: Tensor, noise: Noise) -> Tensor:
        return self.reconstruction(batch, z, self.encode_context(batch, noise), self.user_table(batch.user), noise)

    # -- sample

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:
        c, u = repeat(self.encode_context(batch, noise), samples), repeat(self.user_table(batch.user), samples)
        z = repeat(self.posterior_mean(batch, noise), samples) if posterior else self.sample_prior(c, u, noise)
        return self._start(z, c, u)

    def draw_z(self, batch: Batch, samples: int, noise: Noise) -> Tensor:
        c, u = repeat(self.encode_context(batch, noise), samples), repeat(self.user_table(batch.user), samples)
        return self.sample_prior(c, u, noise)

    def begin_at(self, batch: Batch, z: Tensor, noise: Noise) -> State:
        return self._start(z, self.encode_context(batch, noise), self.user_table(batch.user))

    def _start(self, z: Tensor, c: Tensor, u: Tensor) -> State:
        return {"state": self.start(torch.cat((z, c), dim=-1)), "user": u}

    def explain(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """pi of both mixtures (equation 5), w_c and w_u (equation 9), and the gate's mean over the response."""
        c, u = self.encode_context(batch, noise), self.user_table(batch.user)
        found = {"context component": mixture_weights(self.context_mixture(c).logits)}
        if self.personalisation is not None and self.fusion is not None:
            found |= {"user component": mixture_weights(self.personalisation(u).logits), "w_c, w_u": self.fusion(c, u)}
        if isinstance(self.decoder, GatedDecoder):
            start = self.start(torch.cat((self.sample_prior(c, u, noise), c), dim=-1))
            gates = self.decoder.gates(start, self.word_table(batch.response[:, :-1]), u)
            found |= {"gate's mean": mean_over(gates.mean(dim=-1), batch.response_lengths).unsqueeze(-1)}
        return found

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        words = self.word_table(tokens).unsqueeze(1)
        states = self._decode(state["state"], words, state["user"])[:, 0]
        return self.output(states), state | {"state": states}
