"""Writes the tables of the reproduction's pages from the results, between the pages' own words, and draws the curves.

    python examples/reproduction/page.py benchmarks/reproduction docs [--check]

Between ``<!-- NAME -->`` and ``<!-- /NAME -->`` is what is generated; everything else is written by hand. The drawings
are in ``reproduction/`` beside the pages. ``--check`` writes nothing, and exits with 1 where a page or a drawing is not
what the results say.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev

import figures
from claims import BLEU, BOW, CLAIMS, EVERY, PERSONAL
from markup import NOTHING, p_value, table
from results import Results, read
from tables import Row, write

from pwae_core.text.markdown import as_markdown

PAGES = ("reproduction.md", "reproduction-tables.md")
DRAWINGS = "reproduction"
NAMES = {"session": "random split", "conversation": "split by conversation"}
SAID = ("Distinct-1", "Distinct-2", "Intra-Distinct-1", "Inter-Distinct-1", "Repetition", "Length")
Z = ("Latent-Nats", "Latent-Gap", "Latent-Active", "Latent-Distinct", "Perplexity-Prior", "Perplexity-Posterior")
CURVES = ("bleu_f1", "bleu_recall", "distinct", "speaker", "prior_nll", "posterior_nll", "prior_gap", "z_nats")
BESIDE = {"paper": ["PersonaWAE (paper preset)"], "selection": ["PersonaWAE", "DiaWAE-GMD"]}
"""By table: whose rows are beside its own, if not PersonaWAE's alone."""


def corpora(found: Results) -> str:
    def row(place: str, facts: Row) -> list[str]:
        counts, overlap = facts["counts"], facts["overlap"]
        shares = [f"{share:.1%}" if share is not None else "" for share in overlap.values()]
        return [place, *(f"{counts[part]:,}" for part in COUNTS), f"{facts['out_of_vocabulary']:.1%}", *shares]

    facts = found.study["corpora"]
    heads = [name.replace("_", " ") for name in next(iter(facts.values()))["overlap"]] if facts else []
    return table(["corpus/split", *COUNTS, "unknown words", *heads], [row(*one) for one in sorted(facts.items())])


COUNTS = ("utterances", "users_over_threshold", "train", "valid", "test")


def by_place(of_place: Callable[[Results, tuple[str, str]], str]) -> Callable[[Results], str]:
    """A table for each corpus and split, under its name."""

    def all_places(found: Results) -> str:
        made = [(place, of_place(found, place)) for place in found.places]
        shown = [
            f"**{corpus}, {NAMES.get(split, split)}**\n\n{text}" for (corpus, split), text in made if text != NOTHING
        ]
        return "\n\n".join(shown) or NOTHING

    return all_places


def measured(measures: Sequence[str], tables: Sequence[str]) -> Callable[[Results], str]:
    """The systems of ``tables`` by measure. PersonaWAE is beside its variants."""

    def of_place(found: Results, place: tuple[str, str]) -> str:
        here = [row for row in found.results if (row["corpus"], row["split"]) == place]
        labels = dict.fromkeys(row["label"] for row in here if row["table"] in tables)
        if not labels:
            return NOTHING
        beside = BESIDE.get(tables[0], ["PersonaWAE"])
        shown = [*dict.fromkeys([*beside, *labels]), *(["real responses"] if "Speaker-Accuracy" in measures else [])]
        there = [name for name in measures if any(row["measure"] == name for row in here)]
        of_label = {label: [row for row in here if row["label"] == label] for label in shown}
        rows = [(label, _seeds(own), *(_value(own, name) for name in there)) for label, own in of_label.items() if own]
        return table(["system", "seeds", *there], rows)

    return by_place(of_place)


def _seeds(rows: Sequence[Row]) -> str:
    seeds = {row["seed"] for row in rows} - {0}
    return str(len(seeds)) if seeds else ""


def _value(rows: Sequence[Row], measure: str) -> str:
    """The mean over seeds and their standard deviation; of one seed half its interval over contexts."""
    own = [row for row in rows if row["measure"] == measure]
    if not own:
        return ""
    middle = mean(row["value"] for row in own)
    digits = 4 if abs(middle) < 10 else 1
    value = f"{middle:.{digits}f}"
    if len(own) > 1:
        return f"{value} (σ {stdev(row['value'] for row in own):.{digits}f})"
    low, high = own[0]["low"], own[0]["high"]
    return value if low is None or high is None else f"{value} ± {(high - low) / 2:.{digits}f}"


def differences(
    tables: Sequence[str], measures: Sequence[str], head: str = "less PersonaWAE", others: bool = False
) -> Callable[[Results], str]:
    """Every system less PersonaWAE, with Holm's p of the randomisation test and the number of seeds; less ``others``
    too if so.
    """

    def of_place(found: Results, place: tuple[str, str]) -> str:
        of_tables = [
            row for row in found.comparisons if row["table"] in tables and (others or row["base"] == "PersonaWAE")
        ]
        here = [row for row in of_tables if (row["corpus"], row["split"]) == place]
        there = [name for name in measures if any(row["measure"] == name for row in here)]
        of_label = {label: [row for row in here if row["label"] == label] for label in (row["label"] for row in here)}
        rows = [
            (label, str(own[0]["seeds"]), *(_difference(own, name) for name in there))
            for label, own in of_label.items()
        ]
        return table([head, "seeds", *there], rows)

    return by_place(of_place)


def _difference(rows: Sequence[Row], measure: str) -> str:
    for row in rows:
        if row["measure"] == measure:
            return f"{row['difference']:+.4f} ({p_value(row['randomisation_holm'])})"
    return ""


def claims(found: Results) -> str:
    """The numbers that decide each claim, a column for each corpus and split."""
    heads = ["claim", "system", "measure", *("/".join(place) for place in found.places)]
    rows = []
    for number, parts in CLAIMS.items():
        for label, base, measures in parts:
            for measure in measures:
                cells = [_decides(found, place, label, base, measure) for place in found.places]
                told = f"{label} less {base}" if base else label
                if any(cells):
                    rows.append((number, told, measure, *cells))
    return table(heads, rows)


def _decides(found: Results, place: tuple[str, str], label: str, base: str, measure: str) -> str:
    here = [row for row in found.results if (row["corpus"], row["split"]) == place and row["label"] == label]
    if not base:
        return _value(here, measure)
    pairs = [
        row
        for row in found.comparisons
        if (row["corpus"], row["split"], row["base"], row["measure"]) == (*place, base, measure)
    ]
    if label != EVERY:
        return _difference([row for row in pairs if row["label"] == label], measure)
    pairs = [row for row in pairs if row["table"] == "table2"]
    counts = [sum(one) for one in zip(*(_sides(row) for row in pairs), strict=True)]
    return "{} above, {} below, {} not told apart".format(*counts) if counts else ""


def _sides(row: Row) -> tuple[bool, bool, bool]:
    certain = row["randomisation_holm"] < 0.05
    return certain and row["difference"] > 0, certain and row["difference"] < 0, not certain


def curves(found: Results) -> str:
    """Validation by iteration: the mean over the seeds that came so far."""

    def of_place(found: Results, place: tuple[str, str]) -> str:
        groups: dict[tuple[str, int], dict[str, list[float]]] = {}
        for row in found.curves:
            if (row["corpus"], row["split"]) == place and row["label"] in shown:
                own = groups.setdefault((row["label"], row["step"]), {})
                own.setdefault(row["measure"], []).append(row["value"])
        there = [name for name in CURVES if any(name in own for own in groups.values())]
        rows = [
            (label, str(step), *(f"{mean(own[name]):.4f}" if name in own else "" for name in there))
            for (label, step), own in sorted(groups.items())
        ]
        return table(["system", "iterations", *there], rows)

    shown = {row["label"] for row in found.results if row["table"] in ("table2", "paper")}
    return by_place(of_place)(found)


def shown_drawings(found: Results) -> str:
    """The drawings as images of a page."""
    made = figures.drawings(found)

    def of_place(found: Results, place: tuple[str, str]) -> str:
        name = "{}-{}.svg".format(*place)
        said = f"{', '.join(figures.PANELS.values())} by iteration: {place[0]}, {NAMES.get(place[1], place[1])}"
        return f"![{said}]({DRAWINGS}/{name})" if name in made else NOTHING

    return by_place(of_place)(found)


def answers(found: Results) -> str:
    """What the systems said to the first contexts; of several seeds, the first one's answers."""

    def of_place(found: Results, place: tuple[str, str]) -> str:
        here = [row for row in found.answers if (row["corpus"], row["split"]) == place]
        shown = []
        for context in sorted({row["context"] for row in here}):
            said = sorted((row for row in here if row["context"] == context), key=lambda row: -row["seed"])
            rows = [(label, row["answers"]) for label, row in sorted({row["label"]: row for row in said}.items())]
            asked = "  \n".join(f"> – {as_markdown(text)}" for text in said[0]["utterances"])
            told = [("real response", said[0]["real"]), *rows]
            cells = [(label, "<br>".join(map(as_markdown, dict.fromkeys(texts)))) for label, texts in told]
            shown.append(f"{asked}\n\n{table(['', 'answers'], cells)}")
        return "\n\n".join(shown) or NOTHING

    return by_place(of_place)(found)


def times(found: Results) -> str:
    rows = []
    for name, facts in sorted(found.study["runs"].items()):
        seconds = facts.get("seconds")
        took = f"{seconds / 60:.0f} min" if seconds else ""
        ended = str(facts["steps"]), str(facts["best_step"]), facts["ended"]
        on = facts["environment"]
        rows.append((name, *ended, took, on.get("processor") or on["device"], facts["pwae"]))
    return table(["run", "iterations", "best", "why it ended", "time", "on", "pwae"], rows)


SLOTS: dict[str, Callable[[Results], str]] = {
    "corpora": corpora,
    "table2": measured((*BOW, *BLEU), ["table2"]),
    "table2-tests": differences(["table2"], (*BOW, *BLEU, *PERSONAL)),
    "personal": measured((*PERSONAL, "Speaker-By-Chance", "Swap-Stayed", "Likelihood-Wins"), ["table2"]),
    "said": measured(SAID, ["table2"]),
    "z": measured(Z, ["table2"]),
    "answers": answers,
    "table3": measured(("BLEU-F1", *BOW, *PERSONAL[:3], "Latent-Nats"), ["table3"]),
    "table4": measured(("BLEU-F1", *BOW, *PERSONAL[:3], "Latent-Nats"), ["table4"]),
    "readings": measured(("BLEU-F1", *BOW, *PERSONAL[:3], "Intra-Distinct-1", *Z[:2]), ["readings"]),
    "tests": differences(["table3", "table4", "readings"], ("BLEU-F1", *BOW, *PERSONAL[:3])),
    "selection": measured((*BLEU, *BOW, *PERSONAL[:3], "Repetition", "Latent-Nats"), ["selection"]),
    "selection-tests": differences(
        ["selection"], (*BLEU, *BOW, *PERSONAL[:3]), "less the same, selected by BLEU-F1", others=True
    ),
    "paper": measured((*BLEU, *BOW, *PERSONAL[:3], "Intra-Distinct-1", *Z[:2]), ["paper"]),
    "paper-tests": differences(["paper"], (*BLEU, *BOW, *PERSONAL[:3]), "less PersonaWAE (paper preset)", others=True),
    "figures": shown_drawings,
    "curves": curves,
    "claims": claims,
    "times": times,
}


def filled(pages: dict[str, str], found: Results) -> dict[str, str]:
    """``pages`` by name, with every slot as the results have it. A slot is on one of them."""
    made = dict(pages)
    for slot, fill in SLOTS.items():
        place = re.compile(rf"(<!-- {slot} -->\n).*?(<!-- /{slot} -->)", re.DOTALL)
        on = [name for name, page in pages.items() for _ in place.findall(page)]
        if len(on) != 1:
            sys.exit(f"No page has <!-- {slot} --> ... <!-- /{slot} -->, or it is there more than once.")
        text = fill(found)
        made[on[0]] = place.sub(lambda match, text=text: f"{match[1]}\n{text}\n\n{match[2]}", made[on[0]])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables and drawings of the reproduction from its results.")
    parser.add_argument("results", type=Path, help="the folder of the results")
    parser.add_argument("docs", type=Path, help=f"the folder of {' and '.join(PAGES)}")
    parser.add_argument("--out", type=Path, help="the folder to write to; default: the same")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where one of them is stale")
    given = parser.parse_args()
    missing = [name for name in PAGES if not (given.docs / name).is_file()]
    if missing:
        sys.exit(f"{given.docs / missing[0]} is not a file. Give the folder of the pages.")
    pages = {name: (given.docs / name).read_text("utf-8") for name in PAGES}
    found = read(given.results)
    try:
        drawn = {f"{DRAWINGS}/{name}": drawing for name, drawing in figures.drawings(found).items()}
        made = filled(pages, found) | drawn
    except KeyError as error:
        sys.exit(f"{given.results} has no {error}: another version made it. Collect the results again.")
    out = given.out or given.docs
    if given.check:
        stale = [out / name for name, text in made.items() if not _is(out / name, text)]
        if stale:
            sys.exit(f"{stale[0]} is not what {given.results} says. Run this without --check.")
        return
    (out / DRAWINGS).mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        write(out / name, text)


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    main()
