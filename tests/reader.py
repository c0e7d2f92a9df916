"""A reader of the pages: the folder they sit in front of, the sizes they can wait for, and the people they ask.

The names are those of the pages: ``corpus``, ``vectors``, ``runs/personawae``, ``responses/personawae`` and so on.
Everything is small, and made once; every page gets a copy.
"""

from __future__ import annotations

import csv
import json
import re
import runpy
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from filling import key_of, write_csv
from forms import ENGLISH, PAIRS
from pages import ROOT, Command
from planted import planted, write_jsonl

from pwae_core.config.experiment import shipped_plans
from pwae_core.human_eval.sheets.form import Form

Run = Callable[..., Any]

PEOPLE = ("ann", "user001", "user002", "user003", "bo", "bob", "user006", "user007")
SIZES = ("model.word_size=16", "model.hidden_size=8", "model.user_size=6", "model.latent_size=4")
STEPS = 2
RESAMPLED = ("--resamples", "20")
SMALLER: dict[str, tuple[str, ...]] = {
    "preprocess": ("--valid", "20", "--test", "40"),
    "embed-words": ("--dimension", "16", "--epochs", "1"),
    "train": (*(word for size in SIZES for word in ("--set", size)), "--max-steps", str(STEPS)),
    "sample": ("--samples", "2", "--max-length", "6"),
    "evaluate": RESAMPLED,
    "evaluate --compare": ("--permutations", "50"),
    "persona-scores": RESAMPLED,
    "persona-scores --run": ("--run-contexts", "4"),
    "human-eval-export": ("--contexts", "4", "--history", "2", "--completion-code"),
    "human-eval-score": RESAMPLED,
    "report": ("--cases", "2", "--table6-contexts", "1", "--points", "20"),
}
"""Options that follow those of a page, and so prevail."""
RESUMED = ("--max-steps", str(2 * STEPS))
"""A run goes on with its own settings."""


class Reader:
    """Runs the commands of one page in ``folder``, where the caller stands, block by block.

    ``smaller`` has further options for a command. What stands at a command's ``--out`` makes way, unless the same block
    made it: a page may show several ways to one folder.
    """

    def __init__(self, run: Run, folder: Path, smaller: Mapping[str, Sequence[str]] = SMALLER) -> None:
        self.run, self.folder, self.smaller = run, folder, smaller
        self.made: set[str] = set()

    def next_block(self) -> None:
        self.made.clear()

    def perform(self, command: Command) -> str:
        """Runs a command that must succeed: ``pwae``, or a script of the examples. Gives what ``pwae`` printed."""
        program, *words = command.words
        if program == "python":
            run_script(words)
            return ""
        assert program == "pwae", f"nobody runs {command}"
        words = self._smaller(words)
        self._make_way(words)
        result = self.run(*words)
        assert result.exit_code == 0, f"{command}\n{result.stderr}"
        if command.out:
            (self.folder / command.out).write_text(result.stdout, encoding="utf-8")
        if words[0] == "human-eval-export" and "--out" in words:
            annotate(self.folder, out_of(words), PAIRS if "pairs" in words else ENGLISH)
        return str(result.stdout)

    def _smaller(self, words: Sequence[str]) -> list[str]:
        if words[0] == "experiment":
            return [words[0], smaller_plan(words[1], self.folder), *words[2:]]
        if words[0] == "embed-words" and "--from" in words:
            return [*words]
        if "--resume" in words:
            return [*words, *RESUMED]
        known = (self.smaller.get(" ".join((words[0], *other)), ()) for other in ((), *((one,) for one in words[1:])))
        return [*words, *(word for options in known for word in options)]

    def _make_way(self, words: Sequence[str]) -> None:
        name = out_of(words)
        if not name or "--resume" in words or name in self.made:
            return
        self.made.add(name)
        for path in (self.folder / name, self.folder / f"{name}-key"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def out_of(words: Sequence[str]) -> str:
    return words[words.index("--out") + 1].rstrip("/") if "--out" in words else ""


def run_script(words: Sequence[str]) -> None:
    """``python examples/NAME.py ...``, as from the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", list(words))
        runpy.run_path(str(ROOT / words[0]), run_name="__main__")


def smaller_plan(name: str, folder: Path) -> str:
    """The first two systems of a plan that comes with the package."""
    head, *systems = shipped_plans()[name].split("[[systems]]")
    sizes = "".join(f"{size}\n" for size in SIZES)
    head = re.sub(r"max_steps = .*\nvalidate_every = .*\n", f"max_steps = {STEPS}\n{sizes}", head)
    head = re.sub(r"limit = .*", "limit = 30\nsamples = 2", head)
    (folder / "smaller.toml").write_text("[[systems]]".join([head, *systems[:2]]), encoding="utf-8")
    return "smaller.toml"


def annotate(folder: Path, sheets: str, form: Form) -> None:
    """Every annotator sends back a filled sheet and, by another way, a code."""
    shutil.rmtree(folder / "returned", ignore_errors=True)
    (folder / "returned").mkdir()
    key = key_of(folder / f"{sheets}-key")
    for annotator in {item.annotator for item in key}:
        own = [item for item in key if item.annotator == annotator]
        rows = [
            {form.head("item"): item.item_id, **{form.head(name): item.expected.get(name, 1) for name in form.rated}}
            for item in own
        ]
        write_csv(folder / "returned" / f"{annotator}.csv", rows)
    (folder / "codes.csv").write_text("JSFM-PJYG-TSNF\n", encoding="utf-8")


def make_folder(run: Run, folder: Path) -> Path:
    """Fills ``folder``, where the caller stands, with what the pages take for granted."""
    write_raw(folder)
    reader = Reader(run, folder)

    def pwae(*words: str) -> None:
        reader.perform(Command(("pwae", *words)))

    pwae("preprocess", "my.jsonl", "--out", "corpus")
    pwae("embed-words", "corpus", "--out", "vectors")
    for name in ("personawae", "seq2seq"):
        pwae("train", "corpus", "--embeddings", "vectors", "--model", name, "--out", f"runs/{name}")
        pwae("sample", f"runs/{name}", "--out", f"responses/{name}")
    pwae("sample", "runs/personawae", "--seed", "8", "--out", "responses/personawae-8")
    pwae("evaluate", "responses/personawae", "responses/seq2seq", "--embeddings", "vectors", "--out", "scores")
    for name in ("corpus", "vectors", "runs", "responses", "scores"):
        shutil.copytree(folder / name, folder / "quickstart" / name)
    for name in ("corpus", "vectors"):
        shutil.copytree(folder / name, folder / "elsewhere" / name)
    write_others(folder)
    return folder


def write_raw(folder: Path) -> None:
    """The same conversations under every name and in every shape that a page takes for granted."""
    rows = planted(users=len(PEOPLE), conversations=120, seed=1).rows
    for row in rows:
        row["user_id"] = PEOPLE[int(row["user_id"].removeprefix("user"))]
    for name in ("my.jsonl", "later.jsonl", "weibo/one.jsonl", "crawl/one.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_jsonl(rows, folder / name)
    shapes = {"thread": "conversation_id", "author": "user_id", "turn": "turn", "text": "text"}
    with (folder / "chats.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([shapes, *([row[name] for name in shapes.values()] for row in rows)])
    forum = {"thread": "conversation_id", "number": "turn", "by": "user_id", "says": "text"}
    write_jsonl([{name: row[own] for name, own in forum.items()} for row in rows], folder / "posts.jsonl")


def write_others(folder: Path) -> None:
    """What other programs made of the test split: answers, and scores of them; and contexts of nobody's corpus."""
    sessions = pq.read_table(folder / "corpus" / "test.parquet").column("session_id").to_pylist()
    for name in ("llm.jsonl", "peer.jsonl"):
        write_jsonl([{"session_id": one, "responses": [f"i like {name}", "rain"]} for one in sessions], folder / name)
    scores = [f"{system},{one},BERTScore,0.8" for system in ("PersonaWAE", "Seq2Seq") for one in sessions]
    (folder / "bertscore.csv").write_text("\n".join(["system,session,metric,value", *scores]), encoding="utf-8")
    (folder / "contexts.jsonl").write_text(json.dumps({"context": ["good morning"]}) + "\n", encoding="utf-8")
