"""``pwae report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Device, Json, called, option
from pwae_core.config.report import DEFAULTS, ReportConfig

if TYPE_CHECKING:
    from pwae_core.report.gather import Sources
    from pwae_core.stages.report import ReportReport

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Runs, responses (NAME=PATH; .jsonl files too), scores, human scores and the corpus, in any order; or a "
        "folder that holds them, up to three levels deep."
    ),
]
Page = Annotated[Path, typer.Option("--out", help="The HTML file to write.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write the tables to this file as Markdown too.")]
Latex = Annotated[Path | None, typer.Option("--latex", help="Write the tables to this file as LaTeX (booktabs) too.")]
Scores = Annotated[
    list[Path] | None,
    typer.Option("--scores", help="Table of other programs' scores: system, session, metric, value. Repeatable."),
]
Again = Annotated[bool, typer.Option("--force", help="Replace an existing report.")]


Watch = Annotated[
    bool,
    typer.Option("--watch", help="Update the page while runs train; it reloads itself in the browser."),
]


def command(
    paths: Paths,
    out: Page,
    scores: Scores = None,
    markdown: Markdown = None,
    latex: Latex = None,
    title: Annotated[str, option(ReportConfig, "title")] = DEFAULTS.title,
    cases: Annotated[int, option(ReportConfig, "cases")] = DEFAULTS.cases,
    contexts: Annotated[int, option(ReportConfig, "contexts", "--table6-contexts")] = DEFAULTS.contexts,
    users: Annotated[int, option(ReportConfig, "users", "--table6-users")] = DEFAULTS.users,
    samples: Annotated[int, option(ReportConfig, "samples", "--answers")] = DEFAULTS.samples,
    history: Annotated[int, option(ReportConfig, "history")] = DEFAULTS.history,
    points: Annotated[int, option(ReportConfig, "points")] = DEFAULTS.points,
    map_users: Annotated[int, option(ReportConfig, "map_users")] = DEFAULTS.map_users,
    characters: Annotated[int, option(ReportConfig, "characters")] = DEFAULTS.characters,
    checkpoint: Annotated[str, option(ReportConfig, "checkpoint")] = DEFAULTS.checkpoint,
    seed: Annotated[int, option(ReportConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
    watch: Watch = False,
    force: Again = False,
    json: Json = False,
) -> None:
    """Write an HTML page about your runs, in one file.

    It has the tables and figures of the paper, opens from disk and can be sent to others.
    """
    config = ReportConfig.make(
        {
            "title": title,
            "cases": cases,
            "contexts": contexts,
            "users": users,
            "samples": samples,
            "history": history,
            "points": points,
            "map_users": map_users,
            "characters": characters,
            "checkpoint": checkpoint,
            "seed": seed,
        },
        called(contexts="table6_contexts", users="table6_users", samples="answers"),
    )
    from dataclasses import asdict

    from pwae_core.data.responses import named
    from pwae_core.report.watch import watch as watched
    from pwae_core.stages.report import report

    given = [named(argument) for argument in paths]

    def make(refresh: int = 0, again: bool = False) -> ReportReport:
        return report(
            given,
            out,
            config.model_copy(update={"refresh": refresh}),
            outside=scores or (),
            markdown=markdown,
            latex=latex,
            device=device,
            force=force or again,
            progress=console.progress(),
        )

    if watch:
        for made, sources in watched(make, given, scores or ()):
            console.print_json_lines([asdict(made)]) if json else console.print_line(_seen(made, sources))
            console.flush()
        return
    made = make()
    if json:
        console.print_json(asdict(made))
    else:
        _print(made)


def _seen(made: ReportReport, sources: Sources) -> str:
    runs = [f"{one.system} ({one.folder.name}) up to iteration {one.step:,}" for one in sources.growing]
    return f"{made.out}: {', '.join(runs) or 'all runs are finished'}"


def _print(made: ReportReport) -> None:
    state = " (already existed)" if made.standing else ""
    written = [path for path in (made.out, made.markdown, made.latex) if path]
    rows: list[tuple[str, object]] = [("systems", ", ".join(made.systems)), ("sections", ", ".join(made.sections))]
    console.print_table(f"{', '.join(written)}{state}", ["", "value"], rows, numbers_from=2)
    for note in made.notes:
        console.print_line(note)
