"""``pwae embed-words``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, Out, called, option
from pwae_core.config.embed_words import DEFAULTS, EmbedWordsConfig

if TYPE_CHECKING:
    from pwae_core.stages.embed_words import EmbedWordsReport


def command(
    corpus: Annotated[Path, typer.Argument(help="Folder written by 'pwae preprocess'.")],
    out: Out,
    vectors: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Import these vectors instead: word2vec's text or binary format, compressed or not."
        ),
    ] = None,
    dimension: Annotated[int, option(EmbedWordsConfig, "dimension")] = DEFAULTS.dimension,
    architecture: Annotated[
        Literal["skip-gram", "cbow"], option(EmbedWordsConfig, "architecture")
    ] = DEFAULTS.architecture,
    window: Annotated[int, option(EmbedWordsConfig, "window", "--word-window")] = DEFAULTS.window,
    negative: Annotated[int, option(EmbedWordsConfig, "negative")] = DEFAULTS.negative,
    epochs: Annotated[int, option(EmbedWordsConfig, "epochs")] = DEFAULTS.epochs,
    learning_rate: Annotated[float, option(EmbedWordsConfig, "learning_rate")] = DEFAULTS.learning_rate,
    subsampling: Annotated[float, option(EmbedWordsConfig, "subsampling")] = DEFAULTS.subsampling,
    workers: Annotated[int, option(EmbedWordsConfig, "workers", "--threads")] = DEFAULTS.workers,
    seed: Annotated[int, option(EmbedWordsConfig, "seed")] = DEFAULTS.seed,
    force: Force = False,
    json: Json = False,
) -> None:
    """Learn or import word vectors for a corpus.

    They come from word2vec on the training split, or from a file, and are aligned with the corpus's vocabulary.
    """
    config = EmbedWordsConfig.make(
        {
            "dimension": dimension,
            "architecture": architecture,
            "window": window,
            "negative": negative,
            "epochs": epochs,
            "learning_rate": learning_rate,
            "subsampling": subsampling,
            "workers": workers,
            "seed": seed,
        },
        called(window="word_window", workers="threads"),
    )
    from dataclasses import asdict

    from pwae_core.stages.embed_words import embed_words

    report = embed_words(corpus, out, config, vectors=vectors, force=force, progress=console.progress())
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: EmbedWordsReport) -> None:
    rows: list[tuple[str, object]] = [
        ("source", report.source),
        ("dimension", report.dimension),
        ("utterances read", report.utterances),
        ("words of the vocabulary", report.words),
        ("  with a vector", _share(report.known_words, report.words)),
        ("running tokens", report.tokens),
        ("  with a vector", _share(report.known_tokens, report.tokens)),
        ("reproducible", "yes" if report.deterministic else "no: several workers"),
    ]
    if report.missing:
        rows.append(("most frequent without", " ".join(report.missing)))
    stands = " (already existed)" if report.standing else ""
    console.print_table(f"Word vectors in {report.out}{stands}", ["", "value"], rows)
    for note in report.notes:
        console.print_line(note)


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / max(whole, 1):.1%})"
