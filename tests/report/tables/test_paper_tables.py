"""Tables 2 to 4 out of scores, runs and sheets that are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pwae_core import artifacts
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.config.train import TrainConfig
from pwae_core.data.responses import Named
from pwae_core.metrics.bootstrap import caution
from pwae_core.report.gather import Sources, gather
from pwae_core.report.tables import paper_tables, printed
from pwae_core.report.tables.averaged import names, scorings
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.comparable_terms import TERMS, told_apart
from pwae_core.report.tables.latent import what_z_says
from pwae_core.report.tables.markdown_latex import to_latex, to_markdown
from pwae_core.report.tables.paper_tables import REAL_NOTE
from pwae_core.report.tables.persona import REAL, personalisation
from pwae_core.report.tables.plain_table import OURS, PRINTED, Row, Table, legend, spreads, with_best
from pwae_core.schemas import ARTIFACTS

F1, EXTREMA, ACCURACY, NATS = "BLEU-F1", "BOW-Extrema", "Speaker-Accuracy", "Latent-Nats"
HALF = 0.04
"""Half of the width of every score's interval."""
SPREAD = "± is half the width of the 95% bootstrap interval over contexts."
BOLD = "Bold: the best of our rows, if its ± does not reach another row's."
TESTED = {
    "randomisation": 0.0,
    "bootstrap": 0.0,
    "bootstrap_holm": 0.0,
    "contexts": 9,
    "differing": 9,
    "signature": "x",
}


class Folder:
    """Writes artifacts that hang together by their hashes."""

    def __init__(self, root: Path) -> None:
        self.root, self.given = root, []

    def _write(self, kind: str, name: str, plan: artifacts.Plan, facts: Mapping[str, Any], **rows: Any) -> str:
        with artifacts.draft(self.root / name, plan) as draft:
            for table, schema in ARTIFACTS[kind].items():
                draft.write(table, pa.Table.from_pylist(rows.get(table.partition(".")[0], []), schema=schema))
            draft.facts |= facts
        self.given.append(self.root / name)
        return artifacts.load(self.root / name, kind).fingerprint

    def system(self, name: str, own_name: str = "PersonaWAE", seed: int = 7, **model: Any) -> tuple[str, str]:
        """A run and its responses: (name, hash of the responses)."""
        config = TrainConfig.make({"model": model, "seed": seed}).model_dump()
        facts = {"system": own_name, "vocabulary": "v", "corpus_path": None}
        run = self._write("run", f"run-{name}", artifacts.Plan("run", config, {"corpus": "c"}), facts)
        row = {"session_id": name, "user_id": "", "context_user_ids": [], "context": [], "references": []}
        return name, self._write(
            "responses",
            f"responses-{name}",
            artifacts.Plan("responses", {}, {"run": run}),
            facts,
            responses=[row | {"responses": [["x"]]}],
        )

    def scores(
        self,
        name: str,
        systems: Mapping[tuple[str, str], Mapping[str, float]],
        /,
        contexts: int = 9,
        settings: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        sessions: Sequence[str] = (),
        **facts: Any,
    ) -> None:
        totals = [
            {"system": system, "metric": metric, "value": value, "low": value - HALF, "high": value + HALF}
            | {"contexts": contexts, "signature": f"{metric}|n:3"}
            for (system, _), values in systems.items()
            for metric, value in values.items()
        ]
        scores = [
            {"system": system, "session_id": session, "metric": F1, "value": 0.0}
            for system, _ in systems
            for session in sessions
        ]
        read = {f"responses/{system}": fingerprint for system, fingerprint in systems}
        plan = artifacts.Plan("scores", {"ngram": 3} | (settings or {}), read | (inputs or {}))
        told = {"contexts": contexts, "level": 0.95, "systems": [], "seeds": [], "comparisons": [], "notes": []}
        facts = told | facts
        self._write("scores", name, plan, facts, totals=totals, scores=scores)

    def human(
        self,
        means: Mapping[str, float | None],
        responses: Mapping[str, str] | None = None,
        name: str = "human",
        notes: Sequence[str] = (),
    ) -> None:
        """``responses``: the hashes of the answers that the sheets had, by system."""
        rows = [
            {
                "system": system,
                "criterion": "readability",
                "mean": mean,
                "low": 1.0,
                "high": 2.0,
                "contexts": 3,
                "ratings": 9,
            }
            for system, mean in means.items()
        ]
        kappa = {"criterion": "readability", "between": "all", "statistic": "fleiss_kappa", "value": 0.5, "low": 0.25}
        agreement = [
            kappa | {"high": 0.75, "items": 9, "note": ""},
            kappa | {"between": "1-2", "high": 0.7, "items": 9, "note": ""},
        ]
        self._write(
            "human-eval-scores",
            name,
            artifacts.Plan(
                "human-eval-scores", {}, {f"responses/{system}": value for system, value in (responses or {}).items()}
            ),
            {"annotators": [1, 3], "notes": [*notes]},
            means=rows,
            agreement=agreement,
        )

    def sources(self, **names: str) -> Sources:
        """``names``: what the user calls a folder's responses."""
        return gather([Named(path, names.get(path.name.removeprefix("responses-"))) for path in self.given])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def column(table: Table, name: str) -> list[tuple[str, str, str, bool]]:
    """(row, source, text, best) of every row that has the column."""
    return [
        (row.name, row.source, row.cells[name].text, row.cells[name].best) for row in table.rows if name in row.cells
    ]


def test_table_2_puts_ours_above_the_printed_row_and_marks_the_best_of_ours(folder: Folder) -> None:
    folder.scores("s", {("Seq2Seq", "a"): {F1: 0.1}, ("LLM", "b"): {F1: 0.3}, ("personawae", "c"): {F1: 0.2}})
    (scoring,) = scorings(folder.sources())
    table = paper_tables.table_2(scoring)
    assert table.title == "Table 2. Automatic metrics"
    found = column(table, F1)
    assert found[:2] == [("Seq2Seq", OURS, "0.1000", False), ("Seq2Seq", PRINTED, "0.1646", False)]
    assert found[-3:] == [
        ("personawae", OURS, "0.2000", False),
        ("PersonaWAE", PRINTED, "0.2350", False),
        ("LLM", OURS, "0.3000", True),
    ]
    assert [source for _, source, _, _ in found].count(PRINTED) == 7
    assert table.rows[0].cells[F1].spread == "±0.0400"
    assert table.signatures == {"BLEU-F1|n:3": ""}
    assert table.notes == [
        "Automatic metrics: 9 contexts.",
        SPREAD,
        BOLD,
        "Without --embeddings the BOW metrics are left out.",
        *caution(9),
    ]


@pytest.mark.parametrize(
    ("second", "bold"), [(0.3 - 2 * HALF - 0.01, True), (0.3 - 2 * HALF + 0.01, False), (0.3, False)]
)
def test_the_best_is_bold_where_it_is_apart_from_every_other(folder: Folder, second: float, bold: bool) -> None:
    folder.scores("s", {("A", "a"): {F1: 0.1}, ("B", "b"): {F1: 0.3}, ("C", "c"): {F1: second}})
    table = paper_tables.table_2(scorings(folder.sources())[0])
    assert [name for name, _, _, best in column(table, F1) if best] == ["B"] * bold
    assert (BOLD in table.notes) is bold


def test_nothing_is_bold_where_intervals_are_missing_or_one_system_is_alone(folder: Folder) -> None:
    folder.scores("alone", {("A", "a"): {F1: 0.1}})
    (table,) = [paper_tables.table_2(one) for one in scorings(folder.sources())]
    assert not any(best for _, _, _, best in column(table, F1))
    cells = [Cell(0.1), Cell(0.9), Cell(0.5, 0.01)]
    rows = [Row(str(number), OURS, {F1: cell}) for number, cell in enumerate(cells)]
    for some in (rows, rows[:2], rows[1:]):
        assert not any(row.cells[F1].best for row in with_best(some, [F1]))
    assert legend(rows[:2]) == []


def test_what_the_spreads_are_is_said_of_one_seed_of_several_and_of_both() -> None:
    one, several, none = Cell(0.1, 0.01), Cell(0.1, 0.02, over_seeds=True), Cell(0.1)
    assert spreads([none]) == ""
    assert legend([Row("A", OURS, {F1: one, EXTREMA: none})]) == [SPREAD]
    assert legend([Row("A", OURS, {F1: several})]) == ["± is the standard deviation over seeds."]
    both = [Row("A", OURS, {F1: several}), Row("B", OURS, {F1: one})]
    assert legend(both) == [f"{SPREAD[:-1]}; for a mean over seeds, their standard deviation."]
    assert legend([Row("paper", PRINTED, {F1: none})]) == []


def test_a_system_scored_under_another_name_is_known_by_its_responses(folder: Folder) -> None:
    folder.scores("s", {folder.system("mine"): {F1: 0.2}})
    table = paper_tables.table_2(scorings(folder.sources())[0])
    rows = [(row.name, row.source) for row in table.rows]
    assert rows[rows.index(("mine", OURS)) + 1] == ("PersonaWAE", PRINTED)


def test_human_columns_stand_beside_and_the_ground_truth_is_never_the_best(folder: Folder) -> None:
    folder.scores("s", {("Seq2Seq", "a"): {F1: 0.1}})
    folder.human({"Seq2Seq": 1.5, "Persona": 1.25, "ground-truth": 2.75, "CVAE": None}, {"Seq2Seq": "a"})
    sources = folder.sources()
    table = paper_tables.table_2(scorings(sources)[0])
    assert table.title == "Table 2. Automatic metrics and human evaluation"
    ours = [cell for cell in column(table, "readability") if cell[1] == OURS]
    assert ours == [
        ("Seq2Seq", OURS, "1.50", False),
        ("Persona", OURS, "1.25", False),
        ("ground-truth", OURS, "2.75", False),
    ]
    assert column(table, "readability")[-1] == ("ground-truth", PRINTED, "2.73", False)
    assert table.notes[:2] == ["Automatic metrics: 9 contexts.", "Human evaluation: 3 contexts, 2 annotators."]
    agreement = paper_tables.agreement(sources.human[0])
    assert agreement
    assert [(row.name, row.cells["readability"].text, row.cells["readability"].spread) for row in agreement.rows] == [
        ("Fleiss' kappa", "0.50", "±0.25")
    ]


def test_seeds_of_one_name_are_averaged_within_and_across_scorings(folder: Folder) -> None:
    folder.scores("one", {("PersonaWAE", "a"): {F1: 0.1}})
    folder.scores("two", {("PersonaWAE", "b"): {F1: 0.3}})
    grouped = [{"system": "Seq2Seq", "runs": ["Seq2Seq (1)", "Seq2Seq (2)"], "spread": {}}]
    folder.scores("three", {("Seq2Seq (1)", "c"): {F1: 0.2}, ("Seq2Seq (2)", "d"): {F1: 0.2}}, seeds=grouped)
    folder.scores("again", {("PersonaWAE", "a"): {F1: 0.1}})
    (scoring,) = scorings(folder.sources())
    rows = [row for row in paper_tables.table_2(scoring).rows if row.source == OURS]
    assert [(row.name, row.detail, row.cells[F1].text, row.cells[F1].spread) for row in rows] == [
        ("Seq2Seq", "mean of 2 seeds", "0.2000", "±0.0000"),
        ("PersonaWAE", "mean of 2 seeds", "0.2000", "±0.1414"),  # sqrt((.1^2 + .1^2) / 1)
    ]


@pytest.mark.parametrize("plain_first", [True, False])
def test_the_same_responses_scored_twice_are_one_row_with_the_metrics_of_both(
    folder: Folder, plain_first: bool
) -> None:
    scorings_of = [("plain", {F1: 0.1}), ("others", {F1: 0.1, "BERTScore": 0.9})]
    for name, values in scorings_of if plain_first else reversed(scorings_of):
        folder.scores(name, {("PersonaWAE", "a"): values})
    (scoring,) = scorings(folder.sources())
    table = paper_tables.table_2(scoring)
    assert (ours(table, F1), ours(table, "BERTScore")) == ([("PersonaWAE", "0.1000")], [("PersonaWAE", "0.9000")])
    assert "BERTScore|n:3" in table.signatures


def ours(table: Table, name: str) -> list[tuple[str, str]]:
    return [(row, text) for row, source, text, _ in column(table, name) if source == OURS]


def test_what_people_said_stays_with_the_responses_that_they_judged(folder: Folder) -> None:
    judged, other = folder.system("judged"), folder.system("other", latent_size=64)
    folder.scores("s1", {("PersonaWAE", judged[1]): {F1: 0.2}})
    folder.scores("s2", {("PersonaWAE", other[1]): {F1: 0.1}})
    folder.human({"PersonaWAE": 1.5}, {"PersonaWAE": judged[1]})
    (scoring,) = scorings(folder.sources())
    table = paper_tables.table_2(scoring)
    names = ["PersonaWAE (responses-judged)", "PersonaWAE (responses-other)"]
    assert ours(table, F1) == [(names[0], "0.2000"), (names[1], "0.1000")]
    assert ours(table, "readability") == [(names[0], "1.50")]


def test_a_judged_system_that_was_not_scored_has_a_row_whoever_has_its_name(folder: Folder) -> None:
    folder.scores("s", {("PersonaWAE", "a"): {F1: 0.2}})
    folder.human({"PersonaWAE": 1.5, "ground-truth": 2.75}, {"PersonaWAE": "b"})
    table = paper_tables.table_2(scorings(folder.sources())[0])
    assert ours(table, F1) == [("PersonaWAE (s)", "0.2000")]
    assert ours(table, "readability") == [("PersonaWAE (human)", "1.50"), ("ground-truth", "2.75")]
    assert [row.name for row in table.rows if row.source == OURS] == [
        "PersonaWAE (s)",
        "PersonaWAE (human)",
        "ground-truth",
    ]


def test_what_the_study_warns_of_is_below_its_numbers(folder: Folder) -> None:
    told = "Annotator 3 passed 1 of 3 attention checks, less than 75%."
    folder.human({"Seq2Seq": 1.5}, notes=[*caution(3), told])
    (scoring,) = scorings(folder.sources())
    assert paper_tables.table_2(scoring).notes[1:] == [*caution(3), told, SPREAD, REAL_NOTE]


def test_human_scores_alone_are_a_table(folder: Folder) -> None:
    folder.human({"Seq2Seq": 1.5, "ground-truth": 2.75}, {"Seq2Seq": "a"})
    (scoring,) = scorings(folder.sources())
    table = paper_tables.table_2(scoring)
    assert table.title == "Table 2. Human evaluation"
    assert table.notes == ["Human evaluation: 3 contexts, 2 annotators.", *caution(3), SPREAD, REAL_NOTE]
    assert ours(table, "readability") == [("Seq2Seq", "1.50"), ("ground-truth", "2.75")]
    assert paper_tables.further(scoring) is None


def test_another_human_evaluation_is_another_table(folder: Folder) -> None:
    folder.scores("s", {("A", "a"): {F1: 0.2}})
    folder.human({"A": 1.5}, {"A": "a"}, "human-1")
    folder.human({"A": 2.5}, {"A": "a"}, "human-2")
    made = [paper_tables.table_2(scoring) for scoring in scorings(folder.sources())]
    assert [ours(table, "readability") for table in made] == [[("A", "1.50")], [("A", "2.50")]]


def test_human_columns_stand_in_the_table_of_the_responses(folder: Folder) -> None:
    folder.scores("one", {("A", "a"): {F1: 0.2}}, contexts=9)
    folder.scores("two", {("A", "b"): {F1: 0.2}}, contexts=10)
    folder.human({"A": 1.5, "ground-truth": 2.75}, {"A": "b"})
    made = [paper_tables.table_2(scoring) for scoring in scorings(folder.sources())]
    assert [ours(table, "readability") for table in made] == [[], [("A", "1.50"), ("ground-truth", "2.75")]]


def test_of_several_seeds_the_row_says_how_many_people_judged(folder: Folder) -> None:
    seeds = [folder.system(f"s{seed}", seed=seed)[1] for seed in (1, 2, 3)]
    for number, one in enumerate(seeds):
        folder.scores(f"scores-{number}", {("PersonaWAE", one): {F1: number / 10}})
    folder.human({"X": 1.5}, {"X": seeds[1]})
    table = paper_tables.table_2(scorings(folder.sources())[0])
    (row,) = [row for row in table.rows if row.source == OURS]
    assert (row.name, row.detail) == ("PersonaWAE", "mean of 3 seeds, 1 of them judged by people")
    assert (row.cells[F1].text, row.cells["readability"].text) == ("0.1000", "1.50")


def test_runs_of_one_name_with_other_settings_are_no_seeds(folder: Folder) -> None:
    found = {seed: folder.system(f"a{seed}", seed=seed)[1] for seed in (1, 2)}
    found |= {seed: folder.system(f"b{seed}", seed=seed, latent_size=64)[1] for seed in (3,)}
    for seed, one in found.items():
        folder.scores(f"scores-{seed}", {("PersonaWAE", one): {F1: seed / 10}})
    table = paper_tables.table_2(scorings(folder.sources())[0])
    assert ours(table, F1) == [("PersonaWAE", "0.1500"), ("PersonaWAE (responses-b3)", "0.3000")]


def test_a_name_that_is_given_goes_before_that_of_the_scores(folder: Folder) -> None:
    one, two = folder.system("one"), folder.system("two", "Seq2Seq", without_prior=True)
    folder.scores("s", {one: {F1: 0.2, "Distinct-1": 0.5}, two: {F1: 0.1, "Distinct-1": 0.5}})
    folder.human({"judged": 1.5}, {"judged": one[1]})
    sources = folder.sources(one="Mine")
    (scoring,) = scorings(sources)
    assert [made.system for made in sources.responses] == ["Mine", "two"]
    table, more = paper_tables.table_2(scoring), paper_tables.further(scoring)
    assert more
    assert [row.name for row in more.rows] == ["Mine", "two"]
    assert ours(table, "readability") == [("Mine", "1.50")]
    rows = [(row.name, row.source) for row in table.rows]
    assert rows[rows.index(("Mine", OURS)) + 1] == ("PersonaWAE", PRINTED)


def test_a_name_that_is_given_is_that_of_all_seeds_that_were_scored_as_one(folder: Folder) -> None:
    one, two = folder.system("one", seed=1)[1], folder.system("two", seed=2)[1]
    grouped = [{"system": "P", "runs": ["P (1)", "P (2)"], "spread": {}}]
    folder.scores("s", {("P (1)", one): {F1: 0.2}, ("P (2)", two): {F1: 0.1}}, seeds=grouped)
    sources = folder.sources(two="Mine")
    table = paper_tables.table_2(scorings(sources)[0])
    assert ours(table, F1) == [("Mine", "0.1500")]
    assert names(sources, sources.scores[0])["P"] == "Mine"


def test_differences_and_personalisation_have_the_given_names(folder: Folder) -> None:
    label, fingerprint = folder.system("one")
    row = {"metric": F1, "low": 0.1, "high": 0.3}
    told = TESTED | {"base": "B", "difference": 0.2, "randomisation_holm": 0.0}
    differences = [row | told | {"system": label}]
    inputs = {f"responses/{label}": fingerprint}
    facts = {"contexts": 3, "comparisons": differences}
    folder._write("scores", "s", artifacts.Plan("scores", {}, inputs), facts, differences=differences)
    totals = [row | {"system": label, "metric": ACCURACY, "value": 0.2, "contexts": 5, "signature": "x"}]
    folder._write("persona-scores", "p", artifacts.Plan("persona-scores", {}, inputs), {}, totals=totals)
    sources = folder.sources(one="Mine")
    (difference,) = paper_tables.differences(sources.scores[0], names(sources, sources.scores[0]))
    (persona,) = personalisation(sources)
    assert [(row.name, row.detail) for row in difference.rows] == [("Mine", "minus B")]
    assert [row.name for row in persona.rows] == ["Mine"]


SAME = {"compare": True, "base": "B", "trials": 5, "common": True, "tokenizer": {"B": "nltk"}}


@pytest.mark.parametrize(
    ("settings", "inputs", "sessions", "together"),
    [
        (SAME, {"corpus": "c"}, ["x", "y"], True),
        ({"ngram": 4}, {}, ["x", "y"], False),
        ({"smoothing": "none"}, {}, ["x", "y"], False),
        ({"variant": "dialogwae"}, {}, ["x", "y"], False),
        ({"samples": 5}, {}, ["x", "y"], False),
        ({"resamples": 5}, {}, ["x", "y"], False),
        ({"seed": 8}, {}, ["x", "y"], False),
        ({}, {"embeddings": "v"}, ["x", "y"], False),
        ({}, {}, ["x", "z"], False),
    ],
)
def test_terms_are_what_changes_a_value_or_an_interval(
    folder: Folder, settings: dict[str, Any], inputs: dict[str, str], sessions: list[str], together: bool
) -> None:
    folder.scores("one", {("A", "a"): {F1: 0.1}}, sessions=["x", "y"])
    folder.scores("two", {("B", "b"): {F1: 0.3}}, settings=settings, inputs=inputs, sessions=sessions[::-1])
    assert len(scorings(folder.sources())) == (1 if together else 2)


def test_another_version_is_other_terms(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.scores("one", {("A", "a"): {F1: 0.1}})
    monkeypatch.setattr("pwae_core.artifacts.notes.__version__", "9.9")
    folder.scores("two", {("B", "b"): {F1: 0.3}})
    assert len(scorings(folder.sources())) == 2


def test_what_is_said_of_scorings_is_said_of_all_together_in_the_page_s_names(folder: Folder) -> None:
    for name, samples in (("one", 3), ("two", 10)):
        fingerprint = folder.system(name, latent_size=64 + samples)[1]
        totals = {
            metric: {"value": value, "low": None, "high": None, "contexts": 9, "signature": "x"}
            for metric, value in (("BLEU-Recall", 0.2), ("BLEU-Precision", 0.2 if name == "one" else 0.1))
        }
        system = {"system": "PersonaWAE", "samples": samples, "references": "1", "tokenizer": "nltk", "seed": 7}
        system |= {"decoding": "greedy", "deterministic": False, "coverage": None, "totals": totals}
        notes = ["Scored: the 9 contexts that all answer; left out: 2 of PersonaWAE."] * (name == "two")
        notes += ["PersonaWAE: 9 of the 9 contexts get the same first answer."] * (name == "one")
        folder.scores(f"s-{name}", {("PersonaWAE", fingerprint): {F1: 0.1}}, systems=[system], notes=notes)
    assert paper_tables.table_2(scorings(folder.sources())[0]).notes[2:] == [
        "PersonaWAE (responses-one): 9 of the 9 contexts get the same first answer.",
        "Scored: the 9 contexts that all answer; left out: 2 of PersonaWAE.",
        "Without --embeddings the BOW metrics are left out.",
        "The numbers of samples differ (3 and 10): the best of more samples is better. --first makes them equal.",
        "PersonaWAE (responses-one): all answers to a context score the same, so recall, precision and F1 agree.",
        *caution(9),
    ]


def test_every_setting_of_a_scoring_is_a_term_or_known_not_to_matter() -> None:
    without = {"compare", "base", "trials", "common", "tokenizer", "metrics"}
    assert EvaluateConfig.model_fields.keys() == {*TERMS} | without


def test_scores_on_other_terms_are_another_table_whose_title_says_how(folder: Folder) -> None:
    folder.scores("one", {("A", "a"): {F1: 0.1, "Length": 3}}, contexts=1234, settings={"resamples": 9})
    folder.scores("two", {("Seq2Seq", "b"): {F1: 0.3}}, contexts=10, settings={"resamples": 5})
    folder.human({"C": 1.5, "ground-truth": 2.75}, {"C": "c"})
    found = scorings(folder.sources())
    assert [[one.system for one in scoring.systems] for scoring in found] == [["A"], ["Seq2Seq"]]
    first, second = (paper_tables.table_2(scoring, everything=not number) for number, scoring in enumerate(found))
    assert first.title == "Table 2. Automatic metrics and human evaluation (1,234 contexts, 9 resamples)"
    assert second.title == "Table 2. Automatic metrics (10 contexts, 5 resamples)"
    more = paper_tables.further(found[0])
    assert more
    assert more.title == "Further measures, not in the paper (1,234 contexts, 9 resamples)"
    assert [(row.name, row.source) for row in second.rows] == [("Seq2Seq", OURS), ("Seq2Seq", PRINTED)]
    assert {"C", "ground-truth", "CVAE"} <= {row.name for row in first.rows}
    assert REAL_NOTE in first.notes
    assert REAL_NOTE not in second.notes


@pytest.mark.parametrize(
    ("one", "two", "labels"),
    [
        ({"contexts": 5, "sessions": "aaaaaaaaaa"}, {"contexts": 6, "sessions": "b"}, ["5 contexts", "6 contexts"]),
        ({"sessions": "aaaaaaaaaa"}, {"sessions": "b"}, ["set of contexts aaaaaaaa", "set of contexts b"]),
        ({"embeddings": None}, {"embeddings": "0123456789"}, ["no word vectors", "word vectors 01234567"]),
        ({"samples": None}, {"samples": 5}, ["all samples", "5 samples"]),
        ({"pwae": "0.1"}, {"pwae": "0.2"}, ["pwae 0.1", "pwae 0.2"]),
        ({"smoothing": "7"}, {"smoothing": "none"}, ["smoothing 7", "smoothing none"]),
    ],
)
def test_titles_say_what_tells_scores_apart(one: dict[str, Any], two: dict[str, Any], labels: list[str]) -> None:
    assert told_apart([one, two]) == labels
    assert told_apart([one]) == [""]


def test_table_3_is_a_series_over_k_with_the_paper_beside(folder: Folder) -> None:
    systems = {folder.system(f"k{k}", components=k): {F1: k / 10, EXTREMA: 0.5} for k in (6, 1, 3)}
    ablated = folder.system("wop", components=1, without_prior=True)
    folder.scores("s", systems | {ablated: {F1: 0.9}})
    table = paper_tables.table_3(scorings(folder.sources())[0].systems)
    assert table
    ours = [(row.x, row.detail, row.cells[F1].text) for row in table.rows if row.source == OURS]
    assert ours == [(1, "k1", "0.1000"), (3, "k3", "0.3000"), (6, "k6", "0.6000")]
    assert [row.x for row in table.rows if row.source == PRINTED] == [1, 2, 3, 4, 5]
    assert table.notes == [SPREAD, BOLD]
    assert not any(cell[3] for cell in column(table, EXTREMA))  # all equal: nobody is the best


def test_one_k_is_no_table_3_and_no_ablation_no_table_4(folder: Folder) -> None:
    folder.scores("s", {folder.system("a"): {F1: 0.1}, folder.system("b", seed=8): {F1: 0.2}})
    systems = scorings(folder.sources())[0].systems
    assert paper_tables.table_3(systems) is None
    assert paper_tables.table_4(systems) is None


def test_table_4_compares_ablations_with_the_whole_system_of_the_same_k(folder: Folder) -> None:
    given = {
        "whole": {},
        "k5": {"components": 5},
        "wop": {"without_prior": True},
        "both": {"without_prior": True, "without_fusion": True},
    }
    folder.scores("s", {folder.system(name, **model): {F1: 0.1} for name, model in given.items()})
    table = paper_tables.table_4(scorings(folder.sources())[0].systems)
    assert table
    assert [(row.name, row.detail) for row in table.rows if row.source == OURS] == [
        ("PersonaWAE", "whole"),
        ("w/o prior", "wop"),
        ("w/o both", "both"),
    ]


def test_table_4_says_once_what_tells_systems_of_one_name_apart(folder: Folder) -> None:
    found = {name: folder.system(name, **model)[1] for name, model in (("a", {}), ("b", {"without_prior": True}))}
    for name, one in found.items():
        folder.scores(f"scores-{name}", {("PersonaWAE", one): {F1: 0.1}})
    table = paper_tables.table_4(scorings(folder.sources())[0].systems)
    assert table
    assert [(row.name, row.detail) for row in table.rows if row.source == OURS] == [
        ("PersonaWAE", "responses-a"),
        ("w/o prior", "PersonaWAE (responses-b)"),
    ]


def test_runs_that_differ_in_more_are_told(folder: Folder) -> None:
    one, two = folder.system("a", components=1), folder.system("b", components=2, latent_size=64)
    folder.scores("s", {one: {F1: 0.1}, two: {F1: 0.2}})
    table = paper_tables.table_3(scorings(folder.sources())[0].systems)
    assert table
    assert table.notes == [SPREAD, BOLD, "These runs also differ in model.latent_size."]


def test_k_of_the_context_that_is_not_set_is_that_of_the_other(folder: Folder) -> None:
    found = [folder.system("a"), folder.system("b", seed=8, context_components=3)]
    found.append(folder.system("c", context_components=2))
    found.append(folder.system("d", without_prior=True))
    for name, fingerprint in found:
        folder.scores(f"scores-{name}", {("PersonaWAE", fingerprint): {F1: 0.1}})
    systems = scorings(folder.sources())[0].systems
    assert [(one.seeds, one.system) for one in systems] == [
        (2, "PersonaWAE"),
        (1, "PersonaWAE (responses-c)"),
        (1, "PersonaWAE (responses-d)"),
    ]
    for left_out, notes in ((1, []), (0, ["These runs also differ in model.context_components."])):
        kept = [one for one in systems if not (left_out and one.system.endswith("-c)"))]
        table = paper_tables.table_4(kept)
        assert table
        assert table.notes[1:] == notes


def test_other_measures_have_a_table_of_their_own(folder: Folder) -> None:
    folder.scores("s", {("A", "a"): {F1: 0.1, "Distinct-1": 0.5, "Length": 7.5}})
    table = paper_tables.further(scorings(folder.sources())[0])
    assert table
    assert table.columns == ["Distinct-1", "Length"]
    assert [table.heading(column) for column in table.columns] == ["Distinct-1", "Length"]
    assert table.rows[0].cells["Length"].text == "7.50"


@pytest.mark.parametrize("groups", [printed.GROUPS, paper_tables.SHORT_GROUPS])
def test_the_heads_of_a_group_and_its_columns_make_the_metric_s_name(
    groups: Sequence[tuple[str, Sequence[str]]],
) -> None:
    table = Table("t", "t", "System", groups, [])
    for group, columns in groups[:2]:
        assert [f"{group}-{table.heading(column)}" for column in columns] == list(columns)


def persona_totals(*found: tuple[str, str, int]) -> list[dict[str, Any]]:
    """(system, metric, contexts) each."""
    told = {"value": 0.25, "low": 0.1, "high": 0.3}
    return [
        told | {"system": system, "metric": metric, "contexts": contexts, "signature": f"{metric}|clf:x"}
        for system, metric, contexts in found
    ]


def test_personalisation_is_a_table_each_of_answers_swaps_and_likelihoods(folder: Folder) -> None:
    found = [(REAL, ACCURACY, 50), ("A", ACCURACY, 50), ("A", "Swap-Changed", 20), ("A", "Likelihood-Gain", 20)]
    plan = artifacts.Plan("persona-scores", {}, {})
    facts = {"chance": 0.125, "contexts": 50, "left_out": 1200}
    folder._write("persona-scores", "persona", plan, facts, totals=persona_totals(*found))
    answers, swaps, likelihoods = personalisation(folder.sources())
    assert [row.name for row in answers.rows] == ["ground-truth", "A"]
    assert [(table.columns, [row.name for row in table.rows]) for table in (swaps, likelihoods)] == [
        (["Swap-Changed"], ["A"]),
        (["Likelihood-Gain"], ["A"]),
    ]
    assert answers.title == "Automatic measures of personalisation: answers"
    assert answers.notes == [
        "50 contexts.",
        *caution(50),
        "ground-truth: the real responses, as a ceiling.",
        "Left out: 1,200 contexts of users who are not candidates.",
        "A guess finds the speaker with probability 0.1250.",
        SPREAD,
    ]
    assert swaps.notes[:2] == ["20 contexts of 50, drawn at random (--run-contexts).", *caution(20)]
    assert "A guess finds" in swaps.notes[-2]
    assert likelihoods.notes[-1].startswith("'pwae metrics' says what each measure shows")
    assert answers.signatures == {"Speaker-Accuracy|clf:x": ""}


def test_a_column_is_explained_where_it_is_there(folder: Folder) -> None:
    found = persona_totals(("A", ACCURACY, 50), ("A", "Speaker-Accuracy-Unheard", 20))
    plan = artifacts.Plan("persona-scores", {}, {})
    folder._write("persona-scores", "with", plan, {"heard": 30}, totals=found)
    folder._write("persona-scores", "without", plan, {"heard": 0}, totals=found[:1])
    with_unheard, without = personalisation(folder.sources())
    titles = [table.title.partition(": ")[2] for table in (with_unheard, without)]
    assert titles == ["answers (with)", "answers (without)"]
    assert "Speaker-Accuracy-Unheard leaves out 30 contexts in which the user has spoken before." in with_unheard.notes
    assert not any("Unheard" in note for note in without.notes)


def test_runs_have_the_page_s_names_by_their_hashes(folder: Folder) -> None:
    for name in ("one", "two"):
        folder.system(name, latent_size=64 + len(folder.given))
    runs = {path.name: artifacts.load(path, "run").fingerprint for path in folder.given if path.name.startswith("run")}
    inputs = {"run/0": runs["run-two"], "run/1": runs["run-one"], "run/2": "elsewhere"}
    told = [{"system": name} for name in ("P (b)", "P (a)", "Q")]
    totals = persona_totals(*((one["system"], "Swap-Changed", 9) for one in told))
    plan = artifacts.Plan("persona-scores", {}, inputs)
    folder._write("persona-scores", "persona", plan, {"runs": told}, totals=totals)
    sources = folder.sources(one="Mine")
    (table,) = personalisation(sources)
    assert [row.name for row in table.rows] == ["PersonaWAE", "Mine", "Q"]


def measured_apart(
    folder: Folder, name: str, label: str, value: float, real: float = 0.5, own: str = "", **model: Any
) -> None:
    """A run, its answers, and what 'pwae persona-scores' measures of the two alone. ``own``: what the run calls its
    system, if not ``label``.
    """
    seed, own = len(folder.given), own or label
    _, answers = folder.system(name, own_name=own, seed=seed, **model)
    run = artifacts.load(folder.root / f"run-{name}", "run").fingerprint
    found = persona_totals((REAL, ACCURACY, 50), (label, ACCURACY, 50), (own, "Swap-Changed", 20))
    values = {REAL: real, label: value, own: value}
    totals = [row | {"value": values[row["system"]]} for row in found]
    plan = artifacts.Plan("persona-scores", {"words": 50}, {"corpus": "c", f"responses/{label}": answers, "run/0": run})
    facts = {"contexts": 50, "runs": [{"system": own}]}
    folder._write("persona-scores", f"persona-{name}", plan, facts, totals=totals)


def test_systems_measured_apart_are_rows_of_one_table_and_their_seeds_are_averaged(folder: Folder) -> None:
    measured_apart(folder, "a", "PersonaWAE", 0.2)
    measured_apart(folder, "b", "PersonaWAE", 0.4)
    measured_apart(folder, "other", "PersonaWAE", 0.9, latent_size=32)
    measured_apart(folder, "c", "Persona", 0.6)
    answers, swaps = personalisation(folder.sources())
    assert answers.title == "Automatic measures of personalisation: answers"
    assert [(row.name, row.detail, row.cells[ACCURACY].text) for row in answers.rows] == [
        ("ground-truth", "", "0.5000"),
        ("PersonaWAE", "mean of 2 seeds", "0.3000"),
        ("PersonaWAE (responses-other)", "", "0.9000"),
        ("Persona", "", "0.6000"),
    ]
    assert answers.rows[1].cells[ACCURACY].spread == "±0.1414"
    assert [(row.name, row.detail) for row in swaps.rows] == [(row.name, row.detail) for row in answers.rows[1:]]
    assert "for a mean over seeds, their standard deviation" in answers.notes[-1]


def test_systems_of_an_experiment_have_their_labels_in_every_table(folder: Folder) -> None:
    """A plan's label names the answers; a run knows only what its system is called."""
    for name, value, label, size in (("a", 0.2, "K=1", 1), ("b", 0.4, "K=1", 1), ("c", 0.6, "K=2", 2)):
        measured_apart(folder, name, label, value, own="PersonaWAE", latent_size=size)
    answers, swaps = personalisation(folder.sources())
    told = [(row.name, row.detail) for row in swaps.rows]
    assert told == [("K=1", "mean of 2 seeds"), ("K=2", "")]
    assert told == [(row.name, row.detail) for row in answers.rows[1:]]


def test_names_that_the_user_gave_are_systems_of_their_own(folder: Folder) -> None:
    for name, value in (("a", 0.2), ("b", 0.4)):
        measured_apart(folder, name, "PersonaWAE", value)
    for table in personalisation(folder.sources(a="First", b="Second")):
        assert [row.name for row in table.rows if row.name != "ground-truth"] == ["First", "Second"]


def test_what_was_measured_on_other_terms_is_a_table_of_its_own(folder: Folder) -> None:
    measured_apart(folder, "a", "PersonaWAE", 0.2)
    measured_apart(folder, "b", "Persona", 0.4, real=0.6)
    titles = [table.title.rpartition(" (")[2] for table in personalisation(folder.sources())]
    assert titles == ["persona-a)", "persona-a)", "persona-b)", "persona-b)"]


def diagnosed(
    folder: Folder, name: str, label: str, nats: float, warnings: Sequence[str] = (), seed: int = 3, **model: Any
) -> None:
    """A run, its answers, and what 'pwae diagnose' finds, with 'seed'."""
    folder.system(name, own_name=label, seed=len(folder.given), **model)
    run = artifacts.load(folder.root / f"run-{name}", "run").fingerprint
    told = {"value": nats, "low": None, "high": None, "contexts": 20, "signature": f"{NATS}|seed:{seed}"}
    plan = artifacts.Plan("diagnosis", {}, {"run": run, "corpus": "c"})
    facts = {"system": "PersonaWAE", "contexts": 20, "warnings": warnings}
    totals = [told | {"system": "PersonaWAE", "metric": NATS}]
    folder._write("diagnosis", f"diagnosis-{name}", plan, facts, totals=totals)


def test_what_z_says_is_a_table_with_seeds_averaged(folder: Folder) -> None:
    diagnosed(folder, "a", "PersonaWAE", 1.0)
    diagnosed(folder, "b", "PersonaWAE", 2.0)
    diagnosed(folder, "c", "CVAE", 0.005, ["z is hardly used"], latent_size=32)
    (table,) = what_z_says(folder.sources(c="CVAE (fast)"))
    assert table.title == "What z says"
    assert [(row.name, row.detail, row.cells[NATS].text) for row in table.rows] == [
        ("PersonaWAE", "mean of 2 seeds", "1.5000"),
        ("CVAE (fast)", "", "0.0050"),
    ]
    assert table.rows[0].cells[NATS].spread == "±0.7071"
    assert table.notes[:2] == ["20 contexts of the validation split.", "CVAE (fast): z is hardly used"]
    assert table.notes[-1].startswith("BLEU-F1 falls as z says more")
    assert table.signatures == {f"{NATS}|seed:3": ""}


def test_what_was_diagnosed_on_other_terms_is_a_table_of_its_own(folder: Folder) -> None:
    diagnosed(folder, "a", "PersonaWAE", 1.0)
    diagnosed(folder, "b", "PersonaWAE", 2.0, seed=4)
    titles = [table.title for table in what_z_says(folder.sources())]
    assert titles == ["What z says (diagnosis-a)", "What z says (diagnosis-b)"]


def test_a_diagnosis_without_its_run_is_a_row(folder: Folder) -> None:
    diagnosed(folder, "a", "PersonaWAE", 1.0)
    (table,) = what_z_says(gather([Named(folder.root / "diagnosis-a")]))
    assert [(row.name, row.cells[NATS].text) for row in table.rows] == [("PersonaWAE", "1.0000")]


def test_differences_are_bold_where_they_are_more_than_chance(folder: Folder) -> None:
    told = TESTED | {"base": "B", "metric": F1, "low": 0.1, "high": 0.3}
    rows = [
        told | {"system": name, "difference": -0.2, "randomisation": p, "randomisation_holm": p}
        for name, p in (("A", 0.04), ("C", 0.06))
    ]
    plan = artifacts.Plan("scores", {}, {})
    folder._write("scores", "s", plan, {"contexts": 3, "comparisons": rows}, differences=rows)
    (table,) = paper_tables.differences(folder.sources().scores[0], {})
    assert [(row.name, row.detail, row.cells[F1].text, row.cells[F1].best) for row in table.rows] == [
        ("A", "minus B", "-0.2000", True),
        ("C", "minus B", "-0.2000", False),
    ]
    assert table.notes == [
        "The difference of the two systems' scores on the same contexts.",
        "± is half the width of the 95% interval, of the paired bootstrap.",
        "Bold: p < 0.05 by randomisation of the contexts, after Holm's correction.",
    ]


def test_differences_tell_how_many_seeds_they_are_of(folder: Folder) -> None:
    """Table 2 may average more of them, from other scorings."""
    few = {"low": None, "high": None, "bootstrap": None, "bootstrap_holm": None, "randomisation_holm": 0.03}
    rows = [TESTED | few | {"system": "A", "base": "B", "metric": F1, "difference": 0.2}]
    seeds = [{"system": "A", "runs": ["A (1)", "A (2)"], "spread": {}}]
    facts = {"contexts": 9, "comparisons": rows, "seeds": seeds}
    folder._write("scores", "s", artifacts.Plan("scores", {}, {}), facts, differences=rows)
    (table,) = paper_tables.differences(folder.sources().scores[0], {"A": "Mine"})
    assert "Means over seeds: 2 of Mine." in table.notes


def test_differences_over_few_contexts_have_no_spread_and_none_is_explained(folder: Folder) -> None:
    few = {"low": None, "high": None, "bootstrap": None, "bootstrap_holm": None, "randomisation_holm": 0.03}
    rows = [TESTED | few | {"system": "A", "base": "B", "metric": F1, "difference": 0.2}]
    facts = {"contexts": 9, "comparisons": rows}
    folder._write("scores", "s", artifacts.Plan("scores", {}, {}), facts, differences=rows)
    (table,) = paper_tables.differences(folder.sources().scores[0], {})
    assert (table.rows[0].cells[F1].spread, table.rows[0].cells[F1].best) == ("", True)
    assert not any("±" in note for note in table.notes)


def test_differences_have_table_2_s_columns_first_and_others_below(folder: Folder) -> None:
    told = TESTED | {"system": "A", "base": "B", "low": 0.1, "high": 0.3, "difference": 0.2, "randomisation_holm": 0.5}
    rows = [told | {"metric": metric} for metric in ("Distinct-1", F1, "Length", EXTREMA)]
    folder._write(
        "scores", "s", artifacts.Plan("scores", {}, {}), {"contexts": 3, "comparisons": rows}, differences=rows
    )
    first, further = paper_tables.differences(folder.sources().scores[0], {}, "here")
    assert (first.title, first.columns) == ("Differences between systems (here)", [EXTREMA, F1])
    assert (further.title, further.columns) == ("Differences in further measures (here)", ["Distinct-1", "Length"])


@pytest.fixture
def hostile(folder: Folder) -> list[Table]:
    name = "A|B & 50% $x_1$ <b> [l](u) `c` \\cmd{} \n# h"
    folder.scores("s", {(name, "a"): {F1: 0.25, EXTREMA: 0.5}, ("plain", "b"): {F1: 0.1}})
    return [paper_tables.table_2(scorings(folder.sources())[0])]


def test_markdown_keeps_its_columns_whatever_a_system_is_called(hostile: Sequence[Table]) -> None:
    text = to_markdown(hostile, "Tables")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    bare = [line.replace("\\|", "") for line in rows]
    assert {line.count("|") for line in bare} == {2 + 1 + len(printed.AUTOMATIC)}
    (mine,) = [line for line in rows if "50%" in line]
    assert "A\\|B &amp; 50% \\$x\\_1\\$ &lt;b&gt; \\[l\\](u) \\`c\\` \\\\cmd\\{\\} # h" in mine
    assert "**0.2500** ±0.0400" in mine


def test_latex_escapes_and_has_as_many_cells_in_every_row(hostile: Sequence[Table]) -> None:
    text = to_latex(hostile)
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0].strip().splitlines()
    assert {line.replace(r"\&", "").count("&") for line in body} == {len(printed.AUTOMATIC)}
    assert all(line.endswith(r"\\") for line in body)
    (mine,) = [line for line in body if "50" in line and "textbar" in line]
    name = r"A\textbar{}B \& 50\% \$x\_1\$ \textless{}b\textgreater{} [l](u) `c` \textbackslash{}cmd\{\} \# h"
    assert mine.startswith(rf"{name} & 0.5000 $\pm$ 0.0400")
    assert r"\textbf{0.2500} $\pm$ 0.0400" in mine
    assert r"\textit{PersonaWAE} & 0.4542 & 0.5914" in text


def test_latex_captions_say_what_the_marks_mean_and_name_the_paper_where_it_is_there(hostile: Sequence[Table]) -> None:
    text = to_latex(hostile)
    assert BOLD in text
    assert "Rows in italics are the numbers printed by Chan et al. (2019).}" in text
    own = replace(hostile[0], rows=[row for row in hostile[0].rows if row.source == OURS])
    assert "italics" not in to_latex([own])
    assert "% BLEU-F1|n:3" in text
