"""The training log as panels: one per measure, with a line per run and a sentence on what the measure means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwae_core.artifacts import Artifact
from pwae_core.report.figures.svg import Series
from pwae_core.training.growing import Growing

Floats = NDArray[np.float64]
Log = dict[tuple[str, str], Floats]
POINTS = 240
WINDOW = 9


@dataclass(frozen=True)
class Panel:
    """One measure over the training: its ``title``, a ``sentence`` on its meaning, and a line per run."""

    title: str
    sentence: str
    series: tuple[Series, ...]


MEANINGS: dict[tuple[str, str], tuple[str, str]] = {
    ("train", "reconstruction"): (
        "Reconstruction, training",
        "Equation 12, first term: −log p(x|z, c, u) per token, in nats, on training batches with dropout, z from the "
        "posterior (systems without z: the plain cross-entropy). It should fall, then flatten.",
    ),
    ("valid", "posterior_nll"): (
        "Likelihood, z from the posterior (validation)",
        "The same on validation sessions, without dropout. The posterior has seen the response, so this is "
        "reconstruction, not prediction. If it rises again, the run overfits. Ring: the best checkpoint.",
    ),
    ("valid", "prior_nll"): (
        "Likelihood, z from the prior (validation)",
        "As in generation: z knows only context and user. It may rise while answers get better: the more a z says "
        "about one response, the worse a z drawn from the prior fits another.",
    ),
    ("valid", "prior_gap"): (
        "Distance of the prior to the posterior (validation)",
        "Energy distance between z drawn from the prior and z drawn from the posterior; 0 for equal distributions. "
        "The decoder learned from the posterior, but answers start from the prior: it has to bridge this gap.",
    ),
    ("valid", "z_nats"): (
        "What z says (validation)",
        "Nats per token that the reconstruction loses with the z of another session. Near 0, z is ignored.",
    ),
    ("valid", "bleu_f1"): (
        "BLEU-F1 of answers (validation)",
        "Section 4.4, on the same few hundred validation contexts with the same noise. It is highest if z says little.",
    ),
    ("valid", "bleu_recall"): ("BLEU-Recall of answers (validation)", "The best of a context's answers, as above."),
    ("valid", "bleu_precision"): ("BLEU-Precision of answers (validation)", "The mean of a context's answers."),
    ("valid", "distinct"): (
        "Distinct-1 within a context's answers (validation)",
        "Different words over all words of the answers to one context: how much changes when z is drawn again.",
    ),
    ("valid", "repetition"): ("Repetition (validation)", "The share of answers that contain a pair of words twice."),
    ("valid", "speaker"): (
        "Speaker identified (validation)",
        "The share of answers that a classifier, trained on real responses, attributes to the user who was asked for.",
    ),
    ("train", "wasserstein"): (
        "Wasserstein estimate, generator's step",
        "Equation 12, second term: E_q f − E_p f, how far the critic can tell posterior and prior apart, in its own "
        "units. Near 0 it cannot, or has not yet learned to. Compare within a run only.",
    ),
    ("train", "critic_wasserstein"): (
        "Wasserstein estimate, critic's step",
        "The same in the critic's step. The critic pushes it up, the generator pushes it down. If it keeps growing, "
        "posterior and prior are drifting apart.",
    ),
    ("train", "penalty"): (
        "Gradient penalty",
        "E(‖∇f‖ − 1)² between samples of posterior and prior: 0 if the critic's slope is 1, as the Wasserstein "
        "distance requires. If it stays far above 0, the two estimates above are not distances.",
    ),
    ("train", "kl"): (
        "Kullback-Leibler divergence",
        "KL(q ‖ p) per session, in nats: what z says about the response that context and user do not. Close to 0, "
        "the posterior has collapsed and z is ignored.",
    ),
    ("train", "bag_of_words"): (
        "Bag-of-words loss",
        "−log p of the response's words, in any order, given z and context alone. It keeps z from being ignored.",
    ),
    ("train", "greedy_reward"): (
        "Reward of greedy answers",
        "The self-critical baseline: the reward without sampling.",
    ),
    ("train", "reward"): (
        "Reward",
        "The mean reward of sampled answers, which policy gradient raises. It is the training objective, not a measure "
        "of quality.",
    ),
}
HIDDEN = ("_gradient_norm", "_loss", "_rate")


def panels(runs: Sequence[tuple[str, Artifact | Growing]]) -> tuple[list[Panel], list[Panel]]:
    """The panels of ``runs`` (label, artifact): first those to read, then those to look up (gradient norms, totals)."""
    logs = [(label, _log(run)) for label, run in runs]
    keys = list(dict.fromkeys(key for _, log in logs for key in log))
    order = [*(key for key in MEANINGS if key in keys), *(key for key in keys if key not in MEANINGS)]
    made = [(key, _panel(key, runs, logs)) for key in order]
    shown = [panel for key, panel in made if not key[1].endswith(HIDDEN)]
    return shown, [panel for key, panel in made if key[1].endswith(HIDDEN)]


def _panel(
    key: tuple[str, str], runs: Sequence[tuple[str, Artifact | Growing]], logs: Sequence[tuple[str, Log]]
) -> Panel:
    split, name = key
    title, sentence = MEANINGS.get(key, (f"{name.replace('_', ' ')} ({split})", ""))
    series = []
    for colour, (label, log) in enumerate(logs):
        if key in log:
            steps, values = _binned(log[key])
            if split == "train" and len(values) > 2 * WINDOW:
                series.append(Series(f"{label}, as logged", steps.tolist(), values.tolist(), colour, "faint"))
                values = smoothed(values)
            halves = [0.0] * len(values) if split == "valid" else []
            series.append(Series(label, steps.tolist(), values.tolist(), colour, "line", halves))
    for colour, (label, run) in enumerate(runs):
        if isinstance(run, Growing):
            continue
        best = run.facts.get("valid", {}).get(name) if split == "valid" else None
        if best is not None:
            series.append(Series(f"{label}, best checkpoint", [run.facts["best_step"]], [best], colour, "rings"))
    return Panel(title, sentence, tuple(series))


def _log(run: Artifact | Growing) -> Log:
    """The log by (split, name): [n, 2], step and value."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in run.rows() if isinstance(run, Growing) else run.table("log.parquet").to_pylist():
        found.setdefault((row["split"], row["name"]), []).append((row["step"], row["value"]))
    return {key: np.array(rows, dtype=np.float64) for key, rows in found.items()}


def _binned(log: Floats) -> tuple[Floats, Floats]:
    """At most POINTS points, each the mean over a stretch of equal length."""
    parts = np.array_split(log, min(len(log), POINTS))
    means = np.array([part.mean(axis=0) for part in parts])
    return means[:, 0], means[:, 1]


def smoothed(values: Floats) -> Floats:
    """The running mean over WINDOW points; over fewer at the ends."""
    sums = np.convolve(values, np.ones(WINDOW), mode="same")
    counts = np.convolve(np.ones(len(values)), np.ones(WINDOW), mode="same")
    mean: Floats = sums / counts
    return mean
