"""``pwae preprocess``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, called, option
from pwae_core import plugins
from pwae_core.config.preprocess import DEFAULTS, FORMATS, PreprocessConfig
from pwae_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pwae_core.corpus.explain import Explained
    from pwae_core.stages.preprocess import PreprocessReport

LABELS = {
    "rows": "rows read",
    "utterances": "utterances kept",
    "quoted": "  known from quotations only",
    "joined": "  joined to the previous one",
    "conversations": "conversations",
    "users": "users",
    "users_over_threshold": "users with enough utterances",
    "windows": "windows",
    "sessions": "sessions",
    "train": "  training",
    "valid": "  validation",
    "test": "  test",
    "histories": "history utterances",
    "tokens": "tokens (training)",
    "words": "distinct words (training)",
    "vocabulary": "vocabulary with special tokens",
}


def _list_formats(name: str) -> str:
    """Prints the formats and exits, if asked for."""
    if name == "list":
        listed = [*FORMATS.items(), *((one.name, f"plugin: {one.label}") for one in plugins.installed("reader"))]
        console.print_table("", ["format", "what it is"], listed, numbers_from=2)
        raise typer.Exit
    return name


def command(
    raw: Annotated[
        list[str],
        typer.Argument(help="Raw data: files, folders, patterns such as 'crawl/*.jsonl'; - is standard input."),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write. It appears when it is complete.")] = None,
    explain: Annotated[
        int | None, typer.Option(help="Show this many raw rows before and after cleaning; write nothing.")
    ] = None,
    format: Annotated[str, option(PreprocessConfig, "format", callback=_list_formats, is_eager=True)] = DEFAULTS.format,
    column: Annotated[list[str] | None, option(PreprocessConfig, "columns", repeatable=True)] = None,
    shape: Annotated[Literal["auto", "turns", "replies", "times"], option(PreprocessConfig, "shape")] = DEFAULTS.shape,
    time_zone: Annotated[str, option(PreprocessConfig, "time_zone")] = DEFAULTS.time_zone,
    time_format: Annotated[str | None, option(PreprocessConfig, "time_format")] = DEFAULTS.time_format,
    tokenizer: Annotated[
        Literal["nltk", "jieba", "char", "whitespace"], option(PreprocessConfig, "tokenizer")
    ] = DEFAULTS.tokenizer,
    clean: Annotated[str, option(PreprocessConfig, "clean")] = ", ".join(DEFAULTS.clean),
    lowercase: Annotated[bool, option(PreprocessConfig, "lowercase")] = DEFAULTS.lowercase,
    unfold: Annotated[bool, option(PreprocessConfig, "unfold")] = DEFAULTS.unfold,
    drop_user: Annotated[list[str] | None, option(PreprocessConfig, "drop_users", repeatable=True)] = None,
    giant_share: Annotated[float, option(PreprocessConfig, "giant_share")] = DEFAULTS.giant_share,
    gap: Annotated[float, option(PreprocessConfig, "gap")] = DEFAULTS.gap,
    merge_consecutive: Annotated[bool, option(PreprocessConfig, "merge_consecutive")] = DEFAULTS.merge_consecutive,
    min_utterances: Annotated[int, option(PreprocessConfig, "min_utterances")] = DEFAULTS.min_utterances,
    users: Annotated[
        Literal["responder", "all"], option(PreprocessConfig, "users", "--min-utterances-of")
    ] = DEFAULTS.users,
    min_turns: Annotated[int, option(PreprocessConfig, "min_turns")] = DEFAULTS.min_turns,
    window: Annotated[int, option(PreprocessConfig, "window")] = DEFAULTS.window,
    stride: Annotated[int, option(PreprocessConfig, "stride")] = DEFAULTS.stride,
    vocabulary_size: Annotated[int, option(PreprocessConfig, "vocabulary_size")] = DEFAULTS.vocabulary_size,
    vocabulary: Annotated[
        Path | None,
        typer.Option(help="Use the vocabulary of this corpus; its runs can then answer the new test split."),
    ] = None,
    valid: Annotated[float | None, option(PreprocessConfig, "valid")] = DEFAULTS.valid,
    test: Annotated[float | None, option(PreprocessConfig, "test")] = DEFAULTS.test,
    split_by: Annotated[
        Literal["session", "conversation", "time"], option(PreprocessConfig, "split_by")
    ] = DEFAULTS.split_by,
    seed: Annotated[int, option(PreprocessConfig, "seed")] = DEFAULTS.seed,
    workers: Annotated[
        int | None, typer.Option(help="Processes to use. Default: one per CPU for large inputs.")
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="local: processes on this machine; ray: tasks on a running Ray cluster."),
    ] = "local",
    cluster: Annotated[
        str, typer.Option(help="Address of the Ray cluster. All its nodes must share --out and the raw files.")
    ] = "auto",
    force: Force = False,
    json: Json = False,
) -> None:
    """Turn raw conversations into a corpus.

    It cleans and filters them, tokenises them, cuts them into sessions and splits these (section 4.1).
    """
    config = PreprocessConfig.make(
        {
            "format": format,
            "columns": _columns(column or []),
            "shape": shape,
            "time_zone": time_zone,
            "time_format": time_format,
            "tokenizer": tokenizer,
            "clean": [name.strip() for name in clean.split(",") if name.strip() not in ("", "none")],
            "lowercase": lowercase,
            "gap": gap,
            "merge_consecutive": merge_consecutive,
            "min_utterances": min_utterances,
            "users": users,
            "min_turns": min_turns,
            "window": window,
            "stride": stride,
            "vocabulary_size": vocabulary_size,
            "valid": valid,
            "test": test,
            "split_by": split_by,
            "seed": seed,
            "unfold": unfold,
            "drop_users": drop_user or (),
            "giant_share": giant_share,
        },
        called(users="min_utterances_of"),
    )
    from dataclasses import asdict

    from pwae_core.stages.preprocess import explain as explain_rows
    from pwae_core.stages.preprocess import preprocess

    if explain is not None:
        rows = explain_rows(raw, explain, config)
        console.print_json([asdict(row) for row in rows]) if json else _print_rows(rows)
        return
    if out is None:
        raise typer.BadParameter("--out is missing: name the folder to write, or only look at rows with --explain.")
    address = cluster if engine == "ray" else None
    report = preprocess(
        raw,
        out,
        config,
        vocabulary=vocabulary,
        workers=workers,
        cluster=address,
        force=force,
        progress=console.progress(),
    )
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _columns(pairs: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not column:
            raise ConfigError(f"--column {pair}: expected FIELD=COLUMN, for example user_id=author.")
        if field in columns:
            raise ConfigError(f"--column: {field}={columns[field]} and {pair} map one field twice. Leave one out.")
        columns[field] = column
    return columns


def _print_rows(rows: Sequence[Explained]) -> None:
    for row in rows:
        console.print_line(row.place)
        console.print_line(f"  before: {_on_one_line(row.before)}")
        console.print_line(f"  after:  {_on_one_line(row.after)}")
        done = ", ".join(row.steps) or "nothing"
        console.print_line(f"  done:   {done}" + (f"; left out: {row.rejected}" if row.rejected else ""))
        for quote in row.quotes:
            console.print_line(f"  quotes: {_on_one_line(f'@{quote.name}: {quote.before}')}")
            console.print_line(f"          {_on_one_line(quote.after) or 'nothing is left'}")


def _on_one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _print(report: PreprocessReport) -> None:
    state = "already exists" if report.standing else "made"
    console.print_line(f"Corpus {state}: {report.out}")
    told = [(label, report.counts[name]) for name, label in LABELS.items() if name != "joined" or report.counts[name]]
    console.print_table("", ["", "count"], told)
    console.print_table("Account of the rows", ["", "rows"], [(one["what"], one["count"]) for one in report.account])
    others = [one for one in report.rejected if one["unit"] not in ("row", "utterance")]
    if others:
        rows = [(one["unit"], one["reason"], one["count"]) for one in others]
        console.print_table("Also left out", ["unit", "reason", "count"], rows, numbers_from=2)
    if report.repaired:
        console.print_table("Repaired", ["", "count"], [(one["what"], one["count"]) for one in report.repaired])
    links = report.links
    if links["answers"] + links["headless"] + links["lost"]:
        console.print_line(
            f"Reply links: {links['roots']:,} roots, {links['answers']:,} answers, {links['headless']:,} answers to a "
            f"thread whose start is missing, {links['lost']:,} that lead nowhere."
        )
    overlap = report.overlap
    console.print_line(f"Split by {report.split_by} ({report.split_rule}).")
    console.print_line(
        f"Overlap: {overlap['test_responses_in_train_contexts']:.1%} of the test responses are in a training context, "
        f"{overlap['test_sessions_of_train_conversations']:.1%} of the test sessions share a conversation with it."
    )
    console.print_line(
        f"Tokenizer {report.tokenizer}; {report.out_of_vocabulary:.2%} of the training tokens are out of vocabulary."
    )
    for note in report.notes:
        console.print_line(f"Note: {note}")
    for warning in report.warnings:
        console.print_line(f"Warning: {warning}")
