"""The paper's formulas, one small pure function each, in the order of section 3.

Shapes: ``batch`` sessions, ``k`` mixture components, ``z`` latent dimensions, ``h`` hidden units, ``d`` word
dimensions, ``user`` user dimensions. Nothing here draws random numbers: noise is an argument.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def reparametrise(
    mean: Float[Tensor, "*batch z"], log_variance: Float[Tensor, "*batch z"], noise: Float[Tensor, "*batch z"]
) -> Float[Tensor, "*batch z"]:
    """Equation 2: a sample of N(mean, variance I), from standard normal ``noise``."""
    return mean + torch.exp(0.5 * log_variance) * noise


def mixture_weights(logits: Float[Tensor, "*batch k"]) -> Float[Tensor, "*batch k"]:
    """Equation 5: pi_k = exp(a_k) / sum_i exp(a_i)."""
    return torch.softmax(logits, dim=-1)


def gumbel(uniform: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Equation 6: g = -log(-log b) with b in [0, 1); b is kept away from 0 and 1, where g is infinite."""
    info = torch.finfo(uniform.dtype)
    return -torch.log(-torch.log(uniform.clamp(info.tiny, 1.0 - info.eps)))


def gumbel_softmax(
    logits: Float[Tensor, "*batch k"], noise: Float[Tensor, "*batch k"], temperature: float
) -> Float[Tensor, "*batch k"]:
    """Equation 6: v_k, the relaxed component indicator, from Gumbel ``noise``."""
    return torch.softmax((logits + noise) / temperature, dim=-1)


def straight_through(soft: Float[Tensor, "*batch k"]) -> Float[Tensor, "*batch k"]:
    """The one-hot vector of the largest entry, with the gradient of ``soft`` (DialogWAE's form of equation 6)."""
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())


def mixture_sample(
    indicator: Float[Tensor, "*batch k"],
    means: Float[Tensor, "*batch k z"],
    log_variances: Float[Tensor, "*batch k z"],
    noise: Float[Tensor, "*batch k z"],
) -> Float[Tensor, "*batch z"]:
    """Equations 4 and 8: sum_k v_k z_k, each z_k a sample of the k-th component N(mu_k, sigma_k^2 I)."""
    return (indicator.unsqueeze(-1) * reparametrise(means, log_variances, noise)).sum(dim=-2)


def fuse(
    weights: Float[Tensor, "*batch 2"], z_context: Float[Tensor, "*batch z"], z_user: Float[Tensor, "*batch z"]
) -> Float[Tensor, "*batch z"]:
    """Equation 9: z_p = w_c z_c + w_u z_u, where ``weights`` are (w_c, w_u) = softmax(W_f [c; u])."""
    return weights[..., :1] * z_context + weights[..., 1:] * z_user


def gate(
    from_state: Float[Tensor, "*batch user"],
    from_word: Float[Tensor, "*batch user"],
    from_user: Float[Tensor, "*batch user"],
) -> Float[Tensor, "*batch user"]:
    """Equation 11: g = sigmoid(U s_{t-1} + V d_t + W u); the arguments are the three products."""
    return torch.sigmoid(from_state + from_word + from_user)


def gru_update(
    from_input: Float[Tensor, "*batch h3"], from_state: Float[Tensor, "*batch h3"], state: Float[Tensor, "*batch h"]
) -> Float[Tensor, "*batch h"]:
    """Equation 11: one GRU step. The arguments hold the products (biases included) of the input and of the previous
    state with the reset, update and candidate weights, side by side, in ``torch.nn.GRU``'s order.
    """
    reset_in, update_in, candidate_in = from_input.chunk(3, dim=-1)
    reset_state, update_state, candidate_state = from_state.chunk(3, dim=-1)
    reset = torch.sigmoid(reset_in + reset_state)
    update = torch.sigmoid(update_in + update_state)
    candidate = torch.tanh(candidate_in + reset * candidate_state)
    return torch.lerp(candidate, state, update)


def wasserstein_estimate(
    critic_posterior: Float[Tensor, " batch"], critic_prior: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Equation 12, second term: E_q f(z) - E_p f(z), the Wasserstein distance if f is the best 1-Lipschitz critic."""
    return critic_posterior.mean() - critic_prior.mean()


def interpolate(
    one: Float[Tensor, "batch z"], other: Float[Tensor, "batch z"], share: Float[Tensor, "batch 1"]
) -> Float[Tensor, "batch z"]:
    """Gulrajani et al. (2017): points on lines between samples of two distributions, where f's slope is penalised."""
    return share * one + (1 - share) * other


def gradient_penalty(gradient: Float[Tensor, "batch z"]) -> Float[Tensor, ""]:
    """Gulrajani et al. (2017): E (|grad f(z)| - 1)^2, with the norm of each sample on its own."""
    norm: Tensor = torch.linalg.vector_norm(gradient, dim=-1)
    return (norm - 1).square().mean()


def token_loss(
    log_probabilities: Float[Tensor, "tokens vocabulary"], targets: Int[Tensor, " tokens"]
) -> Float[Tensor, " tokens"]:
    """Equation 12, first term: -log p(token) of each token, in nats."""
    return -log_probabilities.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def additive_attention(
    query: Float[Tensor, "batch a"],
    keys: Float[Tensor, "batch source a"],
    values: Float[Tensor, "batch source v"],
    scores: Float[Tensor, " a"],
    real: Bool[Tensor, "batch source"],
) -> Float[Tensor, "batch v"]:
    """Bahdanau et al. (2014): softmax_j(v . tanh(W s + U h_j)) over the ``real`` positions, applied to the values."""
    weights = additive_attention_weights(query, keys, scores, real)
    return (weights.unsqueeze(1) @ values).squeeze(1)


def additive_attention_weights(
    query: Float[Tensor, "batch a"],
    keys: Float[Tensor, "batch source a"],
    scores: Float[Tensor, " a"],
    real: Bool[Tensor, "batch source"],
) -> Float[Tensor, "batch source"]:
    """The softmax in ``additive_attention``."""
    energy = torch.tanh(query.unsqueeze(1) + keys) @ scores
    return torch.softmax(energy.masked_fill(~real, -torch.inf), dim=-1)


def mixture_log_density(
    z: Float[Tensor, "*batch z"],
    logits: Float[Tensor, "*batch k"],
    means: Float[Tensor, "*batch k z"],
    log_variances: Float[Tensor, "*batch k z"],
) -> Float[Tensor, "*batch"]:
    """log sum_k pi_k N(z; mu_k, sigma_k^2 I), with pi the softmax of the logits (equations 3 to 5)."""
    inside = gaussian_log_density(z.unsqueeze(-2), means, log_variances)
    return torch.logsumexp(torch.log_softmax(logits, dim=-1) + inside, dim=-1)


def gaussian_log_density(
    z: Float[Tensor, "*#batch z"], mean: Float[Tensor, "*#batch z"], log_variance: Float[Tensor, "*#batch z"]
) -> Float[Tensor, "*#batch"]:
    """log N(z; mean, variance I)."""
    exponent = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (exponent + log_variance + math.log(2 * math.pi)).sum(dim=-1)


def gaussian_divergence(
    mean: Float[Tensor, "*batch z"],
    log_variance: Float[Tensor, "*batch z"],
    prior_mean: Float[Tensor, "*batch z"],
    prior_log_variance: Float[Tensor, "*batch z"],
) -> Float[Tensor, "*batch"]:
    """KL(q || p) of equation 1 between two Gaussians with diagonal covariances, in nats."""
    moved = (mean - prior_mean).square() * torch.exp(-prior_log_variance)
    return 0.5 * (prior_log_variance - log_variance + torch.exp(log_variance - prior_log_variance) + moved - 1).sum(
        dim=-1
    )


def weighted_mean(
    vectors: Float[Tensor, "batch words d"], weights: Float[Tensor, "batch words"]
) -> Float[Tensor, "batch d"]:
    """sum_i w_i v_i / sum_i w_i; zero if all weights are zero."""
    total = weights.sum(dim=-1, keepdim=True).clamp(min=1e-12)
    return ((weights / total).unsqueeze(1) @ vectors).squeeze(1)


def bag_of_words_loss(
    log_probabilities: Float[Tensor, "batch vocabulary"],
    targets: Int[Tensor, "batch steps"],
    real: Bool[Tensor, "batch steps"],
) -> Float[Tensor, ""]:
    """Zhao et al. (2017): -log p of a response's words in any order, in nats, summed over the batch."""
    return -(log_probabilities.gather(-1, targets) * real).sum()


def policy_gradient_weights(
    reward: Float[Tensor, " batch"], baseline: Float[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    """Rennie et al. (2017), self-critical: the weight of -log p of a sampled answer is r(sampled) - r(greedy)."""
    return (reward - baseline).detach()
