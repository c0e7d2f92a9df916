"""The networks around z: recognition net, mixture heads, fusion, generators, critic."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pwae_core import equations
from pwae_core.nn.noise import Noise


class Gaussian(NamedTuple):
    """The parameters of equation 7: ``mean`` and ``log_variance``, each [batch, z]."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, noise: Noise) -> Tensor:
        return equations.reparametrise(self.mean, self.log_variance, noise.normal(*self.mean.shape))


class GaussianHead(nn.Module):
    """Equation 7: [mu; log sigma^2] = W_o [x; c] + b."""

    def __init__(self, input_size: int, latent_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(input_size, 2 * latent_size)

    def forward(self, inputs: Float[Tensor, "batch input"]) -> Gaussian:
        return Gaussian(*self.linear(inputs).chunk(2, dim=-1))


class Mixture(NamedTuple):
    """The parameters of equations 5 and 8: ``logits`` a [batch, k]; ``means``, ``log_variances`` [batch, k, z]."""

    logits: Tensor
    means: Tensor
    log_variances: Tensor


class MixtureHead(nn.Module):
    """Equations 5 and 8: [a; mu; log sigma^2] = W u + b, one head for all three; equations 4 and 6 draw samples."""

    def __init__(
        self, input_size: int, latent_size: int, components: int, temperature: float, *, hard: bool = False
    ) -> None:
        super().__init__()
        self.components, self.latent_size = components, latent_size
        self.temperature, self.hard = temperature, hard
        self.linear = nn.Linear(input_size, components * (1 + 2 * latent_size))

    def forward(self, inputs: Float[Tensor, "batch input"]) -> Mixture:
        size = self.components * self.latent_size
        logits, means, log_variances = self.linear(inputs).split((self.components, size, size), dim=-1)
        shape = (-1, self.components, self.latent_size)
        return Mixture(logits, means.reshape(shape), log_variances.reshape(shape))

    def sample(self, mixture: Mixture, noise: Noise) -> Float[Tensor, "batch z"]:
        gumbel = equations.gumbel(noise.uniform(*mixture.logits.shape))
        indicator = equations.gumbel_softmax(mixture.logits, gumbel, self.temperature)
        if self.hard:
            indicator = equations.straight_through(indicator)
        normal = noise.normal(*mixture.means.shape)
        return equations.mixture_sample(indicator, mixture.means, mixture.log_variances, normal)


def fused(weights: Float[Tensor, "batch 2"], context: Mixture, user: Mixture) -> Mixture:
    """The distribution of equation 9's z_p if every sample has exactly one component: K_c x K_u components with weights
    pi'_i pi_j, means w_c mu'_i + w_u mu_j and variances w_c^2 sigma'_i^2 + w_u^2 sigma_j^2.
    """
    w_c, w_u = weights[:, 0, None, None, None], weights[:, 1, None, None, None]
    means = w_c * context.means.unsqueeze(2) + w_u * user.means.unsqueeze(1)
    log_variances = torch.logaddexp(
        2 * w_c.log() + context.log_variances.unsqueeze(2), 2 * w_u.log() + user.log_variances.unsqueeze(1)
    )
    logits = torch.log_softmax(context.logits, -1).unsqueeze(2) + torch.log_softmax(user.logits, -1).unsqueeze(1)
    return Mixture(logits.flatten(1), means.flatten(1, 2), log_variances.flatten(1, 2))


class Trunk(nn.Sequential):
    """The two layers that DialogWAE puts before the heads of posterior and prior, with layer norm instead of batch
    norm.
    """

    def __init__(self, input_size: int, latent_size: int) -> None:
        layers: list[nn.Module] = []
        for size in (input_size, latent_size):
            layers += [nn.Linear(size, latent_size), nn.LayerNorm(latent_size), nn.Tanh()]
        super().__init__(*layers)


class Fusion(nn.Module):
    """Equation 9: (w_c, w_u) = softmax(W_f [c; u])."""

    def __init__(self, context_size: int, user_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(context_size + user_size, 2, bias=False)

    def forward(self, context: Float[Tensor, "batch c"], user: Float[Tensor, "batch user"]) -> Float[Tensor, "batch 2"]:
        return torch.softmax(self.linear(torch.cat((context, user), dim=-1)), dim=-1)


class Generator(nn.Sequential):
    """The MLP of section 4.3's "generator", as in DialogWAE: noise sample in, z out. Layer norm keeps samples
    independent.
    """

    def __init__(self, latent_size: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.Linear(latent_size, latent_size), nn.LayerNorm(latent_size), nn.ReLU()]
        super().__init__(*layers, nn.Linear(latent_size, latent_size))


class Critic(nn.Module):
    """f of equation 12: an MLP over [z; condition] that gives one number per sample. It has layer norm, because a
    per-sample penalty needs samples that do not affect each other.

    The first layer has two parts, W [z; condition] = W_z z + W_c condition. The condition's part is much larger. It is
    the same for the samples of posterior, prior and penalty, so it is computed once.
    """

    def __init__(self, latent_size: int, condition_size: int, hidden_size: int) -> None:
        super().__init__()
        self.of_z = nn.Linear(latent_size, hidden_size)
        self.of_condition = nn.Linear(condition_size, hidden_size, bias=False)
        self.layers = nn.Sequential(
            nn.LayerNorm(hidden_size),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_size, hidden_size),
            nn.LayerNorm(hidden_size),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_size, 1, bias=False),  # a constant would cancel in E_q f - E_p f
        )
        bound = (latent_size + condition_size) ** -0.5  # as the one layer that the two parts are
        for parameter in (*self.of_z.parameters(), *self.of_condition.parameters()):
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, z: Float[Tensor, "batch z"], condition: Float[Tensor, "batch condition"]
    ) -> Float[Tensor, " batch"]:
        return self._score(z, self.of_condition(condition))

    def _score(self, z: Float[Tensor, "batch z"], read: Float[Tensor, "batch h"]) -> Float[Tensor, " batch"]:
        score: Tensor = self.layers(self.of_z(z) + read).squeeze(-1)
        return score

    def distance(
        self,
        posterior: Float[Tensor, "batch z"],
        prior: Float[Tensor, "batch z"],
        condition: Float[Tensor, "batch condition"],
    ) -> Float[Tensor, ""]:
        """Equation 12, second term: W(q||p) as this critic sees it."""
        return self._distance(posterior, prior, self.of_condition(condition))

    def _distance(
        self, posterior: Float[Tensor, "batch z"], prior: Float[Tensor, "batch z"], read: Float[Tensor, "batch h"]
    ) -> Float[Tensor, ""]:
        """Both batches of samples are scored at once."""
        scores = self._score(torch.cat((posterior, prior)), read.repeat(2, 1))
        return equations.wasserstein_estimate(*scores.chunk(2))

    def distance_and_penalty(
        self,
        posterior: Float[Tensor, "batch z"],
        prior: Float[Tensor, "batch z"],
        condition: Float[Tensor, "batch condition"],
        noise: Noise,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """The distance, and the gradient penalty between the two batches of samples: the two terms of a critic step.

        The penalty is differentiable in the critic's parameters only.
        """
        read = self.of_condition(condition.detach())
        distance = self._distance(posterior, prior, read)
        share = noise.uniform(len(posterior), 1)
        between = equations.interpolate(posterior.detach(), prior.detach(), share).requires_grad_()
        (gradient,) = torch.autograd.grad(self._score(between, read).sum(), between, create_graph=True)
        return distance, equations.gradient_penalty(gradient)
