"""CVAE (Zhao et al. 2017), as in section 4.2: PersonaWAE's networks, trained with the KL divergence of equation 1.

A KL divergence needs densities, so there are no generators: z is the sample itself. With K_c = K_u = 1 the fused prior
is a Gaussian and the divergence is exact; otherwise it is estimated with the z that is decoded (Monte Carlo). It is a
small difference of large numbers, so posterior and prior are computed in float32 even under autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.equations import (
    bag_of_words_loss,
    gaussian_divergence,
    gaussian_log_density,
    mixture_log_density,
    mixture_weights,
)
from pwae_core.models.base import Loss, Mean, Model, Phase, State, dropped_users, repeat
from pwae_core.nn.decoders import GatedDecoder
from pwae_core.nn.encoders import ContextEncoder, UtteranceEncoder, mean_over, real_positions
from pwae_core.nn.latent import Fusion, Gaussian, GaussianHead, Mixture, MixtureHead, fused
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import PAD


class CVAE(Model):
    """Context and user give a prior over z (two fused Gaussian mixtures); z and the context give the response. The user
    enters every step of the decoder through a gate. The KL divergence draws posterior and prior together.
    """

    display_name = "CVAE"
    reference = "Zhao et al. 2017"
    latent = True
    user_information = "embedding, in prior and decoder"
    user_rows = ("user_table.weight",)
    deterministic = False

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        c, x = 2 * config.hidden_size, 2 * config.hidden_size
        z, u, t = config.latent_size, config.user_size, config.temperature
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.user_table = nn.Embedding(users, u)
        self.utterance_encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.response_encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.context_encoder = ContextEncoder(2 * config.hidden_size, config.hidden_size)
        self.recognition = GaussianHead(x + c, z)
        self.context_mixture = MixtureHead(c, z, config.context_components or config.components, t, hard=True)
        self.personalisation = MixtureHead(u, z, config.components, t, hard=True)
        self.fusion = Fusion(c, u)
        self.start = nn.Linear(z + c, config.hidden_size)
        self.decoder = GatedDecoder(config.word_size, u, config.hidden_size)
        self.output = Output(config.hidden_size, vocabulary_size)
        self.bag_of_words = (
            nn.Sequential(
                nn.Linear(z + c, config.hidden_size), nn.Tanh(), nn.Linear(config.hidden_size, vocabulary_size)
            )
            if config.bag_of_words
            else None
        )

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        return (Phase("autoencoder", self.bound_loss, dict(self.named_parameters()), config.autoencoder),)

    # -- encode

    def encode_context(self, batch: Batch, noise: Noise) -> Tensor:
        """c, [batch, 2 hidden] (section 3.2)."""
        words = noise.dropout(self.word_table(batch.context), self.config.word_dropout)
        vectors = self.utterance_encoder.turns(words, batch.context_lengths)
        vectors = noise.dropout(vectors, self.config.utterance_dropout)
        c: Tensor = self.context_encoder(vectors, batch.from_responder, (batch.context_lengths > 0).sum(dim=1))
        return c

    def posterior(self, batch: Batch, c: Tensor, noise: Noise) -> Gaussian:
        """q(z|x, c): equation 7."""
        words = noise.dropout(self.word_table(batch.response[:, 1:-1]), self.config.word_dropout)
        x = noise.dropout(self.response_encoder(words, batch.response_lengths - 1), self.config.utterance_dropout)
        with torch.autocast(c.device.type, enabled=False):
            gaussian: Gaussian = self.recognition(_widened(torch.cat((x, c), dim=-1)))
        return gaussian

    def prior(self, c: Tensor, u: Tensor) -> Mixture:
        """p(z|c, u): equations 4, 5 and 8, fused by equation 9 into K_c x K_u components."""
        c = _widened(c)
        with torch.autocast(c.device.type, enabled=False):
            return fused(self.fusion(c, u), self.context_mixture(c), self.personalisation(u))

    def sample_prior(self, c: Tensor, u: Tensor, noise: Noise) -> Tensor:
        return self.context_mixture.sample(self.prior(c, u), noise)

    # -- losses

    def reconstruction(self, batch: Batch, z: Tensor, c: Tensor, u: Tensor, noise: Noise) -> Tensor:
        """-log p(x|z, c, u), summed over the batch's tokens: equations 1, 10 and 11."""
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        states = self.decoder(self.start(torch.cat((z, c), dim=-1)), words, u, batch.response_lengths)
        return self.output.loss(states, batch.response[:, 1:], batch.response_lengths)

    def divergence(self, posterior: Gaussian, prior: Mixture, z: Tensor) -> Tensor:
        """KL(q || p) of each session, [batch], in nats: exact for one component, otherwise estimated at ``z`` ~ q."""
        if prior.logits.shape[1] == 1:
            return gaussian_divergence(*posterior, prior.means[:, 0], prior.log_variances[:, 0])
        return gaussian_log_density(z, *posterior) - mixture_log_density(z, *prior)

    def bound_loss(self, batch: Batch, noise: Noise) -> Loss:
        """Equation 1, negated, per token, with the divergence weighted by its annealing, plus the bag-of-words loss."""
        tokens = batch.response_lengths.sum()
        u = self.user_table(dropped_users(batch.user, noise, self.config.user_dropout))
        c = self.encode_context(batch, noise)
        posterior = self.posterior(batch, c, noise)
        z = posterior.sample(noise)
        reconstruction = self.reconstruction(batch, z, c, u, noise) / tokens
        divergence = self.divergence(posterior, self.prior(c, u), z).mean()
        weight = min(1.0, (self.iteration + 1) / self.config.kl_annealing)
        total = reconstruction + weight * divergence * len(batch) / tokens
        terms = {"reconstruction": Mean(reconstruction, tokens), "kl": Mean(divergence, len(batch))}
        if self.bag_of_words is not None:
            logits = self.bag_of_words(torch.cat((z, c), dim=-1))
            real = real_positions(batch.response_lengths - 1, batch.response.shape[1] - 2)
            bag = bag_of_words_loss(torch.log_softmax(_widened(logits), dim=-1), batch.response[:, 1:-1], real) / tokens
            total, terms = total + self.config.bag_of_words * bag, terms | {"bag_of_words": Mean(bag, tokens)}
        return Loss(Mean(total, tokens), terms)

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        posterior, prior = self.latent_samples(batch, noise)
        return {
            "posterior_nll": self.cost_of(batch, posterior, noise),
            "prior_nll": self.cost_of(batch, prior, noise),
        }

    def latent_samples(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        c, u = self.encode_context(batch, noise), self.user_table(batch.user)
        return self.posterior(batch, c, noise).sample(noise), self.sample_prior(c, u, noise)

    def posterior_mean(self, batch: Batch, noise: Noise) -> Tensor:
        return self.posterior(batch, self.encode_context(batch, noise), noise).mean

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
        start = self.start(torch.cat((self.sample_prior(c, u, noise), c), dim=-1))
        gates = self.decoder.gates(start, self.word_table(batch.response[:, :-1]), u)
        return {
            "context component": mixture_weights(self.context_mixture(c).logits),
            "user component": mixture_weights(self.personalisation(u).logits),
            "w_c, w_u": self.fusion(c, u),
            "gate's mean": mean_over(gates.mean(dim=-1), batch.response_lengths).unsqueeze(-1),
        }

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        states = self.decoder(state["state"], self.word_table(tokens).unsqueeze(1), state["user"])[:, 0]
        return self.output(states), state | {"state": states}


def _widened(values: Tensor) -> Tensor:
    """In float32, or in the wider type that they have."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
