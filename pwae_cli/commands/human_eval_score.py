"""``pwae human-eval-score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, option
from pwae_core.config.human_eval import SCORE_DEFAULTS, HumanEvalScoreConfig
from pwae_core.grammar import counted, p_value

if TYPE_CHECKING:
    from pwae_core.human_eval.ratings.attention import Attention
    from pwae_core.human_eval.ratings.results import Agreed, Mean
    from pwae_core.stages.human_eval_score import HumanEvalScoreReport

STATISTICS = {
    "raw_agreement": "raw agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "cohen_kappa": "Cohen's kappa",
    "cohen_kappa_linear": "Cohen's kappa, linear weights",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2",
}
NOTHING = "–"
MOST_PAIRS = 6
"""How many pairs of annotators fit a terminal: those of four people."""


def command(
    sheets: Annotated[
        list[Path],
        typer.Argument(help="What annotators sent back: .xlsx and .csv files, Label Studio's exports, or folders."),
    ],
    key: Annotated[Path, typer.Option("--key", help="The key that 'pwae human-eval-export' wrote.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write the unblinded ratings and scores to. Default: none.")
    ] = None,
    codes: Annotated[
        Path | None, typer.Option("--codes", help="Text file with the completion codes that annotators submitted.")
    ] = None,
    against: Annotated[str | None, option(HumanEvalScoreConfig, "against")] = SCORE_DEFAULTS.against,
    check_threshold: Annotated[float, option(HumanEvalScoreConfig, "check_threshold")] = SCORE_DEFAULTS.check_threshold,
    exclude_inattentive: Annotated[
        bool, option(HumanEvalScoreConfig, "exclude_inattentive", "--exclude-inattentive")
    ] = SCORE_DEFAULTS.exclude_inattentive,
    resamples: Annotated[int, option(HumanEvalScoreConfig, "resamples")] = SCORE_DEFAULTS.resamples,
    permutations: Annotated[int, option(HumanEvalScoreConfig, "permutations")] = SCORE_DEFAULTS.permutations,
    seed: Annotated[int, option(HumanEvalScoreConfig, "seed")] = SCORE_DEFAULTS.seed,
    latex: Annotated[bool, typer.Option("--as-latex", help="Print the tables as LaTeX (booktabs) on stdout.")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Score the sheets that annotators filled in.

    It shows means per system (Table 2) or win rates of pairs, agreement between annotators, and tests between systems.
    """
    config = HumanEvalScoreConfig.make(
        {
            "against": against,
            "check_threshold": check_threshold,
            "exclude_inattentive": exclude_inattentive,
            "resamples": resamples,
            "permutations": permutations,
            "seed": seed,
        }
    )
    from dataclasses import asdict

    from pwae_core.stages.human_eval_score import human_eval_score

    report = human_eval_score(sheets, key, config, codes=codes, out=out, force=force, progress=console.progress())
    if json:
        console.print_json(asdict(report))
    elif latex:
        _print_latex(report)
    else:
        _print(report)


def _print_latex(report: HumanEvalScoreReport) -> None:
    from pwae_core.human_eval.ratings.latex import agreement_table, means_table, preferences_table
    from pwae_core.human_eval.sheets.form import CHOSEN, RATED

    pairs = report.mode == "pairs"
    console.print_line(preferences_table(report.preferences) if pairs else means_table(report.means))
    agreement = agreement_table(report.agreement, CHOSEN if pairs else RATED)
    if agreement:
        console.print_line("\n" + agreement)


def _print(report: HumanEvalScoreReport) -> None:
    stands = f" ({report.out} already existed)" if report.standing else ""
    rows = [
        [one.annotator, ", ".join(one.files) or "none", one.items, one.missing, one.rated, one.unrated]
        for one in report.sheets
    ]
    columns = ["annotator", "files", "items", "missing", "rated cells", "unrated"]
    console.print_table(f"Sheets{stands}", columns, rows, numbers_from=2)
    _print_attention(report.attention)
    if report.mode == "pairs":
        _print_preferences(report)
    else:
        _print_means(report)
    _print_agreement(report.agreement)
    _print_comparisons(report)
    with_interval: list[Mean | Agreed] = [*report.means, *report.agreement]
    if any(one.low is not None for one in with_interval):
        told = f"±: half the width of the {report.level:.0%} bootstrap interval over contexts; --json has the bounds."
        console.print_line(told)
    for note in report.notes:
        console.print_line(note)
    for one in report.codes:
        owner = "" if one.annotator is None else f"annotator {one.annotator}'s, "
        console.print_line(f"Code {one.code}: {owner}{one.verdict}.")
    if report.unread:
        where = "Remarks are kept from the sheets' own column for them, beside an item."
        console.print_line(f"Not kept: {'; '.join(report.unread)}. {where}")
    for why in dict.fromkeys(one.why for one in report.passed_over):
        paths = [one.path for one in report.passed_over if one.why == why]
        console.print_line(f"Skipped ({why}): {', '.join(paths)}.")


def _print_attention(attention: list[Attention]) -> None:
    if attention:
        rows = [
            [one.annotator, one.checks, one.answered, one.passed, "yes" if one.failed else "no"] for one in attention
        ]
        console.print_table("Attention checks", ["annotator", "checks", "answered", "passed", "failed"], rows)


def _print_preferences(report: HumanEvalScoreReport) -> None:
    rows = [
        [
            one.criterion,
            f"{one.system} – {one.other}",
            f"{one.wins}/{one.ties}/{one.losses}",
            NOTHING if one.win_rate is None else f"{one.win_rate:.1%}",
            NOTHING if one.low is None or one.high is None else f"{one.low:.1%} to {one.high:.1%} ({one.interval})",
            _p(one.p),
            _p(one.p_holm),
        ]
        for one in report.preferences
    ]
    columns = ["criterion", "systems", "won/tied/lost", "win rate", f"{report.level:.0%} interval", "p", "p (Holm)"]
    console.print_table(f"Preferences over {counted(report.contexts, 'context')}", columns, rows, numbers_from=2)


def _print_means(report: HumanEvalScoreReport) -> None:
    criteria = list(dict.fromkeys(one.criterion for one in report.means))
    cells = {(one.system, one.criterion): _mean(one) for one in report.means}
    rows = [[system, *(cells[system, criterion] for criterion in criteria)] for system in report.systems]
    console.print_table(f"Means over {counted(report.contexts, 'context')}", ["System", *criteria], rows)


def _mean(one: Mean) -> str:
    if one.mean is None:
        return NOTHING
    return f"{one.mean:.2f}{_half(one)}"


def _half(one: Mean | Agreed) -> str:
    return "" if one.low is None or one.high is None else f" ±{(one.high - one.low) / 2:.2f}"


def _print_agreement(agreement: list[Agreed]) -> None:
    if not agreement:
        return
    between = sorted(dict.fromkeys(one.between for one in agreement), key=lambda name: (name != "all", _own(name)))
    if len(between) > 1 + MOST_PAIRS:
        console.print_line(
            f"--json has the agreement of each pair and of each annotator with themselves ({len(between) - 1} columns)."
        )
        between = between[:1]
    agreement = [one for one in agreement if one.between in between]
    cells = {(one.criterion, one.statistic, one.between): _value(one) for one in agreement}
    lines = dict.fromkeys((one.criterion, one.statistic) for one in agreement)
    order = {criterion: number for number, criterion in enumerate(dict.fromkeys(name for name, _ in lines))}
    rows = [
        [criterion, STATISTICS[statistic], *(cells.get((criterion, statistic, name), NOTHING) for name in between)]
        for criterion, statistic in sorted(lines, key=lambda line: (order[line[0]], list(STATISTICS).index(line[1])))
    ]
    heads = [f"{name} again" if _own(name) else name for name in between]
    console.print_table("Agreement", ["criterion", "statistic", *heads], rows, numbers_from=2)
    for note in dict.fromkeys(f"{STATISTICS[one.statistic]}: {one.note}." for one in agreement if one.note):
        console.print_line(note)


def _own(between: str) -> bool:
    one, _, two = between.partition("-")
    return one == two


def _value(one: Agreed) -> str:
    if one.value is None:
        return NOTHING
    return f"{one.value:.3f}{_half(one)}"


def _print_comparisons(report: HumanEvalScoreReport) -> None:
    if not report.comparisons:
        return
    rows = [
        [
            one.criterion,
            f"{one.system} – {one.other}",
            NOTHING if one.difference is None else f"{one.difference:+.2f}",
            NOTHING if one.low is None or one.high is None else f"{one.low:+.2f} to {one.high:+.2f}",
            _p(one.p),
            _p(one.p_holm),
        ]
        for one in report.comparisons
    ]
    columns = ["criterion", "systems", "difference", f"{report.level:.0%} interval", "p", "p (Holm)"]
    console.print_table("Differences of means", columns, rows, numbers_from=2)


def _p(value: float | None) -> str:
    return NOTHING if value is None else p_value(value)
