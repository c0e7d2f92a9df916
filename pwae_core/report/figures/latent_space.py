"""The latent space of a trained run, in the manner of the paper's Figure 1: codes, components, one Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pwae_core.data.sessions import Sessions
from pwae_core.metrics.energy import energy_distance
from pwae_core.nn.noise import Noise
from pwae_core.report.figures.latent_samples import Draw, Space
from pwae_core.report.figures.svg import Ellipse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BATCH = 64
FOCUS = 300
FEWEST = 20
SIGMAS = 2.0


@dataclass(frozen=True)
class Codes:
    """``posterior`` and ``prior``: [n, z], one sample per row; ``component``: [n], that of the prior's sample."""

    posterior: Floats
    prior: Floats
    component: Ints


@dataclass(frozen=True)
class Latent:
    """Codes of a run: ``everyone`` has one sample per session, ``focus`` many of one session, in row ``session``.

    ``components`` counts those of the GMD named by ``of``. ``weights``: [K], mean pi. ``used``: exp of the mean entropy
    of pi (an effective number of components). ``user_weight``: mean w_u of equation 9, None if the prior ignores users.
    """

    everyone: Codes
    focus: Codes
    session: int
    components: int
    of: str
    weights: Floats
    used: float
    user_weight: float | None


@dataclass(frozen=True)
class Projection:
    """Principal components: maps points to a plane, and gives the share of the variance that each axis keeps."""

    mean: Floats
    axes: Floats
    shares: tuple[float, float]

    def __call__(self, points: Floats) -> Floats:
        flat: Floats = (points - self.mean) @ self.axes.T
        return flat


@torch.no_grad()
def look(space: Space, sessions: Sessions, rows: Ints, noise: Noise) -> Latent:
    """Draws codes for the sessions at ``rows``. The first of them is the one shown in detail."""
    device = noise.generator.device
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    drawn = [space.draw(sessions.batch(part).to(device), noise) for part in parts]
    close = space.draw(sessions.batch(np.repeat(rows[:1], FOCUS)).to(device), noise)
    pi = torch.cat([draw.pi for draw in drawn]).double()
    weights = [draw.user_weight for draw in drawn if draw.user_weight is not None]
    entropy = -(pi * pi.clamp_min(1e-30).log()).sum(dim=-1).mean()
    return Latent(
        everyone=_codes(drawn),
        focus=_codes([close]),
        session=int(rows[0]),
        components=pi.shape[1],
        of=space.of,
        weights=pi.mean(dim=0).cpu().numpy(),
        used=float(entropy.exp()),
        user_weight=float(torch.cat(weights).mean()) if weights else None,
    )


def _codes(drawn: Sequence[Draw]) -> Codes:
    component = torch.cat([draw.component for draw in drawn]).cpu().numpy()
    return Codes(_array([draw.posterior for draw in drawn]), _array([draw.prior for draw in drawn]), component)


def _array(batches: Sequence[Tensor]) -> Floats:
    array: Floats = torch.cat(list(batches)).double().cpu().numpy()
    return array


def project(points: Floats) -> Projection:
    """The first two principal components of ``points`` [n, d]; each axis's largest entry is positive."""
    mean = points.mean(axis=0)
    _, values, axes = np.linalg.svd(points - mean, full_matrices=False)
    shares = np.zeros(2)
    variance = values**2
    shares[: len(variance)] = (variance / max(variance.sum(), 1e-30))[:2]
    plane = np.zeros((2, points.shape[1]))
    plane[: len(axes)] = axes[:2]
    largest = np.abs(plane).argmax(axis=1)
    signs = np.where(plane[np.arange(2), largest] < 0, -1.0, 1.0)
    return Projection(mean, plane * signs[:, None], (float(shares[0]), float(shares[1])))


def gaussian(flat: Floats, css: str) -> Ellipse:
    """The ellipse at two standard deviations of a Gaussian fitted to points in the plane [n, 2]."""
    values, axes = np.linalg.eigh(np.cov(flat, rowvar=False))
    long, short = SIGMAS * np.sqrt(np.maximum(values[::-1], 0.0))
    centre = flat.mean(axis=0)
    turn = float(np.arctan2(axes[1, 1], axes[0, 1]))
    return Ellipse(float(centre[0]), float(centre[1]), float(long), float(short), turn, css)


@dataclass(frozen=True)
class Fit:
    """Energy distances from one half of the posterior's codes, in all dimensions of z.

    ``prior``: to the prior's codes; ``one_gaussian``: to samples of a Gaussian fitted to the other half; ``floor``: to
    the other half.
    """

    prior: float
    one_gaussian: float
    floor: float


def fit(codes: Codes, seed: int) -> Fit | None:
    """The distances; None for fewer than ``FEWEST`` codes, whose distances would be noise."""
    if len(codes.posterior) < FEWEST:
        return None
    random = np.random.default_rng(seed)
    order = random.permutation(len(codes.posterior))
    half = len(order) // 2
    held, seen = codes.posterior[order[:half]], codes.posterior[order[half : 2 * half]]
    drawn = random.multivariate_normal(seen.mean(axis=0), np.cov(seen, rowvar=False), size=half, method="svd")
    return Fit(
        prior=energy_distance(held, codes.prior[order[half : 2 * half]]),
        one_gaussian=energy_distance(held, drawn),
        floor=energy_distance(held, seen),
    )
