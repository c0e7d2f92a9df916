"""``pwae human-eval-export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, option
from pwae_core.config.human_eval import DEFAULTS, HumanEvalConfig, Mode

if TYPE_CHECKING:
    from pwae_core.stages.human_eval_export import HumanEvalReport


def _print_language(language: str | None) -> None:
    if language is None:
        return
    from pwae_core.human_eval.sheets.words import shipped

    console.print_line(shipped(language).rstrip())
    raise typer.Exit


def command(
    responses: Annotated[
        list[str],
        typer.Argument(
            help="Folders written by 'pwae sample', or .jsonl or .parquet files of other systems: PATH or NAME=PATH."
        ),
    ],
    corpus: Annotated[Path, typer.Option("--corpus", help="Folder written by 'pwae preprocess'.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the annotators. It appears when it is complete.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="Folder for the key, never for the annotators. Default: OUT-key.")
    ] = None,
    mode: Annotated[Mode, option(HumanEvalConfig, "mode")] = DEFAULTS.mode,
    pairs: Annotated[
        list[str] | None, option(HumanEvalConfig, "pairs", "--pair", metavar="ONE=OTHER", repeatable=True)
    ] = None,
    ties: Annotated[bool, option(HumanEvalConfig, "ties")] = DEFAULTS.ties,
    language: Annotated[str, option(HumanEvalConfig, "language", metavar="en|zh|FILE")] = DEFAULTS.language,
    contexts: Annotated[int, option(HumanEvalConfig, "contexts")] = DEFAULTS.contexts,
    annotators: Annotated[int, option(HumanEvalConfig, "annotators")] = DEFAULTS.annotators,
    raters: Annotated[int | None, option(HumanEvalConfig, "raters")] = DEFAULTS.raters,
    together: Annotated[bool, option(HumanEvalConfig, "together")] = DEFAULTS.together,
    history: Annotated[int, option(HumanEvalConfig, "history")] = DEFAULTS.history,
    sample: Annotated[Literal["random", "first"], option(HumanEvalConfig, "sample")] = DEFAULTS.sample,
    ground_truth: Annotated[bool, option(HumanEvalConfig, "ground_truth")] = DEFAULTS.ground_truth,
    repeats: Annotated[int, option(HumanEvalConfig, "repeats")] = DEFAULTS.repeats,
    checks: Annotated[int, option(HumanEvalConfig, "checks")] = DEFAULTS.checks,
    completion_code: Annotated[
        bool, option(HumanEvalConfig, "completion_code", "--completion-code")
    ] = DEFAULTS.completion_code,
    page: Annotated[bool, option(HumanEvalConfig, "page")] = DEFAULTS.page,
    label_studio: Annotated[bool, option(HumanEvalConfig, "label_studio", "--label-studio")] = DEFAULTS.label_studio,
    seed: Annotated[int, option(HumanEvalConfig, "seed")] = DEFAULTS.seed,
    force: Force = False,
    json: Json = False,
    print_language: Annotated[  # noqa: ARG001 - its callback prints
        str | None,
        typer.Option(
            "--print-language",
            metavar="en|zh",
            is_eager=True,
            callback=_print_language,
            help="Print the words of a shipped language, for translation, and exit.",
        ),
    ] = None,
) -> None:
    """Write double-blind sheets for annotators.

    Each sheet (XLSX, CSV and a web page) has several systems' responses, to rate or to choose between. The key says
    which response is whose.
    """
    config = HumanEvalConfig.make(
        {
            "mode": mode,
            "pairs": pairs or (),
            "ties": ties,
            "language": language,
            "contexts": contexts,
            "annotators": annotators,
            "raters": raters,
            "together": together,
            "history": history,
            "sample": sample,
            "ground_truth": ground_truth,
            "repeats": repeats,
            "checks": checks,
            "completion_code": completion_code,
            "page": page,
            "label_studio": label_studio,
            "seed": seed,
        }
    )
    from dataclasses import asdict

    from pwae_core.data.responses import named
    from pwae_core.stages.human_eval_export import human_eval_export

    systems = [named(argument) for argument in responses]
    report = human_eval_export(systems, corpus, out, config, key=key, force=force, progress=console.progress())
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: HumanEvalReport) -> None:
    rows: list[tuple[str, object]] = [
        ("systems", ", ".join(report.systems)),
        ("contexts", report.contexts),
        ("  that all systems answer", report.common),
        ("  left out: responder without history", report.without_history),
        ("  left out: no real response", report.without_reference),
        ("  left out: a context would show a judged response", report.overlapping),
        ("judged", f"{report.judged:,} {'pairs of responses' if report.mode == 'pairs' else 'responses'}"),
        ("language", report.language),
        ("items in each sheet", _range(report.fewest, report.items)),
        ("  shown a second time", report.repeats),
        ("  attention checks", report.checks),
        ("  with a text cut to fit its cell", report.cut),
        ("annotators", report.annotators),
        ("  who judge each item", report.raters),
        ("item ids begin with", report.export),
        ("files", ", ".join(report.files)),
        ("  changed since the export", ", ".join(report.changed) or "none"),
        ("the key, never for annotators", report.key),
    ]
    stands = " (already existed)" if report.standing else ""
    console.print_table(f"Sheets for the annotators in {report.sheets}{stands}", ["", "value"], rows, numbers_from=2)


def _range(fewest: int, most: int) -> str:
    return f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
