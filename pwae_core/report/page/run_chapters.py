"""The chapters that examine runs: the latent codes of each system, and the users of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pwae_core.artifacts import Artifact
from pwae_core.config.report import ReportConfig
from pwae_core.data.sessions import read_sessions
from pwae_core.models import system_of
from pwae_core.nn.noise import seeded
from pwae_core.report.figures import latent_space, user_map
from pwae_core.report.figures.latent_samples import Space, space_of
from pwae_core.report.gather import Sources
from pwae_core.report.page import figure_chapters
from pwae_core.report.page.document import Section, paragraphs
from pwae_core.report.safe_html import Markup, join, short, tag
from pwae_core.text.tokenize import detokenise
from pwae_core.training.runs import Run, open_run, refuse_missing_plugin

NAME = 80


def ranked(runs: Sequence[Artifact]) -> list[Artifact]:
    """The runs, best to examine first: full PersonaWAE with K = 3 leads, and ties keep the given order."""
    return sorted(runs, key=_rank)


def _rank(run: Artifact) -> tuple[bool, bool, bool]:
    model: Mapping[str, Any] = run.config["model"]
    ablated = bool(model.get("without_prior") or model.get("without_fusion"))
    return model["name"] != "personawae", ablated, model.get("components") != 3


def latent_codes(sources: Sources, opened: Run, corpus: Artifact, config: ReportConfig) -> list[Section]:
    """The codes of each system that has them, from the first of its ``ranked`` runs. ``opened`` is already loaded."""
    first: dict[str, Artifact] = {}
    for artifact in ranked(sources.runs):
        first.setdefault(artifact.config["model"]["name"], artifact)
    shown, names = [], sources.run_names
    for name, artifact in first.items():
        refuse_missing_plugin(artifact.folder, artifact.manifest)
        if not system_of(name).latent or not corpus.rows("test.parquet"):
            continue
        mine = artifact.fingerprint == opened.artifact.fingerprint
        run = opened if mine else open_run(artifact.folder, opened.device, config.checkpoint)
        space = space_of(run.model)
        shown += [_codes(names[artifact.fingerprint], run, space, corpus, config)] if space else []
    if not shown:
        return []
    told = paragraphs(
        "The idea of the paper's Figure 1 on real codes. If the prior covers the posterior's codes, the decoder gets z "
        "that it has learned to read; if not, answers suffer. Filled points are samples of the prior, open circles "
        "samples of the posterior. Solid ellipses show each component that has enough points, the dashed one a single "
        "Gaussian; all are drawn at two standard deviations."
    )
    distances = paragraphs(
        "Distances are computed in all dimensions of z, over all sessions together. Each system's z has its own scale. "
        "The single Gaussian was fitted to the posterior itself and knows neither context nor user. It is shown for "
        "contrast only: it could not answer anybody.",
        css="note",
    )
    note = distances if corpus.rows("test.parquet") >= latent_space.FEWEST else None
    return [Section("latent", "Latent codes", "The latent space (Figure 1)", join([told, *shown, note]))]


def _codes(name: str, run: Run, space: Space, corpus: Artifact, config: ReportConfig) -> Markup:
    sessions = read_sessions(corpus, "test", run.model.config.max_length)
    rows = np.random.default_rng(config.seed).permutation(len(sessions))[: config.points]
    found = latent_space.look(space, sessions, rows, seeded(config.seed, run.device, training=False))
    context = corpus.table("test.parquet", ["context"])["context"][found.session].as_py()
    said = detokenise(context[-1]) if context else ""
    head = tag("h3", tag("bdi", short(name, NAME)))
    plots = figure_chapters.latent(found, latent_space.fit(found.everyone, config.seed), said)
    return tag("div", head, paragraphs(space.prior), plots, class_="space")


def users(name: str, run: Run, corpus: Artifact | None, config: ReportConfig) -> list[Section]:
    """The map of the users of ``run``, called ``name`` on the page; empty if there is no map."""
    table = user_map.user_table(run.model)
    drawn = user_map.draw_map(run, table, corpus, config) if table is not None else None
    if drawn is None:
        return []
    told = paragraphs(
        f"The users as {short(name, NAME)} knows them. The model learned from their answers which of them are alike. "
        "Choose a point, or search."
    )
    return [Section("users", "Users", "The map of user embeddings", join([told, figure_chapters.people(drawn)]))]
