"""Each formula against NumPy in float64, written from the paper, or against torch's own."""

import math

import numpy as np
import pytest
import torch

from pwae_core import equations

random = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return random.normal(size=shape)


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def close(got: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, atol=1e-12)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_reparametrise_scales_noise_by_the_standard_deviation() -> None:
    mean, log_variance, noise = draw(4, 3), draw(4, 3), draw(4, 3)
    close(equations.reparametrise(*tensors(mean, log_variance, noise)), mean + np.sqrt(np.exp(log_variance)) * noise)


def test_mixture_weights_by_hand() -> None:
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0]], dtype=torch.float64))
    close(equations.mixture_weights(logits), np.array([[0.125, 0.25, 0.625]]))


def test_gumbel_is_finite_at_the_ends_of_the_interval() -> None:
    noise = equations.gumbel(torch.tensor([0.0, 1.0, 0.5]))
    assert torch.isfinite(noise).all()
    assert noise[2].item() == pytest.approx(-np.log(-np.log(0.5)))


def test_gumbel_softmax_against_equation_6() -> None:
    logits, uniform = draw(5, 3), random.uniform(size=(5, 3))
    g = -np.log(-np.log(uniform))
    weights = np.exp((logits + g) / 0.1 - ((logits + g) / 0.1).max(axis=1, keepdims=True))
    got = equations.gumbel_softmax(*tensors(logits, g), temperature=0.1)
    close(got, weights / weights.sum(axis=1, keepdims=True))


def test_gumbel_softmax_chooses_components_as_often_as_pi_says() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.tensor([0.0, 1.0, -1.0]).expand(200_000, 3)
    noise = equations.gumbel(torch.rand(logits.shape, generator=generator))
    chosen = equations.gumbel_softmax(logits, noise, 0.1).argmax(dim=1)
    frequencies = torch.bincount(chosen, minlength=3) / len(chosen)
    # Four standard errors of a frequency of one half.
    torch.testing.assert_close(frequencies, equations.mixture_weights(logits[0]), atol=4 * 0.5 / 447, rtol=0)


def test_straight_through_is_one_hot_with_the_soft_gradient() -> None:
    logits = torch.tensor([[0.2, 1.0, -0.5]], requires_grad=True)
    weight = torch.tensor([1.0, 2.0, 3.0])
    hard = equations.straight_through(torch.softmax(logits, dim=-1))
    assert hard.tolist() == [[0.0, 1.0, 0.0]]
    (from_hard,) = torch.autograd.grad((hard * weight).sum(), logits)
    (from_soft,) = torch.autograd.grad((torch.softmax(logits, dim=-1) * weight).sum(), logits)
    torch.testing.assert_close(from_hard, from_soft)


def test_mixture_sample_is_the_weighted_sum_of_component_samples() -> None:
    v, mu, log_variance, noise = draw(4, 3), draw(4, 3, 2), draw(4, 3, 2), draw(4, 3, 2)
    expected = sum(v[:, k : k + 1] * (mu[:, k] + np.exp(log_variance[:, k] / 2) * noise[:, k]) for k in range(3))
    close(equations.mixture_sample(*tensors(v, mu, log_variance, noise)), expected)


def test_fuse_against_equation_9() -> None:
    logits, z_c, z_u = draw(4, 2), draw(4, 3), draw(4, 3)
    w = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    got = equations.fuse(torch.softmax(torch.from_numpy(logits), dim=-1), *tensors(z_c, z_u))
    close(got, w[:, :1] * z_c + w[:, 1:] * z_u)


def test_fused_prior_has_the_moments_of_the_product_mixture() -> None:
    """Section 3.2: z_p is a GMD of K_c x K_u components N(w_c mu' + w_u mu, w_c^2 sigma'^2 + w_u^2 sigma^2)."""
    count, w_c, w_u = 400_000, 0.3, 0.7
    generator = torch.Generator().manual_seed(1)
    parts = []
    for components in (2, 3):
        logits, mu, log_variance = (
            torch.from_numpy(draw(*s)) for s in ((components,), (components, 1), (components, 1))
        )
        uniform = torch.rand((count, components), generator=generator, dtype=torch.float64)
        soft = equations.gumbel_softmax(logits.expand(count, -1), equations.gumbel(uniform), 0.1)
        normal = torch.randn((count, components, 1), generator=generator, dtype=torch.float64)
        hard = equations.straight_through(soft)
        z = equations.mixture_sample(hard, mu.expand(count, -1, -1), log_variance.expand(count, -1, -1), normal)
        parts.append(
            (equations.mixture_weights(logits).numpy(), mu.numpy()[:, 0], np.exp(log_variance.numpy()[:, 0]), z)
        )
    (pi_c, mu_c, var_c, z_c), (pi_u, mu_u, var_u, z_u) = parts
    fused = equations.fuse(torch.tensor([[w_c, w_u]], dtype=torch.float64).expand(count, 2), z_c, z_u).numpy()
    pi = np.outer(pi_c, pi_u)
    means = w_c * mu_c[:, None] + w_u * mu_u[None, :]
    variances = w_c**2 * var_c[:, None] + w_u**2 * var_u[None, :]
    mean = (pi * means).sum()
    variance = (pi * (variances + means**2)).sum() - mean**2
    assert fused.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / count))
    assert fused.var() == pytest.approx(variance, rel=0.02)


def test_gate_against_equation_11() -> None:
    a, b, c = draw(4, 3), draw(4, 3), draw(4, 3)
    close(equations.gate(*tensors(a, b, c)), sigmoid(a + b + c))


def test_gru_update_equals_torch() -> None:
    cell = torch.nn.GRUCell(3, 4).double()
    x, h = tensors(draw(5, 3), draw(5, 4))
    from_input = torch.nn.functional.linear(x, cell.weight_ih, cell.bias_ih)
    from_state = torch.nn.functional.linear(h, cell.weight_hh, cell.bias_hh)
    torch.testing.assert_close(equations.gru_update(from_input, from_state, h), cell(x, h))


def test_wasserstein_estimate_is_the_difference_of_means() -> None:
    got = equations.wasserstein_estimate(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0, 3.0])[:2])
    assert got.item() == 4.0 - 1.5


@pytest.mark.parametrize("batch", [1, 2, 32])
def test_gradient_penalty_of_a_linear_critic_does_not_depend_on_the_batch(batch: int) -> None:
    """f(z) = 3 z_1 + 4 z_2 has a gradient of norm 5 everywhere: the penalty is (5 - 1)^2 = 16."""
    gradient = torch.tensor([[3.0, 4.0]]).expand(batch, 2)
    assert equations.gradient_penalty(gradient).item() == pytest.approx(16.0)


def test_token_loss_by_hand() -> None:
    log_probabilities = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]))
    got = equations.token_loss(log_probabilities, torch.tensor([1, 2]))
    np.testing.assert_allclose(got.numpy(), [np.log(4), -np.log(0.8)], rtol=1e-6)


def test_additive_attention_against_a_loop_and_ignores_padding() -> None:
    query, keys, values, scores = draw(2, 3), draw(2, 4, 3), draw(2, 4, 5), draw(3)
    real = torch.tensor([[True, True, True, True], [True, True, False, False]])
    got = equations.additive_attention(*tensors(query, keys, values, scores), real)
    for row in range(2):
        n = int(real[row].sum())
        energy = np.array([np.tanh(query[row] + keys[row, j]) @ scores for j in range(n)])
        weights = np.exp(energy) / np.exp(energy).sum()
        close(got[row], sum(weights[j] * values[row, j] for j in range(n)))


def test_a_silent_broadcast_is_refused() -> None:
    """(1, 3) against (2, 3): the shapes in the signatures are checked while the tests run."""
    with pytest.raises(Exception, match=r"shape|Type-check"):
        equations.reparametrise(torch.zeros(2, 3), torch.zeros(1, 3), torch.zeros(2, 3))


def test_densities_and_divergence_equal_those_of_torch_distributions() -> None:
    torch.manual_seed(0)
    shape = (4, 3, 2)
    logits, means, log_variances = torch.randn(4, 3), torch.randn(shape), torch.randn(shape)
    parts = torch.distributions.Independent(torch.distributions.Normal(means, (0.5 * log_variances).exp()), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=logits), parts)
    z = torch.randn(4, 2)
    got = equations.mixture_log_density(z, logits, means, log_variances)
    torch.testing.assert_close(got, mixture.log_prob(z))
    one, other = (
        torch.distributions.Normal(means[:, n], (0.5 * log_variances[:, n]).exp(), validate_args=False) for n in (0, 1)
    )
    expected = torch.distributions.kl_divergence(one, other).sum(dim=-1)
    got = equations.gaussian_divergence(means[:, 0], log_variances[:, 0], means[:, 1], log_variances[:, 1])
    torch.testing.assert_close(got, expected)


def test_weighted_mean_is_zero_where_nothing_weighs() -> None:
    vectors = torch.tensor([[[1.0, 0.0], [0.0, 4.0]]] * 2)
    weights = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
    assert equations.weighted_mean(vectors, weights).tolist() == [[0.25, 3.0], [0.0, 0.0]]


def test_bag_of_words_counts_real_words_only() -> None:
    log_probabilities = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    loss = equations.bag_of_words_loss(
        log_probabilities, torch.tensor([[0, 1, 2]]), torch.tensor([[True, True, False]])
    )
    assert loss.item() == pytest.approx(-math.log(0.5 * 0.25))
