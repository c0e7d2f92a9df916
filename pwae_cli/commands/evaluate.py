"""``pwae evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, called, option
from pwae_cli.scores import DIFFERENCES, OWN, TABLES, number, own, shown
from pwae_core.config.evaluate import DEFAULTS, EvaluateConfig, Smoothing, TokenizerName, Variant
from pwae_core.grammar import counted, p_value

if TYPE_CHECKING:
    from pwae_core.metrics.comparisons import Comparison
    from pwae_core.metrics.evaluation import EvaluateReport, SystemReport
    from pwae_core.metrics.significance import Spread


def command(
    responses: Annotated[
        list[str],
        typer.Argument(
            help="Folders written by 'pwae sample', or .jsonl or .parquet files of other systems: PATH or NAME=PATH. "
            "Several paths with the same NAME are seeds of one system."
        ),
    ],
    embeddings: Annotated[
        Path | None, typer.Option("--embeddings", help="Folder written by 'pwae embed-words'; required for BOW.")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Folder written by 'pwae preprocess': provides and checks the references."),
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option("--scores", help="Table of other programs' scores: system, session, metric, value. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write the scores of every context to. Default: none.")
    ] = None,
    ngram: Annotated[int, option(EvaluateConfig, "ngram")] = DEFAULTS.ngram,
    smoothing: Annotated[Smoothing, option(EvaluateConfig, "smoothing")] = DEFAULTS.smoothing,
    variant: Annotated[Variant, option(EvaluateConfig, "variant")] = DEFAULTS.variant,
    samples: Annotated[int | None, option(EvaluateConfig, "samples", "--first")] = DEFAULTS.samples,
    metric: Annotated[list[str] | None, option(EvaluateConfig, "metrics", repeatable=True)] = None,
    tokenizer: Annotated[TokenizerName | None, option(EvaluateConfig, "tokenizer")] = DEFAULTS.tokenizer,
    common: Annotated[bool, option(EvaluateConfig, "common", "--common")] = DEFAULTS.common,
    compare: Annotated[bool, option(EvaluateConfig, "compare", "--compare")] = DEFAULTS.compare,
    base: Annotated[str | None, option(EvaluateConfig, "base", "--against")] = DEFAULTS.base,
    trials: Annotated[int, option(EvaluateConfig, "trials", "--permutations")] = DEFAULTS.trials,
    resamples: Annotated[int, option(EvaluateConfig, "resamples")] = DEFAULTS.resamples,
    seed: Annotated[int, option(EvaluateConfig, "seed")] = DEFAULTS.seed,
    force: Force = False,
    json: Json = False,
) -> None:
    """Score responses with the paper's metrics (Table 2).

    It shows several systems side by side, with intervals and signatures.
    """
    config = EvaluateConfig.make(
        {
            "ngram": ngram,
            "smoothing": smoothing,
            "variant": variant,
            "metrics": metric or (),
            "samples": samples,
            "tokenizer": tokenizer,
            "common": common,
            "compare": compare,
            "base": base,
            "trials": trials,
            "resamples": resamples,
            "seed": seed,
        },
        called(samples="first", base="against", trials="permutations"),
    )
    from dataclasses import asdict

    from pwae_core.data.responses import named
    from pwae_core.stages.evaluate import evaluate

    report = evaluate(
        [named(argument) for argument in responses],
        config,
        embeddings=embeddings,
        corpus=corpus,
        outside=scores or (),
        out=out,
        force=force,
        progress=console.progress(),
    )
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: EvaluateReport) -> None:
    stands = f", {report.out} already existed" if report.standing else ""
    console.print_line(f"{counted(report.contexts, 'context')}{stands}")
    for title, headings in {**TABLES, OWN: own(_found(report))}.items():
        _print_columns(title, headings, report)
    if any(total.low is not None for system in report.systems for total in system.totals.values()):
        console.print_line(f"±: half the width of the {report.level:.0%} bootstrap interval; --json has its bounds.")
    if report.comparisons:
        _print_comparisons(report)
    for note in report.notes:
        console.print_line(note)
    console.print_line()
    for signature, systems in _signatures(report).items():
        everyone = len(systems) == len(report.systems)
        console.print_line(signature if everyone else f"{signature}  ({', '.join(systems)})")
    console.print_line("'pwae metrics' explains each metric: formula, source, pitfalls.")


def _print_columns(title: str, headings: Mapping[str, str], report: EvaluateReport) -> None:
    columns = shown(headings, _found(report))
    rows = [[system.system, *(_cell(system, metric) for metric in columns)] for system in report.systems]
    for seeds in report.seeds:
        cells = (_spread(metric, seeds.spread.get(metric)) for metric in columns)
        rows.append([f"{seeds.system}\nmean of {len(seeds.runs)} seeds", *cells])
    if columns:
        console.print_table(title, ["System", *columns.values()], rows)


def _spread(metric: str, found: Spread | None) -> str:
    return f"{number(metric, found.mean)}\nσ{number(metric, found.deviation)}" if found else ""


def _print_comparisons(report: EvaluateReport) -> None:
    from pwae_core.metrics.significance import EXACT

    base = report.comparisons[0].base
    systems = dict.fromkeys(one.system for one in report.comparisons)
    cells = {(one.system, one.metric): _difference(one) for one in report.comparisons}
    found = [one.metric for one in report.comparisons]
    for headings in (*DIFFERENCES, own(found)):
        columns = shown(headings, found)
        rows = [[system, *(cells.get((system, metric), "") for metric in columns)] for system in systems]
        if columns:
            console.print_table(f"Less {base}", ["System", *columns.values()], rows)
    console.print_line(
        "p: randomisation over contexts, two-sided, Holm-adjusted over all systems and the metrics of one family "
        "(Table 2's six; diversity, repetition and length; all others); * below .05; exact if at most "
        f"{EXACT} contexts differ. --json has intervals, the paired bootstrap, unadjusted values and signatures."
    )


def _difference(one: Comparison) -> str:
    star = "*" if one.randomisation_holm < 0.05 else ""
    sign = "-" if one.difference < 0 else "+"
    return f"{sign}{number(one.metric, abs(one.difference))}{star}\np {p_value(one.randomisation_holm)}"


def _found(report: EvaluateReport) -> list[str]:
    return [metric for system in report.systems for metric in system.totals]


def _cell(system: SystemReport, metric: str) -> str:
    total = system.totals.get(metric)
    if total is None:
        return ""
    value = number(metric, total.value)
    if total.low is None or total.high is None:
        return value
    return f"{value}\n±{number(metric, (total.high - total.low) / 2)}"


def _signatures(report: EvaluateReport) -> dict[str, list[str]]:
    """Each signature once, in the table's order, with the systems that it applies to."""
    signatures: dict[str, list[str]] = {}
    for metric in (metric for headings in (*TABLES.values(), own(_found(report))) for metric in headings):
        for system in report.systems:
            if metric in system.totals:
                signatures.setdefault(system.totals[metric].signature, []).append(system.system)
    return signatures
