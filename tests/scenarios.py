"""Every command that writes, on tiny inputs: what kills and users' files are tried on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trained import PREPROCESS, Made

Command = Sequence[object]
PLAN = """
preset = "small"
seeds = [1]
sample = { samples = 2, limit = 4 }
evaluate = { resamples = 20 }
systems = [{ model = "seq2seq" }]

[train]
max_steps = 2
validate_every = 1
model = { word_size = 8, hidden_size = 8, user_size = 4, latent_size = 4, max_length = 8 }
"""


@dataclass(frozen=True)
class Inputs:
    """What the commands read; nothing in it is changed."""

    made: Made
    raw: Path
    answers: Path
    key: Path
    sheets: Path
    history: Path
    plan: Path

    @classmethod
    def nowhere(cls) -> Inputs:
        """To ask for the scenarios' names."""
        place = Path("nowhere")
        return cls(Made(place, place, place, place), place, place, place, place, place, place)


@dataclass(frozen=True)
class Scenario:
    """``outs``: what the command writes in the arena, files or folders. ``before``: commands that are run first."""

    command: Command
    outs: tuple[str, ...]
    before: tuple[Command, ...] = ()
    copies: dict[str, Path] = field(default_factory=dict)
    stdin: Path | None = None


def make_inputs(pwae: Callable[..., Any], made: Made, folder: Path) -> Inputs:
    """Answers of the systems, blind sheets with a rating, an experiment's plan."""
    answers, sheets, key = folder / "answers", folder / "sheets", folder / "key"
    pwae("sample", made.personawae, "--out", answers, "--samples", 2, "--limit", 6, "--device", "cpu").succeeds()
    export = ("human-eval-export", answers, "--corpus", made.corpus, "--out", sheets, "--key", key)
    pwae(*export, "--contexts", 2, "--annotators", 1, "--repeats", 0, "--history", 1).succeeds()
    _rate(sheets)
    history, plan = folder / "dora.txt", folder / "plan.toml"
    history.write_text("i like tea very much honestly\nrain is not for me honestly\n")
    plan.write_text(PLAN)
    return Inputs(made, made.corpus.with_suffix(".jsonl"), answers, key, sheets, history, plan)


def _rate(sheets: Path) -> None:
    """Leaves one sheet with every cell rated 1."""
    from filling import csv_rows, write_csv

    (sheet,) = sheets.glob("*.csv")
    rated = ("readability", "informativeness", "personalisation")
    rows = [row | dict.fromkeys(rated, "1") for row in csv_rows(sheet)]
    for path in sheets.iterdir():
        path.unlink()
    write_csv(sheet, rows)


def scenarios(given: Inputs, arena: Path) -> dict[str, Scenario]:
    """By name; those that end in ``--force`` or ``again`` find something there."""
    made, cpu = given.made, ("--device", "cpu")
    out = arena / "out"
    often = ("log_every=1", "checkpoint_every=1", "validate_every=1")

    def train(*more: object, steps: int = 2, model: str = "seq2seq") -> Command:
        return [*made.train(out, f"model.name={model}", *often), "--max-steps", steps, *more]

    preprocess = ("preprocess", given.raw, "--out", out, *PREPROCESS, "--workers", 1)
    words = ("embed-words", made.corpus, "--out", out, "--dimension", 4, "--epochs", 1)
    sample = ("sample", made.personawae, "--out", out, "--samples", 2, "--limit", 4, *cpu)
    evaluate = ("evaluate", given.answers, "--out", out)
    persona = ("persona-scores", given.answers, "--corpus", made.corpus, "--out", out, "--candidates", 4)
    adapt = ("adapt", out, "--history-file", given.history, "--steps", 1, *cpu)
    diagnose = ("diagnose", made.personawae, "--out", out, "--contexts", 3, "--samples", 2, *cpu)
    controlled = ("--tensorboard", "--set", "keep_best=2", "--set", "autoencoder.warmup=1")
    sheets = ("--contexts", 2, "--annotators", 1, "--repeats", 0, "--history", 1)
    export = ("human-eval-export", given.answers, "--corpus", made.corpus, "--out", out, *sheets)
    score = ("human-eval-score", given.sheets, "--key", given.key, "--out", out)
    page = arena / "out.html"
    report = ("report", given.answers, "--out", page, "--markdown", arena / "out.md", "--latex", arena / "out.tex")
    prompts = ("prompts", made.corpus, "--out", arena / "out.jsonl", "--limit", 3)
    plan = ("experiment", given.plan, "--corpus", made.corpus, "--out", out, *cpu)
    pages = ("out.html", "out.md", "out.tex")
    run = {"out": made.personawae}
    return {
        "preprocess": Scenario(preprocess, ("out",)),
        "preprocess of standard input": Scenario(
            ("preprocess", "-", *preprocess[2:]), ("out", "out.stdin"), stdin=given.raw
        ),
        "preprocess --force": Scenario((*preprocess, "--force"), ("out",), ((*preprocess, "--seed", 8),)),
        "embed-words": Scenario(words, ("out",)),
        "embed-words --force": Scenario((*words, "--force"), ("out",), ((*words, "--seed", 8),)),
        "train": Scenario(train(), ("out",)),
        "train --force": Scenario(train("--force"), ("out",), (train("--seed", 8),)),
        "train --force, of one that was adapted": Scenario(train("--force"), ("out",), (adapt,), run),
        "train --resume": Scenario(train("--resume", steps=3), ("out",), (train(),)),
        "train under control": Scenario(train(*controlled, steps=3), ("out",)),
        "train rl-persona": Scenario(train(model="rl-persona"), ("out",)),
        "sample": Scenario(sample, ("out",)),
        "sample --force": Scenario((*sample, "--force"), ("out",), ((*sample, "--seed", 8),)),
        "evaluate": Scenario(evaluate, ("out",)),
        "evaluate --force": Scenario((*evaluate, "--force"), ("out",), ((*evaluate, "--seed", 8),)),
        "persona-scores": Scenario(persona, ("out",)),
        "diagnose": Scenario(diagnose, ("out",)),
        "diagnose --force": Scenario((*diagnose, "--force"), ("out",), ((*diagnose, "--seed", 8),)),
        "adapt": Scenario(adapt, ("out/people",), copies=run),
        "adapt again": Scenario(adapt, ("out/people",), ((*adapt, "--user", "eve"),), run),
        "human-eval-export": Scenario(export, ("out", "out-key")),
        "human-eval-export of pairs": Scenario((*export, "--mode", "pairs", "--language", "zh"), ("out", "out-key")),
        "human-eval-export --force": Scenario((*export, "--force"), ("out", "out-key"), ((*export, "--seed", 8),)),
        "human-eval-score": Scenario(score, ("out",)),
        "human-eval-score --force": Scenario((*score, "--force"), ("out",), ((*score, "--seed", 8),)),
        "report": Scenario(report, pages),
        "report --force": Scenario((*report, "--force"), pages, ((*report, "--seed", 8),)),
        "data-check": Scenario(("data-check", made.corpus, "--html", page), ("out.html",)),
        "prompts": Scenario(prompts, ("out.jsonl",)),
        "prompts --force": Scenario((*prompts, "--force"), ("out.jsonl",), ((*prompts, "--seed", 8),)),
        "experiment": Scenario(
            plan, ("out/results.md", "out/results.json", "out/results.parquet", "out/seq2seq-seed1")
        ),
    }
