"""A map of the user embeddings: which users are close to each other, and what they really say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pwae_core.artifacts import Artifact
from pwae_core.config.report import ReportConfig
from pwae_core.config.train import TrainConfig
from pwae_core.models.base import Model
from pwae_core.nn.latent import MixtureHead
from pwae_core.report.figures.latent_space import project
from pwae_core.text.tokenize import detokenise
from pwae_core.training.runs import Run

NEAREST = 5
UTTERANCES = 3
LEAST_KEPT = 0.5
"""A share of the variance. If two principal components keep less, the map is drawn from neighbourhoods (t-SNE)."""
FEWEST = 20
"""How many people such a map needs."""
PERPLEXITY = 30.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Person:
    """A user on the map. ``component``: the likeliest of the personalisation GMD; ``responses``: in training.

    ``near``: the closest users, nearest first, as indices into the map's list.
    """

    user_id: str
    x: float
    y: float
    responses: int
    component: int
    near: tuple[int, ...]
    utterances: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """The map. ``shares``: the shares of the embeddings' variance kept by two principal components.

    ``users``: how many users were trained. ``by_neighbours``: those components keep too little, so the map shows
    neighbourhoods (t-SNE) instead. ``near_kept``: the mean share of a user's nearest neighbours in the embedding that
    are also nearest on the map.
    """

    people: tuple[Person, ...]
    shares: tuple[float, float]
    users: int
    components: int
    by_neighbours: bool
    near_kept: float


def user_table(model: Model) -> nn.Parameter | None:
    """The first of the system's tables of users that it learns, [users, size]; None if there is none."""
    stepped = {id(one) for phase in model.phases(TrainConfig()) for one in phase.parameters.values()}
    learned = {name: one for name, one in model.named_parameters() if id(one) in stepped and one.dim() == 2}
    return next((learned[name] for name in model.user_rows if name in learned), None)


def uses_users(model: Model) -> bool:
    """Whether the system's answers depend on who responds."""
    return bool(model.user_rows)


@torch.no_grad()
def draw_map(run: Run, table: nn.Parameter, corpus: Artifact | None, config: ReportConfig) -> Map | None:
    """Maps the users with most training responses; None if fewer than three have any. Other users' rows are random."""
    known = run.artifact.table("users.parquet", ["user", "user_id", "train_responses"]).to_pylist()
    ranked = sorted(known, key=lambda row: (-row["train_responses"], row["user"]))
    trained = [row for row in ranked if row["user"] and row["train_responses"]]
    chosen = trained[: config.map_users]
    if len(chosen) < 3:
        return None
    rows = [row["user"] for row in chosen]
    vectors = table[torch.tensor(rows, device=table.device)]
    values = vectors.double().cpu().numpy()
    plane = project(values)
    by_neighbours = sum(plane.shares) < LEAST_KEPT and len(values) >= FEWEST
    flat = neighbourhoods(values, config.seed) if by_neighbours else plane(values)
    components = _components(run.model, vectors)
    near = nearest(values)
    said = _utterances(corpus, rows, min(UTTERANCES, config.history), config.seed) if corpus else {}
    people = [
        Person(
            row["user_id"],
            float(flat[n, 0]),
            float(flat[n, 1]),
            row["train_responses"],
            int(components[n]),
            tuple(int(other) for other in near[n]),
            said.get(row["user"], ()),
        )
        for n, row in enumerate(chosen)
    ]
    kept = near_kept(near, flat)
    return Map(tuple(people), plane.shares, len(trained), int(components.max()) + 1, by_neighbours, kept)


def _components(model: Model, vectors: torch.Tensor) -> NDArray[np.int64]:
    personalisation = getattr(model, "personalisation", None)
    if isinstance(personalisation, MixtureHead):
        likeliest: NDArray[np.int64] = personalisation(vectors).logits.argmax(dim=-1).cpu().numpy()
        return likeliest
    return np.zeros(len(vectors), dtype=np.int64)


def nearest(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """[n, NEAREST]: the rows with the highest cosine to each row, without the row itself."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.maximum(lengths, 1e-12)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    order: NDArray[np.int64] = np.argsort(-cosine, axis=1, kind="stable")[:, : min(NEAREST, len(values) - 1)]
    return order


def neighbourhoods(values: Floats, seed: int) -> Floats:
    """[n, 2]: t-SNE (van der Maaten and Hinton 2008) on cosines, initialised with the principal components."""
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(values) - 1) / 3)
    drawn = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed % 2**32, n_jobs=1)
    flat: Floats = drawn.fit_transform(values).astype(np.float64)
    return flat


def near_kept(near: NDArray[np.int64], flat: Floats) -> float:
    """The share of each row's ``near`` [n, k] that are among its k nearest on the map ``flat`` [n, 2]."""
    squares = (flat**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * flat @ flat.T
    np.fill_diagonal(apart, np.inf)
    there = np.argsort(apart, axis=1, kind="stable")[:, : near.shape[1]]
    return float((near[:, :, None] == there[:, None]).any(axis=2).mean())


def _utterances(corpus: Artifact, users: list[int], count: int, seed: int) -> dict[int, tuple[str, ...]]:
    """A few of each user's utterances in the training split, drawn by the seed."""
    table = corpus.table("histories.parquet", ["user", "tokens"])
    speakers = table["user"].to_numpy()
    order = np.random.default_rng(seed).permutation(len(speakers))
    order = order[np.isin(speakers[order], users)]
    order = order[np.argsort(speakers[order], kind="stable")]
    starts = np.flatnonzero(np.diff(speakers[order], prepend=-1))
    taken = np.concatenate([order[start : start + count] for start in starts] or [order])
    said: dict[int, list[str]] = {}
    for row, tokens in zip(taken, table["tokens"].take(taken).to_pylist(), strict=True):
        said.setdefault(int(speakers[row]), []).append(detokenise(tokens))
    return {user: tuple(lines) for user, lines in said.items()}
