"""The shared parts: encoders, decoders, critic, output, noise."""

import numpy as np
import pytest
import torch
from torch import nn

from pwae_core.data.statistics import PersonalWords, Statistics
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.decoders import GatedDecoder, PlainDecoder
from pwae_core.nn.encoders import ContextEncoder, UtteranceEncoder, concatenate
from pwae_core.nn.latent import Critic, Fusion, MixtureHead, fused
from pwae_core.nn.noise import seeded
from pwae_core.nn.output import Output
from pwae_core.nn.rewards import LanguageModel, Rewards
from pwae_core.nn.users import UserWords

CPU = torch.device("cpu")


def test_utterance_encoder_does_not_read_padding() -> None:
    encoder = UtteranceEncoder(3, 4)
    words = torch.randn(2, 5, 3)
    padded = torch.cat((words, torch.randn(2, 4, 3)), dim=1)
    lengths = torch.tensor([5, 2])
    torch.testing.assert_close(encoder(words, lengths), encoder(padded, lengths))


def test_utterance_encoder_joins_the_two_final_states() -> None:
    encoder = UtteranceEncoder(3, 4)
    words = torch.randn(1, 5, 3)
    states, final = encoder.states(words, torch.tensor([5]))
    torch.testing.assert_close(final[0], torch.cat((states[0, -1, :4], states[0, 0, 4:])))


def test_an_absent_utterance_is_a_zero_vector() -> None:
    encoder = UtteranceEncoder(3, 4)
    vectors = encoder(torch.randn(2, 5, 3), torch.tensor([0, 3]))
    assert vectors[0].tolist() == [0.0] * 8
    assert vectors[1].abs().sum() > 0


def test_context_encoder_hears_who_speaks_and_ignores_absent_turns() -> None:
    encoder = ContextEncoder(6, 4)
    utterances = torch.randn(1, 3, 6)
    two = torch.tensor([2])
    one = encoder(utterances, torch.tensor([[1.0, 0.0, 0.0]]), two)
    other = encoder(utterances, torch.tensor([[0.0, 0.0, 0.0]]), two)
    longer = encoder(utterances + torch.tensor([0.0, 0.0, 9.0]).view(1, 3, 1), torch.tensor([[1.0, 0.0, 0.0]]), two)
    assert not torch.allclose(one, other)
    torch.testing.assert_close(one, longer)


def test_concatenate_closes_utterances_and_drops_padding() -> None:
    context = torch.tensor([[[5, 6, 0], [7, 0, 0]], [[8, 9, 9], [0, 0, 0]]])
    tokens, lengths = concatenate(context, torch.tensor([[2, 1], [3, 0]]), 5)
    assert lengths.tolist() == [5, 4]
    assert tokens.tolist() == [[5, 6, 3, 7, 3], [8, 9, 9, 3, 0]]


def test_gated_decoder_without_the_user_is_torch_gru() -> None:
    decoder = GatedDecoder(3, 2, 4)
    reference = nn.GRU(3, 4, batch_first=True)
    with torch.no_grad():
        reference.weight_ih_l0.copy_(decoder.word_input.weight)
        reference.bias_ih_l0.copy_(decoder.word_input.bias)
        reference.weight_hh_l0.copy_(decoder.recurrent.weight)
        reference.bias_hh_l0.copy_(decoder.recurrent.bias)
        decoder.user_input.weight.zero_()
    start, words = torch.randn(2, 4), torch.randn(2, 6, 3)
    expected, _ = reference(words, start.unsqueeze(0))
    torch.testing.assert_close(decoder(start, words, torch.randn(2, 2)), expected)


def test_gated_decoder_against_equation_11_in_numpy() -> None:
    decoder = GatedDecoder(3, 2, 4).double()
    start, words, user = (torch.randn(*shape, dtype=torch.float64) for shape in ((1, 4), (1, 5, 3), (1, 2)))
    p = {name: value.detach().numpy() for name, value in decoder.named_parameters()}

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    s, u = start[0].numpy(), user[0].numpy()
    for d, got in zip(words[0].numpy(), decoder(start, words, user)[0], strict=True):
        g = sigmoid(p["gate_state.weight"] @ s + p["gate_word.weight"] @ d + p["gate_user.weight"] @ u)
        x = np.concatenate((d, g * u))  # [d_t; g * u]
        w = np.concatenate((p["word_input.weight"], p["user_input.weight"]), axis=1)
        r_x, z_x, n_x = np.split(w @ x + p["word_input.bias"], 3)
        r_s, z_s, n_s = np.split(p["recurrent.weight"] @ s + p["recurrent.bias"], 3)
        z = sigmoid(z_x + z_s)
        s = (1 - z) * np.tanh(n_x + sigmoid(r_x + r_s) * n_s) + z * s
        np.testing.assert_allclose(got.detach().numpy(), s, rtol=1e-12)


@pytest.mark.parametrize("kind", ["gated", "plain", "attention"])
def test_decoding_word_by_word_gives_the_states_of_all_words_at_once(kind: str) -> None:
    start, words, user = torch.randn(2, 4), torch.randn(2, 6, 3), torch.randn(2, 5)
    source, real = torch.randn(2, 7, 8), torch.ones(2, 7, dtype=torch.bool)
    if kind == "gated":
        gated = GatedDecoder(3, 5, 4)
        run = lambda s, w: gated(s, w, user)  # noqa: E731
    elif kind == "plain":
        run = PlainDecoder(3, 4)
    else:
        attending = AttentionDecoder(3, 8, 4)
        run = lambda s, w: attending(s, w, source, attending.key(source), real)  # noqa: E731
    state, states = start, []
    for step in range(6):
        state = run(state, words[:, step : step + 1])[:, 0]
        states.append(state)
    torch.testing.assert_close(torch.stack(states, dim=1), run(start, words))


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_penalty_of_a_linear_critic_is_what_a_hand_computes(batch: int) -> None:
    critic = Critic(2, 1, 4)
    critic.of_z, critic.of_condition, critic.layers = nn.Linear(2, 1), nn.Linear(1, 1), nn.Sequential()
    with torch.no_grad():
        critic.of_z.weight.copy_(torch.tensor([[3.0, 4.0]]))  # the condition's weight is not in the penalty
    samples = torch.randn(batch, 2), torch.randn(batch, 2), torch.randn(batch, 1)
    _, penalty = critic.distance_and_penalty(*samples, seeded(0, CPU))
    assert penalty.item() == pytest.approx(16.0, rel=1e-5)


def test_critic_samples_do_not_see_each_other() -> None:
    critic = Critic(2, 1, 4)
    z, condition = torch.randn(5, 2), torch.randn(5, 1)
    torch.testing.assert_close(critic(z, condition)[:1], critic(z[:1], condition[:1]))


def test_trained_critic_orders_three_separations() -> None:
    """Two unit Gaussians 0.5, 1 and 2 apart: the estimates rise, and come near the distances."""
    estimates = []
    for distance in (0.5, 1.0, 2.0):
        torch.manual_seed(0)
        critic, noise = Critic(2, 1, 16), seeded(0, CPU)
        optimiser = torch.optim.Adam(critic.parameters(), 5e-3, betas=(0.5, 0.9))
        shift, nothing = torch.tensor([distance, 0.0]), torch.zeros(128, 1)
        for _ in range(150):
            one, other = noise.normal(128, 2) + shift, noise.normal(128, 2)
            estimate, penalty = critic.distance_and_penalty(one, other, nothing, noise)
            loss = 10 * penalty - estimate
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        many = torch.zeros(20_000, 1)
        with torch.no_grad():
            one, other = noise.normal(20_000, 2) + shift, noise.normal(20_000, 2)
            estimates.append((critic(one, many).mean() - critic(other, many).mean()).item())
    assert estimates == sorted(estimates)
    for estimate, distance in zip(estimates, (0.5, 1.0, 2.0), strict=True):
        assert estimate == pytest.approx(distance, rel=0.4)


def test_mixture_head_cuts_its_output_into_the_three_parts() -> None:
    head = MixtureHead(5, 4, 3, 0.1)
    mixture = head(torch.randn(2, 5))
    assert [tuple(part.shape) for part in mixture] == [(2, 3), (2, 3, 4), (2, 3, 4)]
    again = head.sample(mixture, seeded(3, CPU))
    torch.testing.assert_close(head.sample(mixture, seeded(3, CPU)), again)
    assert not torch.allclose(head.sample(mixture, seeded(4, CPU)), again)


def test_fusion_has_no_bias_and_sums_to_one() -> None:
    fusion = Fusion(3, 2)
    assert [name for name, _ in fusion.named_parameters()] == ["linear.weight"]
    torch.testing.assert_close(fusion(torch.randn(4, 3), torch.randn(4, 2)).sum(dim=1), torch.ones(4))


def test_output_loss_equals_torch_cross_entropy_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(4, 11).double()
    states = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True)
    targets, lengths = torch.randint(0, 11, (3, 5)), torch.tensor([5, 1, 3])
    real = torch.arange(5) < lengths[:, None]
    expected = nn.functional.cross_entropy(output(states[real]), targets[real], reduction="sum")
    wanted = torch.autograd.grad(expected, [states, *output.parameters()])
    for elements in (11, 33, 10_000):
        monkeypatch.setattr("pwae_core.nn.output.CHUNK_ELEMENTS", elements)
        got = output.loss(states, targets, lengths)
        torch.testing.assert_close(got, expected)
        for one, other in zip(torch.autograd.grad(got, [states, *output.parameters()]), wanted, strict=True):
            torch.testing.assert_close(one, other)


def test_dropout_keeps_the_mean_and_is_off_outside_training() -> None:
    values = torch.ones(100_000)
    dropped = seeded(0, CPU).dropout(values, 0.25)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.01)
    torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 4 / 3]))
    assert seeded(0, CPU, training=False).dropout(values, 0.25) is values


def test_output_weights_count_a_session_s_tokens() -> None:
    output = Output(4, 11).double()
    states = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True)
    targets, lengths = torch.randint(0, 11, (3, 5)), torch.tensor([5, 1, 3])
    weights = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)
    rows = [output.loss(states[n : n + 1], targets[n : n + 1], lengths[n : n + 1]) for n in range(3)]
    expected = (torch.stack(rows) * weights).sum()
    got = output.loss(states, targets, lengths, weights)
    torch.testing.assert_close(got, expected)
    wanted = torch.autograd.grad(expected, [states, *output.parameters()])
    for one, other in zip(torch.autograd.grad(got, [states, *output.parameters()]), wanted, strict=True):
        torch.testing.assert_close(one, other)
    means = torch.stack([-row for row in rows]).detach() / lengths
    torch.testing.assert_close(output.log_likelihood(states, targets, lengths), means)


def test_attention_decoder_reads_the_user_at_every_step() -> None:
    decoder = AttentionDecoder(3, 8, 4, user_size=2)
    start, words, source = torch.randn(2, 4), torch.randn(2, 3, 3), torch.randn(2, 7, 8)
    real = torch.ones(2, 7, dtype=torch.bool)
    read = lambda user: decoder(start, words, source, decoder.key(source), real, user)  # noqa: E731
    torch.testing.assert_close(read(None), read(torch.zeros(2, 2)))
    assert (read(torch.ones(2, 2)) != read(torch.zeros(2, 2))).any(dim=-1).all()


def test_fused_mixture_has_the_moments_of_equation_9_s_samples() -> None:
    """Exact components drawn from each mixture and added: the same mean and variance as the fused mixture's."""
    torch.manual_seed(0)
    one, other = MixtureHead(3, 2, 3, 0.1, hard=True), MixtureHead(4, 2, 2, 0.1, hard=True)
    context, user = one(torch.randn(1, 3)), other(torch.randn(1, 4))
    weights = torch.tensor([[0.3, 0.7]])
    mixture = fused(weights, context, user)
    assert [tuple(part.shape) for part in mixture] == [(1, 6), (1, 6, 2), (1, 6, 2)]
    pi = torch.softmax(mixture.logits, dim=-1).unsqueeze(-1)
    mean = (pi * mixture.means).sum(dim=1)
    variance = (pi * (mixture.log_variances.exp() + mixture.means.square())).sum(dim=1) - mean.square()
    many = 200_000
    noise = seeded(0, CPU)
    drawn = [
        head.sample(type(part)(*(t.expand(many, *t.shape[1:]) for t in part)), noise)
        for head, part in ((one, context), (other, user))
    ]
    z = 0.3 * drawn[0] + 0.7 * drawn[1]
    torch.testing.assert_close(z.mean(dim=0), mean[0], atol=0.01, rtol=0.02)
    torch.testing.assert_close(z.var(dim=0), variance[0], atol=0.01, rtol=0.02)


def test_user_words_are_the_weighted_mean_of_their_vectors_and_nothing_for_nobody() -> None:
    words = nn.Embedding(5, 2)
    users = UserWords(2, 2, 5)
    weights, rarity = np.array([[0, 0], [0.75, 0.25]], dtype=np.float32), np.ones(5, dtype=np.float32)
    users.inform(PersonalWords(np.array([[0, 0], [4, 3]]), weights, rarity))
    vectors = users(words, torch.tensor([1, 0]))
    torch.testing.assert_close(vectors[0], 0.75 * words.weight[4] + 0.25 * words.weight[3])
    assert vectors[1].tolist() == [0.0, 0.0]
    assert set(users.state_dict()) == {"ids", "weights", "rarity"}


def test_rewards_by_hand() -> None:
    """Words 4 and 5 point in two directions; the only dull response is word 4."""
    words = nn.Embedding(6, 2)
    with torch.no_grad():
        words.weight.copy_(torch.tensor([[0.0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [0, 1]]))
    rewards = Rewards(6, 2, 1, 3)
    idf = np.array([0, 0, 0, 0, 0.25, 1], dtype=np.float32)
    personal = PersonalWords(np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.float32), idf)
    rewards.inform(Statistics(personal, idf, np.array([[4, 0, 0]])), words)
    context = torch.tensor([[[4, 4], [0, 0]], [[4, 0], [5, 0]]])
    response = torch.tensor([[2, 4, 3, 0], [2, 5, 5, 3]])
    expected = [1.0, 4 / 17**0.5]  # topics (1, 0) and (.2, .8) against (1, 0) and (0, 1)
    assert rewards.coherence(context, response).tolist() == pytest.approx(expected)
    assert rewards.informativeness(response).tolist() == pytest.approx([0.25 - 1, 1.0])
    cut = torch.tensor([[2, 4, 0], [2, 5, 5]])  # without </s>
    assert rewards.informativeness(cut).tolist() == pytest.approx([0.25 - 1, 1.0])


def test_language_model_s_mean_log_likelihood_is_minus_its_loss_a_token() -> None:
    model = LanguageModel(9, 3, 4)
    response, lengths = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]]), torch.tensor([3, 2])
    mean = model.log_likelihood(response, lengths)
    torch.testing.assert_close(-(mean * lengths).sum(), model.loss(response, lengths).detach())
