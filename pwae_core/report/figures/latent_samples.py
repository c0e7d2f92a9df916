"""Where each system draws z from: a sample of its posterior, one of its prior, and the component it came from.

A component is drawn with probability pi, as equation 6 does when tau goes to 0. This is the prior used in generation,
except that the components are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pwae_core import equations
from pwae_core.data.sessions import Batch
from pwae_core.models.base import Model
from pwae_core.models.cvae import CVAE
from pwae_core.models.dialogwae_gmp import DialogWAEGMP
from pwae_core.models.personawae import PersonaWAE
from pwae_core.nn.latent import Mixture
from pwae_core.nn.noise import Noise


@dataclass(frozen=True)
class Draw:
    """One draw for each session of a batch: ``posterior`` and ``prior`` [n, z].

    ``component`` [n] is that of the prior's sample, and ``pi`` [n, K] the probabilities it was drawn with.
    ``user_weight`` [n] is w_u of equation 9, None unless the prior fuses two mixtures.
    """

    posterior: Tensor
    prior: Tensor
    component: Tensor
    pi: Tensor
    user_weight: Tensor | None = None


@dataclass(frozen=True)
class Space:
    """A system's latent space. ``of``: the GMD that the components belong to; ``prior``: a sentence on the prior."""

    draw: Callable[[Batch, Noise], Draw]
    of: str
    prior: str


def space_of(model: Model) -> Space | None:
    """The latent space of ``model``; None for a system without one."""
    match model:
        case PersonaWAE(personalisation=None):
            return Space(partial(_personawae, model), "context", "The prior is the context GMD alone.")
        case PersonaWAE():
            told = "The prior fuses a context GMD with a personalisation GMD. Colours show the latter's components."
            return Space(partial(_personawae, model), "personalisation", told)
        case CVAE():
            told = "The prior has one component for every pair of a context's and a user's. Colours show the user's."
            return Space(partial(_cvae, model), "personalisation", told)
        case DialogWAEGMP():
            return Space(
                partial(_dialogwae, model), "context", "The prior is a context GMD; it knows nothing of users."
            )
    return None


def _personawae(model: PersonaWAE, batch: Batch, noise: Noise) -> Draw:
    c, x, u = model.encode_context(batch, noise), model.encode_response(batch, noise), model.user_table(batch.user)
    posterior = model.posterior_generator(model.posterior(x, c, u).sample(noise))
    mixture, weight = model.context_mixture(c), None
    z, component = _sample(mixture, noise)
    if model.personalisation is not None and model.fusion is not None:
        mixture, weights = model.personalisation(u), model.fusion(c, u)
        z_user, component = _sample(mixture, noise)
        z, weight = equations.fuse(weights, z, z_user), weights[:, 1]
    return Draw(posterior, model.prior_generator(z), component, equations.mixture_weights(mixture.logits), weight)


def _cvae(model: CVAE, batch: Batch, noise: Noise) -> Draw:
    """Draws one of the K_c x K_u components of the fused prior, and reports its user part."""
    c, u = model.encode_context(batch, noise), model.user_table(batch.user)
    posterior = model.posterior(batch, c, noise).sample(noise)
    prior, pair = _sample(model.prior(c, u), noise)
    pi = equations.mixture_weights(model.personalisation(u).logits)
    return Draw(posterior, prior, pair % pi.shape[1], pi, model.fusion(c, u)[:, 1])


def _dialogwae(model: DialogWAEGMP, batch: Batch, noise: Noise) -> Draw:
    c, x = model.encode_context(batch, noise), model.encode_response(batch, noise)
    posterior = model.sample_posterior(x, c, noise)
    mixture = model.context_mixture(model.prior_trunk(c))
    z, component = _sample(mixture, noise)
    return Draw(posterior, model.prior_generator(z), component, equations.mixture_weights(mixture.logits))


def _sample(mixture: Mixture, noise: Noise) -> tuple[Tensor, Tensor]:
    """A sample from one component [n, z], and the component's number [n]."""
    component = (mixture.logits + equations.gumbel(noise.uniform(*mixture.logits.shape))).argmax(dim=-1)
    row = torch.arange(len(component), device=component.device)
    means, log_variances = mixture.means[row, component], mixture.log_variances[row, component]
    return equations.reparametrise(means, log_variances, noise.normal(*means.shape)), component
