"""RL-Persona (Yang et al. 2018): maximum likelihood, then policy gradient on three rewards.

As in Adaptation, the user is represented by their personal words: tf-idf over their history.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from pwae_core.config.sample import DecodingConfig
from pwae_core.config.train import OF_ANSWERS, ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.data.statistics import DULL_RESPONSES, Statistics
from pwae_core.decoding import decode
from pwae_core.equations import policy_gradient_weights
from pwae_core.models.base import Loss, Mean, Model, Period, Phase, State, dropped_users, mean, parameters_of, repeat
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.encoders import ContextEncoder, UtteranceEncoder, real_positions
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.nn.rewards import LanguageModel, Rewards
from pwae_core.nn.users import UserWords
from pwae_core.text.vocabulary import BOS, EOS, PAD

POLICY = ("word_table", "utterance_encoder", "context_encoder", "start", "decoder", "output")
REWARDS = ("reward", "greedy_reward")


class RLPersona(Model):
    """A hierarchical encoder and a decoder that attends to the utterances; every decoder step reads the user's words.
    Training has three periods: a language model, the likelihood of the responses, the rewards of its own answers.
    """

    display_name = "RL-Persona"
    reference = "Yang et al. 2018"
    latent = False
    user_information = "tf-idf words, in the decoder"
    user_rows = ("user_words.ids", "user_words.weights")
    deterministic = True
    needs_statistics = True

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.user_words = UserWords(users, config.user_words, vocabulary_size)
        self.utterance_encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.context_encoder = ContextEncoder(2 * config.hidden_size, config.hidden_size)
        self.start = nn.Linear(2 * config.hidden_size, config.hidden_size)
        self.decoder = AttentionDecoder(
            config.word_size, 2 * config.hidden_size, config.hidden_size, user_size=config.word_size
        )
        self.output = Output(config.hidden_size, vocabulary_size)
        self.language_model = LanguageModel(vocabulary_size, config.word_size, config.hidden_size)
        self.rewards = Rewards(vocabulary_size, config.word_size, DULL_RESPONSES, config.max_length)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def inform(self, statistics: Statistics) -> None:
        self.user_words.inform(statistics.personal)
        self.rewards.inform(statistics, self.word_table)

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        loss = partial(self.policy_loss, config=config)
        return (Phase("policy", loss, parameters_of(self, *POLICY), config.autoencoder),)

    def periods(self, config: TrainConfig) -> tuple[Period, ...]:
        language = Phase(
            "language_model", self.language_loss, parameters_of(self, "language_model"), config.autoencoder
        )
        likelihood = Phase("autoencoder", self.likelihood_loss, parameters_of(self, *POLICY), config.autoencoder)
        measure = partial(self.lost_reward, config=config)
        selected = config.select_by if config.select_by in OF_ANSWERS else "negative_reward"
        return (
            Period(
                "language model",
                0.1,
                (language,),
                self.language_negative_log_likelihood,
                "language_model_nll",
                answers=False,
            ),
            Period("likelihood", 0.6, (likelihood,)),
            Period("reinforcement", 0.3, self.phases(config), measure, selected),
        )

    # -- encode

    def encode(self, batch: Batch, user: Tensor, noise: Noise) -> State:
        """What the decoder starts from and reads: its state, a vector and a key per turn, and the user's vector."""
        words = noise.dropout(self.word_table(batch.context), self.config.word_dropout)
        utterances = self.utterance_encoder.turns(words, batch.context_lengths)
        utterances = noise.dropout(utterances, self.config.utterance_dropout)
        turns = (batch.context_lengths > 0).sum(dim=1)
        source, c = self.context_encoder.states(utterances, batch.from_responder, turns)
        return {
            "state": self.start(c),
            "source": source,
            "keys": self.decoder.key(source),
            "real": real_positions(turns, source.shape[1]),
            "user": self.user_words(self.word_table, user),
        }

    def _decode(self, words: Tensor, state: State, lengths: Tensor | None = None) -> Tensor:
        states: Tensor = self.decoder(
            state["state"], words, state["source"], state["keys"], state["real"], state["user"], lengths
        )
        return states

    # -- losses

    def _states(self, batch: Batch, code: State, noise: Noise) -> Tensor:
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        return self._decode(words, code, batch.response_lengths)

    def _summed(self, batch: Batch, code: State, noise: Noise) -> Tensor:
        return self.output.loss(self._states(batch, code, noise), batch.response[:, 1:], batch.response_lengths)

    def language_loss(self, batch: Batch, noise: Noise) -> Loss:  # noqa: ARG002
        """-log p(response) of the language model, per token."""
        loss = mean(self.language_model.loss(batch.response, batch.response_lengths), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def likelihood_loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context, user's words), per token."""
        code = self.encode(batch, dropped_users(batch.user, noise, self.config.user_dropout), noise)
        loss = mean(self._summed(batch, code, noise), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def policy_loss(self, batch: Batch, noise: Noise, config: TrainConfig) -> Loss:
        """The self-critical policy gradient -(r(sampled) - r(greedy)) log p(sampled), plus some likelihood.

        Both are divided by the number of tokens in the references, which does not depend on the policy, as that of the
        samples would. Samples are scored as they were drawn, without dropout on the decoder's words.
        """
        code = self.encode(batch, dropped_users(batch.user, noise, self.config.user_dropout), noise)
        held = {name: tensor.detach() for name, tensor in code.items()}
        sampled, greedy = (self.answers(batch, held, drawn, noise) for drawn in (True, False))
        rewards = [self.reward(answered, config) for answered in (sampled, greedy)]
        weights = policy_gradient_weights(*rewards)
        states = self._states(sampled, code, replace(noise, training=False))
        policy = self.output.loss(states, sampled.response[:, 1:], sampled.response_lengths, weights)
        likelihood = self._summed(batch, code, noise)
        tokens = batch.response_lengths.sum()
        terms = {"reconstruction": mean(likelihood, tokens)}
        terms |= {name: Mean(reward.mean(), len(batch)) for name, reward in zip(REWARDS, rewards, strict=True)}
        return Loss(mean(policy + config.likelihood_weight * likelihood, tokens), terms)

    # -- rewards

    def answers(self, batch: Batch, code: State, drawn: bool, noise: Noise) -> Batch:
        """``batch`` with the system's own answers as responses: drawn word by word, or greedy.

        An answer that reached the maximum length has not said </s>, so </s> is not one of its targets.
        """
        strategy = {"strategy": "top-k", "top_k": self.vocabulary_size} if drawn else {"strategy": "greedy"}
        config = DecodingConfig.make({**strategy, "max_length": self.config.max_length, "allow_unknown": True})
        ids = decode(self.step, code, config, noise)
        said = [answer if len(answer) == self.config.max_length else [*answer, EOS] for answer in ids]
        longest = max(map(len, said))
        rows = [[BOS, *targets] + [PAD] * (longest - len(targets)) for targets in said]
        device = batch.response.device
        lengths = torch.tensor([len(targets) for targets in said], device=device)
        return replace(batch, response=torch.tensor(rows, device=device), response_lengths=lengths)

    @torch.no_grad()
    def reward(self, batch: Batch, config: TrainConfig) -> Tensor:
        """[batch]: the weighted sum of coherence, informativeness and grammaticality of the responses of ``batch``.

        Grammaticality is the language model's mean log probability per word, divided by ln V.
        """
        coherence = self.rewards.coherence(batch.context, batch.response)
        informativeness = self.rewards.informativeness(batch.response)
        likelihood = self.language_model.log_likelihood(batch.response, batch.response_lengths)
        grammaticality = likelihood / torch.tensor(float(self.vocabulary_size)).log()
        first, second, third = config.reward_weights
        return first * coherence + second * informativeness + third * grammaticality

    # -- validation

    def language_negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:  # noqa: ARG002
        return {"language_model_nll": self.language_model.loss(batch.response, batch.response_lengths)}

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """There is no z: both measures are the same number."""
        summed = self._summed(batch, self.encode(batch, batch.user, noise), noise)
        return {"posterior_nll": summed, "prior_nll": summed}

    def lost_reward(self, batch: Batch, noise: Noise, config: TrainConfig) -> dict[str, Tensor]:
        """Minus the reward of the greedy answers, each weighted by the number of targets of its reference."""
        code = self.encode(batch, batch.user, noise)
        reward = self.reward(self.answers(batch, code, False, noise), config)
        lost = -(reward * batch.response_lengths).sum()
        return self.negative_log_likelihood(batch, noise) | {"negative_reward": lost}

    # -- sample

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:  # noqa: ARG002
        return {name: repeat(tensor, samples) for name, tensor in self.encode(batch, batch.user, noise).items()}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        states = self._decode(self.word_table(tokens).unsqueeze(1), state)[:, 0]
        return self.output(states), state | {"state": states}
