"""A folder with an input of every kind, small and whole, and the commands that read them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crawls
import pyarrow as pa
import pyarrow.parquet as pq
from filling import fill_csv, fill_xlsx, key_of, write_csv
from planted import planted, write_jsonl

Run = Callable[..., Any]
"""``run("train", ..., folder=FOLDER)``: a command, run in the folder of the world."""

PREPROCESS = ("--tokenizer", "whitespace", "--min-utterances", "3", "--valid", "0.1", "--test", "0.1")
SIZES = ("model.word_size=8", "model.hidden_size=8", "model.user_size=6", "model.latent_size=4", "max_steps=4")
CRAWLED = ("--clean", "none", "--min-utterances", "1", "--tokenizer", "char", "--valid", "0.2", "--test", "0.2")
PLAN = """\
title = "Small"
corpus = "corpus"
embeddings = "vectors"
preset = "small"
seeds = [7]

[train]
max_steps = 2
batch_size = 16
[train.model]
word_size = 8
hidden_size = 8
latent_size = 4

[sample]
samples = 2
limit = 4

[sample.decoding]
strategy = "greedy"
max_length = 8

[evaluate]
resamples = 20

[[systems]]
model = "seq2seq"
label = "S2S"
"""
SETTINGS = """\
batch_size = 16
max_steps = 2
[model]
name = "cvae"
word_size = 8
hidden_size = 8
latent_size = 4
temperature = 0.5
[autoencoder]
kind = "adam"
rate = 0.002
"""


@dataclass(frozen=True)
class Target:
    """A file that is damaged, and a command that reads it; "{out}" in the command is where it writes.

    ``writes``: entries of the world that the command itself may change.
    """

    damaged: str
    command: tuple[str, ...]
    stdin: str = ""
    writes: tuple[str, ...] = ()


def make_world(run: Run, folder: Path) -> Path:
    """Fills ``folder``; ``run`` runs a command in it and raises where it fails."""
    data = planted(users=6, conversations=40, seed=1).rows
    write_jsonl(data, folder / "raw.jsonl")
    write_tables(data, folder)
    write_crawls(folder)
    run("preprocess", "raw.jsonl", "--out", "corpus", *PREPROCESS)
    run("embed-words", "corpus", "--out", "vectors", "--dimension", "8", "--epochs", "1")
    settings = [word for size in (*SIZES, "batch_size=16") for word in ("--set", size)]
    for name in ("personawae", "seq2seq"):
        run("train", "corpus", "--embeddings", "vectors", "--out", name, "--model", name, *settings)
    run("sample", "personawae", "--corpus", "corpus", "--out", "answers", "--samples", "2", "--limit", "8")
    write_others(folder)
    run("evaluate", "answers", "--corpus", "corpus", "--out", "scores", "--resamples", "20")
    sheets = ("--contexts", "4", "--annotators", "3", "--history", "2", "--label-studio")
    run("human-eval-export", *SYSTEMS, "--corpus", "corpus", "--out", "sheets", "--key", "key", *sheets)
    fill_sheets(folder)
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "history.txt").write_text("do you like tea ?\ti like tea very much\nrain makes me happy\n" * 3)
    (folder / "template.txt").write_text("You are {responder}.\n---\n{history}\n{context}\n")
    (folder / "said.txt").write_text("do you like tea ?\n/user user001\n/users 1\n/why\nrain\n/quit\n")
    return folder


def write_tables(rows: Sequence[dict[str, Any]], folder: Path) -> None:
    for name, separator in (("raw.csv", ","), ("raw.tsv", "\t")):
        with (folder / name).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]), delimiter=separator)
            writer.writeheader()
            writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(list(rows)), folder / "raw.parquet")
    words = sorted({word for row in rows for word in row["text"].split()})
    lines = [f"{word} {' '.join(str(len(word) / (place + 2)) for place in range(8))}\n" for word in words]
    (folder / "words.vec").write_text(f"{len(words)} 8\n" + "".join(lines), encoding="utf-8")


def write_crawls(folder: Path) -> None:
    comments = [
        crawls.spider_comment(n, 10 + n % 3, f"text {n} 茶", (n - 1, 10 + (n - 1) % 3, f"text {n - 1} 茶"))
        for n in range(1, 25)
    ]
    crawls.write_lines(folder / "spider.jsonl", comments)
    posts = [
        crawls.crawler_post(n, 10 + n % 3, f"转发 {n}//@name11:茶 {n}", crawls.crawler_post(99, 12, "茶"))
        for n in range(12)
    ]
    crawls.write_crawler_json(folder / "crawler.json", posts)
    weibo = [(str(n), "u1", f"post {n}") for n in range(4)]
    answers = [(f"c{n}", str(n % 4), "", f"u{2 + n % 2}", f"answer {n}") for n in range(24)]
    reposts = [(f"r{n}", str(n % 4), "u4", f"repost {n}") for n in range(4)]
    crawls.write_crawler_sqlite(folder / "crawler.sqlite", weibo, answers, reposts)
    media = [crawls.media_comment(f"m{n}", "n1", f"m{n - 1}" if n else "", f"u{n % 3}", f"茶 {n}") for n in range(24)]
    (folder / "media.json").write_text(json.dumps(media, ensure_ascii=False), encoding="utf-8")
    pairs = [(f"post {n}", f"u{n % 2}", "1372480809", f"answer {n}", f"v{n % 2}", "1372480900") for n in range(24)]
    crawls.write_pairs(folder / "pairs.tsv", pairs, header=True)


def write_others(folder: Path) -> None:
    """Another system's answers to the contexts of ``answers``, as JSONL and as Parquet."""
    asked = pq.read_table(folder / "answers" / "responses.parquet").to_pylist()
    rows = [{"session_id": one["session_id"], "responses": [["i", "like", "tea"], ["rain"]]} for one in asked]
    write_jsonl(rows, folder / "others.jsonl")
    pq.write_table(pa.Table.from_pylist(rows), folder / "others.parquet")


def fill_sheets(folder: Path) -> None:
    """Three annotators' files: a workbook, a CSV, and a web page's download."""
    key, sent, back = key_of(folder / "key"), folder / "sheets", folder / "returned"
    back.mkdir()
    (workbook,) = sorted(sent.rglob("*1.xlsx"))[:1]
    shutil.copy(workbook, back / workbook.name)
    fill_xlsx(back / workbook.name, key, lambda _item, _name: 3)
    for number in (2, 3):
        (sheet,) = sorted(sent.rglob(f"*{number}.csv"))[:1]
        write_csv(back / sheet.name, fill_csv(sheet, key, lambda _item, _name: 4))


def targets(world: Path) -> list[Target]:
    """Every file of the world that a command reads, each with such a command."""
    out = ("--out", "{out}")
    found = [Target(name, ("preprocess", name, *out, *PREPROCESS)) for name in RAW]
    found += [Target(name, ("preprocess", name, *out, *CRAWLED)) for name in CRAWLS]
    found.append(Target("raw.jsonl", ("preprocess", "-", *out, *PREPROCESS), stdin="raw.jsonl"))
    found.append(Target("raw.csv", ("preprocess", "raw.csv", "--explain", "5")))
    found += [Target(name, command) for name, command in READ.items()]
    found.append(Target("others.jsonl", ("evaluate", *SYSTEMS, "--corpus", "corpus", "--compare")))
    found.append(Target("others.jsonl", ("report", "answers", "others.jsonl", "corpus", "--out", "{out}.html")))
    found.append(Target("history.txt", ADAPT, writes=("personawae",)))
    found.append(Target("said.txt", ("chat", "personawae", "--user", "user001"), stdin="said.txt"))
    for folder, command in ARTIFACTS.items():
        inside = sorted(path for path in (world / folder).rglob("*") if path.is_file())
        found += [Target(str(path.relative_to(world)), command) for path in inside]
    returned = sorted(path.name for path in (world / "returned").iterdir())
    found += [Target(f"returned/{name}", ("human-eval-score", "returned", "--key", "key", *SCORE)) for name in returned]
    return found


RAW = ("raw.jsonl", "raw.csv", "raw.tsv", "raw.parquet")
CRAWLS = ("spider.jsonl", "crawler.json", "crawler.sqlite", "media.json", "pairs.tsv")
SYSTEMS = ("A=answers", "B=others.jsonl")
SCORE = ("--out", "{out}", "--resamples", "20", "--permutations", "50")
ADAPT = ("adapt", "personawae", "--history", "history.txt", "--user", "me", "--steps", "2")
READ: dict[str, tuple[str, ...]] = {
    "words.vec": ("embed-words", "corpus", "--from", "words.vec", "--out", "{out}"),
    "settings.toml": ("train", "corpus", "--config", "settings.toml", "--max-steps", "2", "--out", "{out}"),
    "plan.toml": ("experiment", "plan.toml", "--out", "{out}"),
    "template.txt": ("prompts", "corpus", "--template", "template.txt", "--out", "{out}.jsonl"),
    "others.parquet": ("evaluate", "others.parquet", "--corpus", "corpus", "--out", "{out}", "--resamples", "20"),
}
ARTIFACTS: dict[str, tuple[str, ...]] = {
    "corpus": ("embed-words", "corpus", "--out", "{out}", "--dimension", "4", "--epochs", "1"),
    "vectors": ("evaluate", "answers", "--corpus", "corpus", "--embeddings", "vectors", "--resamples", "20"),
    "personawae": ("sample", "personawae", "--corpus", "corpus", "--out", "{out}", "--samples", "2", "--limit", "4"),
    "seq2seq": ("report", "seq2seq", "--out", "{out}.html", "--markdown", "{out}.md"),
    "answers": ("human-eval-export", *SYSTEMS, "--corpus", "corpus", "--out", "{out}", "--contexts", "3"),
    "scores": ("report", "scores", "answers", "--out", "{out}.html"),
    "key": ("human-eval-score", "returned", "--key", "key", *SCORE),
}
