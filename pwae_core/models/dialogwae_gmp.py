"""DialogWAE-GMP (Gu et al. 2019), in Table 2 DiaWAE-GMD: a Wasserstein autoencoder with a Gaussian mixture prior."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.models.base import Codes, Loss, Mean, Model, Phase, State, detached, mean, parameters_of, repeat
from pwae_core.nn.decoders import PlainDecoder
from pwae_core.nn.encoders import ContextEncoder, UtteranceEncoder
from pwae_core.nn.latent import Critic, Gaussian, GaussianHead, Generator, MixtureHead, Trunk
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import PAD

ENCODERS = ("word_table", "utterance_encoder", "context_encoder")
POSTERIOR = ("posterior_trunk", "recognition", "posterior_generator")
PRIOR = ("prior_trunk", "context_mixture", "prior_generator")
DECODER = ("start", "decoder", "output")


class DialogWAEGMP(Model):
    """The context gives a Gaussian mixture prior over z; z and the context give the response. A critic draws posterior
    and prior together. As in DialogWAE, one utterance encoder reads context and response. There is no user.
    """

    display_name = "DiaWAE-GMD"
    reference = "Gu et al. 2019"
    latent = True
    user_information = "none"
    deterministic = False

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        c, x, z = 2 * config.hidden_size, 2 * config.hidden_size, config.latent_size
        components = config.context_components or config.components
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.utterance_encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.context_encoder = ContextEncoder(2 * config.hidden_size, config.hidden_size)
        self.posterior_trunk = Trunk(x + c, z)
        self.recognition = GaussianHead(z, z)
        self.posterior_generator = Generator(z) if config.generators else nn.Identity()
        self.prior_trunk = Trunk(c, z)
        self.context_mixture = MixtureHead(z, z, components, config.temperature, hard=config.gumbel == "hard")
        self.prior_generator = Generator(z) if config.generators else nn.Identity()
        self.start = nn.Linear(z + c, config.hidden_size)
        self.decoder = PlainDecoder(config.word_size, config.hidden_size)
        self.output = Output(config.hidden_size, vocabulary_size)
        self.critic = Critic(z, c, 2 * config.hidden_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        autoencoder = parameters_of(self, *ENCODERS, *POSTERIOR, *DECODER)
        generator = parameters_of(self, *POSTERIOR, *PRIOR)
        critic = parameters_of(self, "critic")
        critic_loss = partial(self.critic_loss, penalty_weight=config.penalty_weight)
        return (
            Phase("autoencoder", self.autoencoder_loss, autoencoder, config.autoencoder),
            Phase("generator", self.generator_loss, generator, config.generator, reuses_codes=True),
            Phase("critic", critic_loss, critic, config.critic, config.critic_steps, reuses_codes=True),
        )

    # -- encode

    def encode_context(self, batch: Batch, noise: Noise) -> Tensor:
        """c, [batch, 2 hidden]."""
        words = noise.dropout(self.word_table(batch.context), self.config.word_dropout)
        vectors = self.utterance_encoder.turns(words, batch.context_lengths)
        vectors = noise.dropout(vectors, self.config.utterance_dropout)
        c: Tensor = self.context_encoder(vectors, batch.from_responder, (batch.context_lengths > 0).sum(dim=1))
        return c

    def encode_response(self, batch: Batch, noise: Noise) -> Tensor:
        """x, [batch, 2 hidden], without <s> and </s>."""
        words = noise.dropout(self.word_table(batch.response[:, 1:-1]), self.config.word_dropout)
        vectors = self.utterance_encoder(words, batch.response_lengths - 1)
        return noise.dropout(vectors, self.config.utterance_dropout)

    def posterior(self, x: Tensor, c: Tensor) -> Gaussian:
        """q(z|x, c) before the generator."""
        gaussian: Gaussian = self.recognition(self.posterior_trunk(torch.cat((x, c), dim=-1)))
        return gaussian

    def sample_posterior(self, x: Tensor, c: Tensor, noise: Noise) -> Tensor:
        """z ~ q(z|x, c), through the posterior's generator."""
        z: Tensor = self.posterior_generator(self.posterior(x, c).sample(noise))
        return z

    def sample_prior(self, c: Tensor, noise: Noise) -> Tensor:
        """z ~ p(z|c): a Gaussian mixture by the Gumbel-softmax, through the prior's generator."""
        mixture = self.context_mixture(self.prior_trunk(c))
        z: Tensor = self.prior_generator(self.context_mixture.sample(mixture, noise))
        return z

    # -- losses

    def reconstruction(self, batch: Batch, z: Tensor, c: Tensor, noise: Noise) -> Tensor:
        """-log p(x|z, c), summed over the batch's tokens."""
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        states = self.decoder(self.start(torch.cat((z, c), dim=-1)), words, batch.response_lengths)
        return self.output.loss(states, batch.response[:, 1:], batch.response_lengths)

    def autoencoder_loss(self, batch: Batch, noise: Noise) -> Loss:
        """The reconstruction, per token: z from the posterior."""
        c, x = self.encode_context(batch, noise), self.encode_response(batch, noise)
        z = self.sample_posterior(x, c, noise)
        loss = mean(self.reconstruction(batch, z, c, noise), batch.response_lengths.sum())
        if self.config.clean_codes:
            c, x = self._clean_codes(batch, noise)
        return Loss(loss, {"reconstruction": loss}, detached(context=c, response=x))

    @torch.no_grad()
    def _clean_codes(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        """c and x without dropout."""
        quiet = replace(noise, training=False)
        return self.encode_context(batch, quiet), self.encode_response(batch, quiet)

    def generator_loss(self, codes: Codes, noise: Noise) -> Loss:
        """The generator's loss: posterior and prior move to where the critic cannot tell them apart."""
        c, x = codes["context"], codes["response"]
        posterior, prior = self.sample_posterior(x, c, noise), self.sample_prior(c, noise)
        distance = Mean(self.critic.distance(posterior, prior, c), len(c))
        return Loss(distance, {"wasserstein": distance})

    def critic_loss(self, codes: Codes, noise: Noise, penalty_weight: float) -> Loss:
        """What the critic minimises: -W + lambda E(|grad f| - 1)^2, with the gradient of each sample on its own."""
        c, x = codes["context"], codes["response"]
        with torch.no_grad():
            posterior, prior = self.sample_posterior(x, c, noise), self.sample_prior(c, noise)
        distance, penalty = self.critic.distance_and_penalty(posterior, prior, c, noise)
        terms = {"critic_wasserstein": Mean(distance, len(c)), "penalty": Mean(penalty, len(c))}
        return Loss(Mean(penalty_weight * penalty - distance, len(c)), terms)

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        posterior, prior = self.latent_samples(batch, noise)
        return {
            "posterior_nll": self.cost_of(batch, posterior, noise),
            "prior_nll": self.cost_of(batch, prior, noise),
        }

    def latent_samples(self, batch: Batch, noise: Noise) -> tuple[Tensor, Tensor]:
        c, x = self.encode_context(batch, noise), self.encode_response(batch, noise)
        return self.sample_posterior(x, c, noise), self.sample_prior(c, noise)

    def posterior_mean(self, batch: Batch, noise: Noise) -> Tensor:
        c, x = self.encode_context(batch, noise), self.encode_response(batch, noise)
        z: Tensor = self.posterior_generator(self.posterior(x, c).mean)
        return z

    def cost_of(self, batch: Batch, z: Tensor, noise: Noise) -> Tensor:
        return self.reconstruction(batch, z, self.encode_context(batch, noise), noise)

    # -- sample

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:
        c = repeat(self.encode_context(batch, noise), samples)
        z = repeat(self.posterior_mean(batch, noise), samples) if posterior else self.sample_prior(c, noise)
        return {"state": self.start(torch.cat((z, c), dim=-1))}

    def draw_z(self, batch: Batch, samples: int, noise: Noise) -> Tensor:
        return self.sample_prior(repeat(self.encode_context(batch, noise), samples), noise)

    def begin_at(self, batch: Batch, z: Tensor, noise: Noise) -> State:
        return {"state": self.start(torch.cat((z, self.encode_context(batch, noise)), dim=-1))}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        states = self.decoder(state["state"], self.word_table(tokens).unsqueeze(1))[:, 0]
        return self.output(states), {"state": states}
