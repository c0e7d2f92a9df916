"""Blinding, attacked with all that a sheet shows, and with how it is laid out: systems are told apart at chance only.

Systems and people say the same kind of thing here, so whatever tells them apart is a leak: where a response is found
again (in which other context, whose history), what is near it, how often it is said, its place, its id, its markup.
A random forest learns from half of the contexts, with the answers, and guesses the other half.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import judged
import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import run_pwae
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.data.responses import Named
from pwae_core.human_eval.blinding import drawing, histories, placement
from pwae_core.stages import human_eval_export as stage
from pwae_core.stages.human_eval_export import human_eval_export

SYSTEMS = ("Zebrafinch", "Quokka")
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnpr" for b in "aeiou" for c in ("na", "ti", "so", "re")]
DULL = ("haha", "yes .", "me too", "good night !", "i do n't know .")
CONFIG = HumanEvalConfig(contexts=60, annotators=1, history=4)


def says(source: random.Random) -> str:
    return source.choice(DULL) if source.random() < 0.15 else " ".join(source.choices(WORDS, k=source.randint(2, 7)))


def write_raw(path: Path) -> None:
    """120 conversations of 8 to 14 turns between two of 24 users."""
    source = random.Random(1)
    rows = []
    for number in range(120):
        pair = source.sample(range(24), 2)
        for turn in range(source.randint(8, 14)):
            text = says(source)
            rows.append({"conversation_id": f"c{number}", "turn": turn, "user_id": f"u{pair[turn % 2]}", "text": text})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module", params=["session", "conversation"])
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A corpus of 250 test contexts and two systems that say what people say, only to somebody else."""
    made = tmp_path_factory.mktemp(request.param)
    write_raw(made / "raw.jsonl")
    words = (
        "--split-by",
        request.param,
        "--valid",
        20,
        "--test",
        250,
        "--min-utterances",
        1,
        "--tokenizer",
        "whitespace",
    )
    run_pwae("preprocess", made / "raw.jsonl", "--out", made / "corpus", *words).succeeds()
    sessions = pq.read_table(made / "corpus/test.parquet").to_pylist()
    vocabulary = artifacts.load(made / "corpus", "corpus").facts["vocabulary"]
    for system in SYSTEMS:
        source = random.Random(system)
        answers = {one["session_id"]: [says(source).split() for _ in range(2)] for one in sessions}
        given = judged.Judged(made / "corpus", sessions, {})
        judged.make_responses(made / system, system, given, answers, vocabulary=vocabulary)
    return made


def export(folder: Path, out: Path, config: HumanEvalConfig = CONFIG) -> None:
    systems = [Named(folder / system) for system in SYSTEMS]
    human_eval_export(systems, folder / "corpus", out, config, key=out.with_name("key"))


def csv_rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "annotator-1.csv").read_bytes().decode("utf-8-sig"), newline="")))


def parts(text: str) -> list[list[str]]:
    """The utterances of a cell as words."""
    lines = [line for line in text.split("\n") if not line.startswith("→")]
    return [re.findall(r"\w+", line.partition(" ")[2].casefold()) for line in lines]


def likeness(words: Sequence[str], others: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Of the likest of some other texts: shared words of both; and whether one is the other, or holds it."""
    own, said = set(words), " ".join(words)
    shared = max((len(own & set(other)) / max(1, len(own | set(other))) for other in others), default=0.0)
    equal = sum(list(words) == list(other) for other in others)
    held = sum(f" {said} " in f" {' '.join(other)} " for other in others)
    return shared, equal, held


Features = list[float]


def textual(rows: Sequence[dict[str, str]]) -> Iterator[Features]:
    """What a response has to do with each text of the whole sheet, and how that compares with its siblings."""
    responses = [re.findall(r"\w+", row["response"].casefold()) for row in rows]
    contexts, said = [parts(row["conversation"]) for row in rows], [parts(row["earlier utterances"]) for row in rows]
    frequency = Counter(word for words in responses for word in words)
    shown = Counter(word for row in (*contexts, *said) for words in row for word in words)
    for number, (row, words) in enumerate(zip(rows, responses, strict=True)):
        own = [n for n, other in enumerate(rows) if other["conversation"] == row["conversation"]]
        other = [n for n in range(len(rows)) if n not in own]
        yield [
            *likeness(words, contexts[number]),
            *likeness(words, said[number]),
            *likeness(words, [text for n in other for text in contexts[n]]),
            *likeness(words, [text for n in other for text in said[n]]),
            *likeness(words, [responses[n] for n in own if n != number]),
            *likeness(words, [responses[n] for n in other]),
            len(words),
            len(row["response"]),
            float(np.mean([frequency[word] for word in words])),
            float(np.mean([shown[word] for word in words])),
            min((shown[word] for word in words), default=0),
        ]


def placed(rows: Sequence[dict[str, str]], out: Path) -> Iterator[Features]:
    """Where an item is, its id, its markup and its neighbours."""
    with zipfile.ZipFile(out / "annotator-1.xlsx") as archive:
        page = archive.read("xl/worksheets/sheet2.xml").decode()
    markup = {int(number): rest for number, rest in re.findall(r'<row r="(\d+)"(.*?)</row>', page)}
    seen: Counter[str] = Counter()
    last: dict[str, int] = {}
    for number, row in enumerate(rows):
        letters = [placement.ALPHABET.index(letter) for letter in row["item"].replace("-", "")]
        styles = [int(style) for style in re.findall(r's="(\d+)"', markup[number + 2])]
        yield [
            number,
            number % 2,
            number % 3,
            *letters,
            *styles[:4],
            len(markup[number + 2]),
            seen[row["conversation"]],
            number - last.get(row["conversation"], -100),
        ]
        seen[row["conversation"]] += 1
        last[row["conversation"]] = number


def with_ranks(features: Sequence[Features], groups: Sequence[str]) -> Any:
    """Each feature, and its rank among the items of the same context."""
    made = np.array(features, dtype=float)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    ranks = np.zeros_like(made)
    for rows in members.values():
        ranks[rows] = stats.rankdata(made[rows], axis=0)
    return np.hstack([made, ranks])


def attack(out: Path) -> float:
    """The probability of guessing so many items right by chance."""
    rows = csv_rows(out)
    key = artifacts.load(out.with_name("key"), "human-eval-key").table("items.parquet").to_pylist()
    system = {row["item_id"]: row["system"] for row in key}
    groups = [row["conversation"] for row in rows]
    features = [[*one, *two] for one, two in zip(textual(rows), placed(rows, out), strict=True)]
    truth = np.array([system[row["item"]] for row in rows])
    forest = RandomForestClassifier(200, min_samples_leaf=3, random_state=0)
    guessed = cross_val_predict(forest, with_ranks(features, groups), truth, groups=groups, cv=GroupKFold(2))
    right = int((guessed == truth).sum())
    return float(stats.binomtest(right, len(truth), 1 / 3, alternative="greater").pvalue)


def salted(monkeypatch: pytest.MonkeyPatch, salt: str) -> None:
    monkeypatch.setattr(stage, "new_salt", lambda: salt)


def test_at_chance(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for salt in "abc":
        salted(monkeypatch, salt)
        export(folder, tmp_path / salt / "out", CONFIG.model_copy(update={"seed": ord(salt)}))
        found.append(attack(tmp_path / salt / "out"))
    assert stats.combine_pvalues(found).pvalue > 0.01
    assert min(found) > 0.001


def same_order(items: Any, repeats: int, secret: str, annotator: int) -> Any:
    return sorted(items, key=lambda item: (placement.keyed(secret, item.context.session_id), item.system))


def with_overlaps(patch: pytest.MonkeyPatch) -> None:
    """As contexts and histories would be drawn if nobody looked what they show."""
    patch.setattr(drawing, "_kept_apart", list)
    patch.setattr(drawing, "_preferred", lambda judged, _: list(judged))
    patch.setattr(histories, "wording", hash)


LEAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "order": lambda patch: patch.setattr(placement, "_order", same_order),
    "overlap": with_overlaps,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_attack_finds_what_leaks(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    salted(monkeypatch, "a")
    LEAKS[leak](monkeypatch)
    export(folder, tmp_path / "out", CONFIG.model_copy(update={"contexts": 150 if leak == "overlap" else 60}))
    assert attack(tmp_path / "out") < 1e-3


def test_no_response_stands_anywhere_else(folder: Path, tmp_path: Path) -> None:
    """No response is an utterance of any context or history: not of another item, and not of its own."""
    export(folder, tmp_path / "out")
    rows = csv_rows(tmp_path / "out")
    shown = {
        " ".join(words) for row in rows for cell in ("conversation", "earlier utterances") for words in parts(row[cell])
    }
    assert len(shown) > 100
    assert not [row for row in rows if " ".join(re.findall(r"\w+", row["response"].casefold())) in shown]
