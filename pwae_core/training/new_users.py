"""People who were not in training: their rows of a model's user tables, learned or counted, and kept with a run.

They are an artifact of their own, in the run's folder ``people``, so the run itself does not change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pwae_core.artifacts import MANIFEST, Artifact, Plan, draft, load
from pwae_core.artifacts.ownership import OLD, staging_folder
from pwae_core.artifacts.staging import settle
from pwae_core.config.adapt import AdaptConfig
from pwae_core.data.sessions import Ints, Sessions
from pwae_core.data.statistics import words_of
from pwae_core.errors import ArtifactError, ConfigError, DivergenceError
from pwae_core.files import hash_strings, to_json, write_new
from pwae_core.models.base import Model
from pwae_core.nn.noise import Noise, seeded
from pwae_core.progress import SILENT, Progress, Task
from pwae_core.schemas import OTHER_FILES, PEOPLE

(ROWS,) = OTHER_FILES[PEOPLE]
Rows = dict[str, Tensor]
PART = 500
"""Utterances of a person that are processed at a time."""


# -- kept beside the run


def read_people(run: Artifact) -> tuple[dict[str, int], Rows]:
    """The adapted people with their row numbers, and the rows. Raises ArtifactError if the run has been trained further
    since.
    """
    return _rows_of(_kept(run))


def _rows_of(kept: Artifact | None) -> tuple[dict[str, int], Rows]:
    if kept is None:
        return {}, {}
    return {name: row for row, name in enumerate(kept.facts["names"])}, load_file(kept.path(ROWS))


def learned_from(run: Artifact, name: str) -> str | None:
    """The hash of what a person was learned from; None if the run was not adapted to that person."""
    kept = _kept(run)
    known: str | None = kept.facts["learned_from"].get(name) if kept else None
    return known


def adapted(run: Artifact, names: Iterable[str], key: str = PEOPLE) -> dict[str, str]:
    """What a plan records, under ``key``, about those of ``names`` whom the run was adapted to; nothing if there are
    none.
    """
    kept = _kept(run)
    sources = kept.facts["learned_from"] if kept else {}
    theirs = {name: sources[name] for name in sorted({*names} & {*sources})}
    return {key: hash_strings([to_json(theirs).decode()])} if theirs else {}


def _kept(run: Artifact) -> Artifact | None:
    folder = run.folder / PEOPLE
    if not os.path.lexists(folder / MANIFEST) and not (staging_folder(folder) / OLD).exists():
        return None
    kept = load(folder, PEOPLE)
    if kept.manifest["inputs"]["run"] != run.fingerprint:
        raise ArtifactError(
            f"{folder} holds people who were adapted before {run.folder} was trained further. "
            "Remove that folder and run 'pwae adapt' again."
        )
    return kept


def settle_people(run: Path) -> None:
    """Completes or undoes what a kill interrupted while a person was being saved."""
    settle((run / PEOPLE).resolve(), None, force=False)


def keep_person(run: Artifact, name: str, rows: Mapping[str, Tensor], source: str, **environment: str | int) -> None:
    """Adds a person to those of the run, or replaces them; ``source`` is the hash of what they were learned from."""
    with draft(run.folder / PEOPLE, Plan(PEOPLE, {}, {"run": run.fingerprint})) as made:
        before = _kept(run)
        names, kept = _rows_of(before)
        row = names.setdefault(name, len(names))
        for key, value in rows.items():
            old = kept.get(key, value[:0].cpu())
            kept[key] = torch.cat((old[:row], value.cpu(), old[row + 1 :]))
        write_new(made.folder / ROWS, save(kept))
        sources = dict(before.facts["learned_from"]) if before else {}
        made.facts = {"names": list(names), "learned_from": {**sources, name: source}}
        made.environment |= environment


def join_people(model: Model, run: Artifact) -> tuple[str, ...]:
    """Puts the people of a run at the end of the model's user tables; returns their names in that order."""
    names, rows = read_people(run)
    for name, added in rows.items():
        _replace(model, name, torch.cat((_table(model, name), added.to(_table(model, name)))))
    return tuple(names)


def _table(model: Model, name: str) -> Tensor:
    table: Tensor = model.state_dict()[name]
    return table


def _replace(model: Model, name: str, rows: Tensor) -> Tensor:
    """Makes ``rows`` the user table ``name``; a parameter stays a parameter."""
    owner, _, leaf = name.rpartition(".")
    module = model.get_submodule(owner)
    made = nn.Parameter(rows) if isinstance(getattr(module, leaf), nn.Parameter) else rows
    setattr(module, leaf, made)
    return made


# -- made from utterances


def person(
    model: Model,
    trained: Ints,
    sessions: Sessions,
    utterances: Sequence[Sequence[int]],
    config: AdaptConfig,
    device: torch.device,
    progress: Progress = SILENT,
) -> Rows:
    """The rows of a person who said ``utterances`` (token ids), as responses in ``sessions``.

    ``trained`` are the rows of the trained users. ``model`` cannot be used for anything else afterwards. Raises
    ConfigError for a system that knows nothing about users, DivergenceError.
    """
    if not model.user_rows:
        raise ConfigError(f"Nothing in this {model.display_name} reads who answers, so there is nothing to adapt.")
    if model.knows_by_words:
        rarity = _table(model, "user_words.rarity").cpu().numpy()
        ids, weights = words_of(utterances, rarity, model.config.user_words)
        return {"user_words.ids": torch.from_numpy(ids), "user_words.weights": torch.from_numpy(weights)}
    starts = 1 + min(config.candidates, len(trained))
    with progress.task(f"adapt {model.display_name}", starts + config.steps) as task:
        return {_embedding(model): learned(model, trained, sessions, config, device, task)}


def _embedding(model: Model) -> str:
    """The name of the users' embeddings. Raises ConfigError for a system that has several tables of them."""
    if len(model.user_rows) > 1:
        several = ", ".join(model.user_rows)
        raise ConfigError(f"{model.display_name} has several tables of users ({several}): only one can be adapted.")
    return model.user_rows[0]


def learned(
    model: Model, trained: Ints, sessions: Sessions, config: AdaptConfig, device: torch.device, task: Task
) -> Tensor:
    """[1, user]: the embedding that makes the responses of ``sessions`` likely, with everything else fixed.

    The loss is -log p(responses) - log p(u), where p(u) is a Gaussian fitted to the trained users' embeddings: if there
    are few utterances, the person stays close to the others. The starting point is the likeliest of the trained users
    and their mean. Raises DivergenceError if -log p(responses) is not finite in the end.
    """
    model.requires_grad_(requires_grad=False)
    users = _table(model, _embedding(model))[torch.from_numpy(trained)].clone()
    mean, variance = users.mean(dim=0, keepdim=True), users.var(dim=0, keepdim=True) if len(users) > 1 else None
    row = _replace(model, _embedding(model), _nearest(model, sessions, users, mean, config, device, task))
    noise = seeded(config.seed, device, training=False)
    optimiser = torch.optim.Adam([row], config.rate)
    for _ in range(config.steps):
        row.grad = torch.zeros_like(row)
        for loss in _likelihoods(model, sessions, 0, noise):
            row.grad += torch.autograd.grad(loss, [row])[0]
        if variance is not None:
            row.grad += (row.detach() - mean) / variance
        optimiser.step()
        task.advance()
    loss = likelihood(model, sessions, 0, config, device)
    if not loss.isfinite():
        raise DivergenceError(f"Learning the embedding diverged: -log p is {loss:g}. Try a lower --rate.")
    return row.detach()


def _likelihoods(model: Model, sessions: Sessions, user: int, noise: Noise) -> Iterator[Tensor]:
    """-log p(responses) as the user of that row, in nats, part by part: as much is in memory as a part needs.

    It is the mean of the system's measures, with z from the posterior and from the prior.
    """
    for start in range(0, len(sessions), PART):
        rows = np.arange(start, min(start + PART, len(sessions)))
        batch = sessions.batch(rows).to(noise.generator.device)
        measures = model.negative_log_likelihood(replace(batch, user=torch.full_like(batch.user, user)), noise)
        yield torch.stack(list(measures.values())).mean()


@torch.no_grad()
def likelihood(model: Model, sessions: Sessions, user: int, config: AdaptConfig, device: torch.device) -> Tensor:
    """-log p of the responses of ``sessions`` as the user of that row, in nats, with the noise of the seed."""
    noise = seeded(config.seed, device, training=False)
    return torch.stack(list(_likelihoods(model, sessions, user, noise))).sum()


def nats_a_token(model: Model, sessions: Sessions, user: int, config: AdaptConfig, device: torch.device) -> float:
    """-log p of the responses of ``sessions``, in nats per token, as the user of that row."""
    targets = sessions.response.lengths(np.arange(len(sessions)), sessions.max_length) + 1
    return likelihood(model, sessions, user, config, device).item() / int(targets.sum())


def _nearest(
    model: Model,
    sessions: Sessions,
    users: Tensor,
    mean: Tensor,
    config: AdaptConfig,
    device: torch.device,
    task: Task,
) -> Tensor:
    chosen = torch.randperm(len(users), generator=torch.Generator().manual_seed(config.seed))[: config.candidates]
    starts = torch.cat((mean, users[chosen.to(users.device)]))
    _replace(model, _embedding(model), starts)
    losses = []
    for row in range(len(starts)):
        losses.append(likelihood(model, sessions, row, config, device))
        task.advance()
    best = int(torch.stack(losses).argmin())
    return starts[best : best + 1].clone()


def pairs(utterances: Sequence[Sequence[int]]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Each utterance as an answer to the one before it (the first one: to the last), if contexts are unknown."""
    for place, utterance in enumerate(utterances):
        yield utterances[place - 1], utterance
