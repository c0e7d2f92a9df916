"""A folder with an input of every kind, small and whole, and the commands that read them."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chats
import crawls
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd
from filling import fill_csv, fill_xlsx, key_of, write_csv
from planted import planted, write_jsonl

from pwae_core.human_eval.sheets.form import POINTS, RATED

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
    text = f"{len(words)} 8\n" + "".join(lines)
    (folder / "words.vec").write_text(text, encoding="utf-8")
    (folder / "words.vec.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    values = np.linspace(-1, 1, 8, dtype="<f4").tobytes()
    (folder / "words.bin").write_bytes(
        f"{len(words)} 8\n".encode() + b"".join(w.encode() + b" " + values for w in words)
    )


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
    write_chats(folder)


def write_chats(folder: Path) -> None:
    said = [(n, n % 3, f"i like tea {n}", n * 7.0) for n in range(40)]
    chats.write_document(folder / "result.json", chats.telegram_chat(1, [chats.telegram_message(*one) for one in said]))
    chats.write_document(
        folder / "channel.json", chats.discord_channel(2, [chats.discord_message(*one) for one in said])
    )
    lines = [f"14.11.23, {8 + n // 6:02}:{n % 6}0 - Name{user}: {text}" for n, user, text, _ in said]
    (folder / "whatsapp.txt").write_text("\n".join(lines), encoding="utf-8")
    dump = [chats.reddit_comment(f"c{n}", f"u{n % 3}", text, f"t1_c{n - 1}", "p1") for n, _, text, _ in said]
    packed = zstd.compress("".join(json.dumps(one) + "\n" for one in dump).encode())
    (folder / "RC_2023-11.zst").write_bytes(packed)
    above = [f"q{n - 1}" if n % 8 else None for n in range(40)]
    rows = [chats.convokit_utterance(f"q{n}", f"u{u}", text, f"q{n - n % 8}", above[n]) for n, u, text, _ in said]
    crawls.write_lines(folder / "utterances.jsonl", rows)
    folder = folder / "many"
    folder.mkdir()
    crawls.write_lines(folder / "one.jsonl", rows[:16])
    crawls.write_lines(folder / "two.jsonl", rows[16:])
    (folder / "notes.txt").write_text("mine")


def write_others(folder: Path) -> None:
    """Another system's answers to the contexts of ``answers``, as JSONL and as Parquet."""
    asked = pq.read_table(folder / "answers" / "responses.parquet").to_pylist()
    rows = [{"session_id": one["session_id"], "responses": [["i", "like", "tea"], ["rain"]]} for one in asked]
    write_jsonl(rows, folder / "others.jsonl")
    pq.write_table(pa.Table.from_pylist(rows), folder / "others.parquet")


def fill_sheets(folder: Path) -> None:
    """Three annotators' files: a workbook, a CSV, and an export of Label Studio."""
    key, sent, back = key_of(folder / "key"), folder / "sheets", folder / "returned"
    back.mkdir()
    (workbook,) = sorted(sent.rglob("*1.xlsx"))[:1]
    shutil.copy(workbook, back / workbook.name)
    fill_xlsx(back / workbook.name, key, lambda _item, name: POINTS[name][0])
    sheet = next(sent.rglob("*2.csv"))
    write_csv(back / sheet.name, fill_csv(sheet, key, lambda _item, name: POINTS[name][-1]))
    tasks = json.loads(next(sent.rglob("*3.label-studio.json")).read_bytes())
    regions = [{"from_name": name, "type": "choices", "value": {"choices": [str(POINTS[name][0])]}} for name in RATED]
    rated = [task | {"id": n, "annotations": [{"result": regions}]} for n, task in enumerate(tasks)]
    (back / "annotator-3.json").write_text(json.dumps(rated, ensure_ascii=False), encoding="utf-8")


def targets(world: Path) -> list[Target]:
    """Every file of the world that a command reads, each with such a command."""
    out = ("--out", "{out}")
    found = [Target(name, ("preprocess", name, *out, *PREPROCESS)) for name in RAW]
    found += [Target(name, ("preprocess", name, *out, *CRAWLED)) for name in CRAWLS]
    found.append(Target("raw.jsonl", ("preprocess", "-", *out, *PREPROCESS), stdin="raw.jsonl"))
    found += [Target(f"many/{name}", ("preprocess", "many", *out, *CRAWLED)) for name in ("one.jsonl", "notes.txt")]
    found.append(Target("raw.csv", ("preprocess", "raw.csv", "--explain", "5")))
    found += [Target(name, command) for name, command in READ.items()]
    found.append(Target("others.jsonl", ("evaluate", *SYSTEMS, "--corpus", "corpus", "--compare")))
    found.append(Target("others.jsonl", ("report", "answers", "others.jsonl", "corpus", "--out", "{out}.html")))
    found.append(Target("history.txt", ADAPT, writes=("personawae",)))
    found.append(Target("said.txt", ("chat", "personawae", "--user", "user001"), stdin="said.txt"))
    for folder, command in ARTIFACTS.items():
        found += [Target(name, command) for name in _inside(world, folder)]
    resumed = ("train", "corpus", "--embeddings", "vectors", "--out", "seq2seq", "--model", "seq2seq", "--resume")
    settings = [word for size in (*SIZES, "batch_size=16", "max_steps=6") for word in ("--set", size)]
    found += [Target(name, (*resumed, *settings), writes=("seq2seq",)) for name in _inside(world, "seq2seq")]
    found += [Target(name, ("data-check", "corpus")) for name in _inside(world, "corpus")]
    measured = ("persona-scores", "--corpus", "corpus", "--run", "personawae", "--least", "1", "--run-contexts", "2")
    found += [Target(name, (*measured, "--resamples", "20")) for name in _inside(world, "personawae")]
    returned = sorted(path.name for path in (world / "returned").iterdir())
    found += [Target(f"returned/{name}", ("human-eval-score", "returned", "--key", "key", *SCORE)) for name in returned]
    return found


def _inside(world: Path, folder: str) -> list[str]:
    """The files of a folder of the world, by their names in the world."""
    return sorted(str(path.relative_to(world)) for path in (world / folder).rglob("*") if path.is_file())


RAW = ("raw.jsonl", "raw.csv", "raw.tsv", "raw.parquet")
CRAWLS = (
    *("spider.jsonl", "crawler.json", "crawler.sqlite", "media.json", "pairs.tsv"),
    *("result.json", "channel.json", "whatsapp.txt", "RC_2023-11.zst", "utterances.jsonl"),
)
SYSTEMS = ("A=answers", "B=others.jsonl")
SCORE = ("--out", "{out}", "--resamples", "20", "--permutations", "50")
ADAPT = ("adapt", "personawae", "--history-file", "history.txt", "--user", "me", "--steps", "2")
READ: dict[str, tuple[str, ...]] = {
    "words.vec": ("embed-words", "corpus", "--from", "words.vec", "--out", "{out}"),
    "words.bin": ("embed-words", "corpus", "--from", "words.bin", "--out", "{out}"),
    "words.vec.gz": ("embed-words", "corpus", "--from", "words.vec.gz", "--out", "{out}"),
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
