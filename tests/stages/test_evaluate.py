"""Evaluating: systems side by side, what is written, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from judged import VOCABULARY, WORDS, Judged, make_corpus
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from pwae_core import artifacts
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError, InputError
from pwae_core.metrics.bootstrap import caution
from pwae_core.metrics.table import METRICS
from pwae_core.schemas import RESPONSES, VECTORS
from pwae_core.stages.evaluate import EvaluateReport, evaluate

BLEU = [name for name in METRICS if name.startswith("BLEU")] + [
    name for name in METRICS if name[:2] not in ("BL", "BO")
]
BOW = ["BOW-Extrema", "BOW-Greedy", "BOW-Average"]
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")


def answers(session: dict[str, Any], samples: int) -> list[list[str]]:
    """Answers that share more and more words with the real response."""
    response = session["response"]
    return [response[: i + 1] + ["tea", "<unk>"][: (i + len(response)) % 3] for i in range(samples)]


def make_responses(
    folder: Path, judged: Judged, samples: int = 4, config: dict[str, Any] | None = None, **facts: Any
) -> Path:
    rows = [
        {column: session[column] for column in ("session_id", "user_id", "context_user_ids", "context")}
        | {"references": [session["response"]], "responses": answers(session, samples)}
        for session in judged.sessions
    ]
    known = {"system": "PersonaWAE", "vocabulary": VOCABULARY, "tokenizer": "nltk", "decoding": "greedy z", "seed": 3}
    with artifacts.draft(folder, artifacts.Plan("responses", config or {}, {})) as draft:
        draft.write("responses.parquet", pa.Table.from_pylist(rows, schema=RESPONSES))
        draft.facts = known | {"samples": samples, "deterministic": False} | facts
    return folder


def make_vectors(folder: Path, words: tuple[str, ...] = WORDS, vocabulary: str = VOCABULARY) -> Path:
    matrix = np.random.default_rng(1).normal(size=(len(SPECIALS) + len(words), 6)).astype(np.float32)
    rows = [
        {"id": number, "token": token, "vector": vector, "known": token not in ("<pad>", "tea")}
        for number, (token, vector) in enumerate(zip(SPECIALS + words, matrix, strict=True))
    ]
    with artifacts.draft(folder, artifacts.Plan("vectors", {}, {})) as draft:
        draft.write("vectors.parquet", pa.Table.from_pylist(rows, schema=VECTORS))
        draft.facts = {"vocabulary": vocabulary, "dimension": 6, "source": "skip-gram"}
    return folder


def make_jsonl(path: Path, judged: Judged, **columns: Callable[[dict[str, Any]], Any]) -> Path:
    rows = [
        {"session_id": session["session_id"]} | {name: value(session) for name, value in columns.items()}
        for session in judged.sessions
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return make_corpus(tmp_path / "corpus")


def test_the_numbers_are_those_of_nltk_on_the_stored_tokens(tmp_path: Path, judged: Judged) -> None:
    report = evaluate([Named(make_responses(tmp_path / "ours", judged))], EvaluateConfig(ngram=2, resamples=50))
    smoothing = SmoothingFunction().method7
    expected = np.array(
        [
            [nltk_bleu([s["response"]], a, weights=(0.5, 0.5), smoothing_function=smoothing) for a in answers(s, 4)]
            for s in judged.sessions
        ]
    )
    recall, precision = expected.max(axis=1).mean(), expected.mean()
    totals = report.systems[0].totals
    assert list(totals) == BLEU
    assert [totals[name].value for name in BLEU[:3]] == pytest.approx(
        [recall, precision, 2 * recall * precision / (recall + precision)], abs=1e-12
    )
    for name in BLEU[:3]:
        low, high = totals[name].low, totals[name].high
        assert low is not None
        assert high is not None
        assert low < totals[name].value < high
    assert report.contexts == len(judged.sessions) == 30
    assert report.notes == ["Without --embeddings the BOW metrics are left out.", *caution(30)]
    assert "|n:2|s:nltk-current7|nltk:3.10.4|tok:nltk|samples:4|refs:1|bs:50|seed:7|" in totals["BLEU-F1"].signature


def test_systems_stand_side_by_side(tmp_path: Path, judged: Judged) -> None:
    ours = make_responses(tmp_path / "ours", judged)
    fixed = make_responses(tmp_path / "fixed", judged, samples=1, system="Seq2Seq", deterministic=True)
    llm = make_jsonl(tmp_path / "llm.jsonl", judged, responses=lambda s: [" ".join(s["response"]), "tea rain"])
    vectors = make_vectors(tmp_path / "vectors")
    report = evaluate([Named(ours), Named(fixed), Named(llm, "LLM")], embeddings=vectors, corpus=judged.corpus)
    assert [s.system for s in report.systems] == ["PersonaWAE", "Seq2Seq", "LLM"]
    assert [s.tokenizer for s in report.systems] == ["nltk", "nltk", "nltk"]
    assert [list(s.totals) for s in report.systems] == [BOW + BLEU] * 3
    perfect = report.systems[2].totals
    assert [perfect[name].value for name in BOW] == pytest.approx([1, 1, 1])
    same = report.systems[1].totals
    assert same["BLEU-Recall"].value == same["BLEU-Precision"].value == pytest.approx(same["BLEU-F1"].value)
    assert perfect["BOW-Greedy"].signature.startswith(
        f"BOW-Greedy|vec:skip-gram-6-{artifacts.load(vectors, 'vectors').fingerprint[:8]}|oov:skip|tok:nltk|samples:2|"
    )
    coverage = report.systems[0].coverage
    assert coverage is not None
    assert 0.5 < coverage.responses < 1
    assert report.notes == [
        "The numbers of samples differ (2 and 4): the best of more samples is better. --first makes them equal.",
        "Seq2Seq: all answers to a context score the same, so recall, precision and F1 agree.",
        *caution(30),
    ]


def test_samples_takes_the_first_of_each(tmp_path: Path, judged: Judged) -> None:
    ours = Named(make_responses(tmp_path / "ours", judged))
    two = Named(make_responses(tmp_path / "two", judged, samples=2, system="Two"))
    report = evaluate([ours, two], EvaluateConfig(samples=2))
    first, second = report.systems
    assert {name: total.value for name, total in first.totals.items()} == {
        name: total.value for name, total in second.totals.items()
    }
    assert first.totals == second.totals
    with pytest.raises(
        InputError, match=r"two: session 'c0#0' has 2 responses, --first asks for 3\. Score the first 2"
    ):
        evaluate([ours, two], EvaluateConfig(samples=3))


def test_the_artifact_holds_every_context_and_stands(
    tmp_path: Path, judged: Judged, snapshot: Callable[[Path], dict[str, bytes]]
) -> None:
    ours, vectors = [Named(make_responses(tmp_path / "ours", judged))], make_vectors(tmp_path / "vectors")
    made = evaluate(ours, embeddings=vectors, out=tmp_path / "scores")
    again = evaluate(ours, embeddings=vectors, out=tmp_path / "scores")
    assert (made.standing, again.standing) == (False, True)
    assert asdict(again) == asdict(made) | {"standing": True}
    assert [list(s.totals) for s in again.systems] == [BOW + BLEU]
    scores = artifacts.load(tmp_path / "scores", "scores")
    table = scores.table("scores.parquet").to_pandas()
    mean = table[table.metric == "BLEU-Recall"].value.mean()
    assert mean == pytest.approx(made.systems[0].totals["BLEU-Recall"].value)
    assert set(table.metric) == set(METRICS) - {"BLEU-F1", "Distinct-1", "Distinct-2"}
    assert len(table) == 11 * 30
    totals = scores.table("totals.parquet").to_pylist()
    assert [row["metric"] for row in totals] == BOW + BLEU
    assert [row["metric"] for row in totals if row["low"] is None] == ["Distinct-1", "Distinct-2"]
    evaluate(ours, embeddings=vectors, out=tmp_path / "elsewhere")
    assert snapshot(tmp_path / "elsewhere") == snapshot(tmp_path / "scores")
    with pytest.raises(ArtifactError, match=r"already exists, made differently .*seed"):
        evaluate(ours, EvaluateConfig(seed=8), embeddings=vectors, out=tmp_path / "scores")
    forced = evaluate(ours, EvaluateConfig(seed=8), embeddings=vectors, out=tmp_path / "scores", force=True)
    assert forced.systems[0].totals["Length"].value == made.systems[0].totals["Length"].value
    assert forced.systems[0].totals["Length"].low != made.systems[0].totals["Length"].low


def test_common_contexts_only_when_asked(tmp_path: Path, judged: Judged) -> None:
    ours = Named(make_responses(tmp_path / "ours", judged))
    few = Judged(judged.corpus, judged.sessions[5:], judged.said)
    part = Named(make_jsonl(tmp_path / "part.jsonl", few, responses=lambda s: answers(s, 4)))
    with pytest.raises(InputError, match=r"cover different contexts: 5 of 30 in .*ours are not answered by all"):
        evaluate([ours, part], corpus=judged.corpus)
    report = evaluate([ours, part], EvaluateConfig(common=True), corpus=judged.corpus)
    assert report.contexts == 25
    assert report.notes[-2] == "Scored: the 25 contexts that all answer; left out: 5 of PersonaWAE."
    first, second = (s.totals["BLEU-F1"] for s in report.systems)
    assert (first.value, first.low, first.high) == (second.value, second.low, second.high)


def refused(error: type[Exception], words: str, responses: list[Named], **options: Any) -> None:
    with pytest.raises(error, match=words):
        evaluate(responses, **options)


def test_what_cannot_be_compared_is_refused_before_anything_is_written(tmp_path: Path, judged: Judged) -> None:
    ours = Named(make_responses(tmp_path / "ours", judged))
    out = tmp_path / "scores"
    bare = Named(make_jsonl(tmp_path / "bare.jsonl", judged, responses=lambda s: [s["response"]]))
    uneven = Named(
        make_jsonl(tmp_path / "uneven.jsonl", judged, responses=lambda s: [["a"]] * (1 + (s["session_id"] == "c2#0")))
    )
    texts = Named(make_jsonl(tmp_path / "texts.jsonl", judged, responses=lambda s: [s["user_id"]]))
    refused(
        InputError,
        r"bare\.jsonl: session 'c0#0' has no reference\. Add the column references, or give",
        [bare],
        out=out,
    )
    refused(
        InputError,
        r"uneven\.jsonl: session 'c2#0' has 2 responses, 'c0#0' has 1\. Score the first 1 of each with --first 1\.",
        [uneven],
        corpus=judged.corpus,
        out=out,
    )
    refused(ConfigError, r"texts\.jsonl holds strings\. Say how to tokenise them: --tokenizer", [texts], out=out)
    refused(InputError, "are both called 'PersonaWAE'", [ours, ours], out=out)
    refused(InputError, "different names, NAME=PATH; or give both the same NAME, as seeds", [ours, ours], out=out)
    other = make_vectors(tmp_path / "other", vocabulary="w" * 64)
    refused(
        ArtifactError,
        r"other \(vocabulary wwww.*ours \(vocabulary vvvv.*were made from different vocabularies",
        [ours],
        embeddings=other,
        out=out,
    )
    foreign = make_vectors(tmp_path / "foreign", words=("bonjour", "merci"))
    refused(InputError, "no word of its references has a vector", [ours], embeddings=foreign, out=out)
    empty = Named(make_responses(tmp_path / "empty", judged, samples=0))
    refused(InputError, r"empty: session 'c0#0' has no responses\. Give it one or more\.", [empty], out=out)
    refused(ArtifactError, "holds no vectors. Run 'pwae embed-words' first", [ours], embeddings=tmp_path, out=out)
    assert not list(tmp_path.glob("*scores*"))


def test_contexts_without_a_known_reference_word_are_told(tmp_path: Path, judged: Judged) -> None:
    ours = Named(make_responses(tmp_path / "ours", judged))
    words = {word for session in judged.sessions[3:] for word in session["response"]}
    only = tuple(word for word in words if not any(word in session["response"] for session in judged.sessions[:1]))
    report: EvaluateReport = evaluate([ours], embeddings=make_vectors(tmp_path / "vectors", words=only))
    without = sum(not set(session["response"]) & (set(only) - {"tea"}) for session in judged.sessions)
    assert without > 0
    assert without == 1
    assert report.notes == ["No BOW score for 1 context: no reference word has a vector.", *caution(30)]
    assert report.systems[0].totals["BOW-Greedy"].contexts == 30 - without


def test_the_variant_and_the_smoothing_change_the_numbers_and_say_so(tmp_path: Path, judged: Judged) -> None:
    ours = [Named(make_responses(tmp_path / "ours", judged))]
    vectors = make_vectors(tmp_path / "vectors")
    made = {
        (smoothing, variant): evaluate(
            ours, EvaluateConfig(smoothing=smoothing, variant=variant, resamples=10), embeddings=vectors
        )
        .systems[0]
        .totals
        for smoothing in ("nltk-current", "nltk-legacy", "none")
        for variant in ("paper", "dialogwae")
    }
    assert len({round(total["BLEU-F1"].value, 6) for total in made.values()}) == 6
    assert len({total["BLEU-F1"].signature for total in made.values()}) == 6
    greedy = {variant: made["none", variant]["BOW-Greedy"].value for variant in ("paper", "dialogwae")}
    assert greedy["paper"] != pytest.approx(greedy["dialogwae"], abs=0.01)
    lengths = {total["Length"].value for total in made.values()}
    assert len(lengths) == 1


def test_several_references_count_the_best(tmp_path: Path, judged: Judged) -> None:
    """Of BLEU the clipped counts of both, of BOW the better one: adding the answer itself makes it perfect."""
    one = make_jsonl(
        tmp_path / "one.jsonl", judged, responses=lambda _: [["tea", "rain"]], references=lambda s: [s["response"]]
    )
    two = make_jsonl(
        tmp_path / "two.jsonl",
        judged,
        responses=lambda _: [["tea", "rain"]],
        references=lambda s: [s["response"], ["tea", "rain"]],
    )
    vectors = make_vectors(tmp_path / "vectors")
    first, second = (evaluate([Named(path)], embeddings=vectors).systems[0] for path in (one, two))
    assert (first.references, second.references) == ("1", "2")
    assert second.totals["BOW-Greedy"].value == pytest.approx(1)
    assert first.totals["BOW-Greedy"].value < 0.9
    assert first.totals["BLEU-F1"].value < second.totals["BLEU-F1"].value
    assert "|refs:2|" in second.totals["BLEU-F1"].signature


def better(session: dict[str, Any]) -> list[list[str]]:
    return [session["response"], [*session["response"][1:], "tea"]]


def worse(session: dict[str, Any]) -> list[list[str]]:
    return [[*session["response"][:1], "no"], ["no", "no"]]


def test_systems_are_compared_with_a_base(tmp_path: Path, judged: Judged) -> None:
    one = Named(make_jsonl(tmp_path / "good.jsonl", judged, responses=better))
    two = Named(make_jsonl(tmp_path / "bad.jsonl", judged, responses=worse))
    same = Named(make_jsonl(tmp_path / "same.jsonl", judged, responses=worse, context_user_ids=lambda _: []))
    config = EvaluateConfig(compare=True, base="bad", trials=999, resamples=50)
    made = evaluate([one, two, same], config, corpus=judged.corpus, out=tmp_path / "scores")
    assert {one.system for one in made.comparisons} == {"good", "same"}
    assert {one.base for one in made.comparisons} == {"bad"}
    found = {(one.system, one.metric): one for one in made.comparisons}
    f1 = found["good", "BLEU-F1"]
    values = {system.system: system.totals["BLEU-F1"].value for system in made.systems}
    assert f1.difference == pytest.approx(values["good"] - values["bad"])
    assert (f1.randomisation, f1.bootstrap) == (0.001, 0.001)
    assert f1.randomisation_holm == pytest.approx(0.006)
    none = found["same", "BLEU-F1"]
    assert (none.difference, none.randomisation_holm, none.bootstrap_holm) == (0, 1, 1)
    rows = artifacts.load(tmp_path / "scores", "scores").table("differences.parquet").to_pylist()
    assert rows == [asdict(one) for one in made.comparisons]
    again = evaluate([one, two, same], config, corpus=judged.corpus, out=tmp_path / "scores")
    assert asdict(again) == asdict(made) | {"standing": True}


def test_differences_from_another_base_are_other_scores(tmp_path: Path, judged: Judged) -> None:
    one = Named(make_jsonl(tmp_path / "good.jsonl", judged, responses=better))
    two = Named(make_jsonl(tmp_path / "bad.jsonl", judged, responses=worse))
    config = EvaluateConfig(compare=True, trials=9, resamples=5)
    evaluate([one, two], config, corpus=judged.corpus, out=tmp_path / "scores")
    with pytest.raises(ArtifactError, match=r"made differently \(config base: good, now bad\)"):
        evaluate([two, one], config, corpus=judged.corpus, out=tmp_path / "scores")
    named = config.model_copy(update={"base": "good"})
    assert evaluate([two, one], named, corpus=judged.corpus, out=tmp_path / "scores").standing


def test_seeds_of_one_system_are_given_as_mean_and_deviation(tmp_path: Path, judged: Judged) -> None:
    first = Named(make_responses(tmp_path / "first", judged), "Ours")
    second = Named(make_jsonl(tmp_path / "second.jsonl", judged, responses=better), "Ours")
    peer = Named(make_jsonl(tmp_path / "peer.jsonl", judged, responses=worse), "Peer")
    config = EvaluateConfig(samples=2, compare=True, base="Peer", trials=99, resamples=50)
    made = evaluate([first, peer, second], config, corpus=judged.corpus, out=tmp_path / "scores")
    assert [system.system for system in made.systems] == ["Ours (1)", "Peer", "Ours (2)"]
    (seeds,) = made.seeds
    assert (seeds.system, seeds.runs) == ("Ours", ["Ours (1)", "Ours (2)"])
    values = [made.systems[i].totals["Length"].value for i in (0, 2)]
    assert seeds.spread["Length"].mean == pytest.approx(sum(values) / 2)
    assert seeds.spread["Length"].deviation == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    assert {(one.system, one.base) for one in made.comparisons} == {("Ours", "Peer")}
    for one in made.comparisons:
        peer_s = made.systems[1].totals[one.metric].value
        assert one.difference == pytest.approx(seeds.spread[one.metric].mean - peer_s, abs=1e-12), one.metric
    again = evaluate([first, peer, second], config, corpus=judged.corpus, out=tmp_path / "scores")
    assert asdict(again) == asdict(made) | {"standing": True}
    refused(InputError, r"first and .*first hold the same responses, but are given as two seeds of Ours", [first] * 2)


def test_answers_of_different_weights_and_seeds_of_different_settings_are_told(tmp_path: Path, judged: Judged) -> None:
    def drawn(name: str, checkpoint: str = "best", top_p: float = 0.9, seed: int = 1) -> Path:
        config = {"checkpoint": checkpoint, "seed": seed, "decoding": {"strategy": "nucleus", "top_p": top_p}}
        return make_responses(tmp_path / name, judged, config=config, seed=seed)

    def told(*given: Named) -> list[str]:
        return [note for note in evaluate(given).notes if "differ in" in note or "checkpoints" in note]

    one, two, last = Named(drawn("one"), "Ours"), Named(drawn("two", seed=2), "Ours"), drawn("last", "last")
    theirs = Named(make_jsonl(tmp_path / "theirs.jsonl", judged, responses=better), "Theirs")
    assert told(one, two) == []
    assert told(one, Named(drawn("wide", top_p=0.5), "Wide")) == []
    weights = "The answers are of different checkpoints (best: Ours; last: Peer)."
    assert told(one, Named(last, "Peer")) == [weights]
    differing = "The seeds of Ours also differ in {}: their mean is of no one setting."
    assert told(one, Named(drawn("far", top_p=0.5, seed=3), "Ours")) == [differing.format("top_p")]
    assert told(one, Named(last, "Ours")) == [
        differing.format("checkpoint"),
        weights.replace("Ours", "Ours (1)").replace("Peer", "Ours (2)"),
    ]
    found = evaluate([one, theirs], EvaluateConfig(samples=1), corpus=judged.corpus).notes
    assert not any("differ in" in note or "checkpoints" in note for note in found)


def test_what_cannot_be_tested_is_refused(tmp_path: Path, judged: Judged) -> None:
    ours = [Named(make_responses(tmp_path / "ours", judged))]
    refused(
        ConfigError, "--compare needs two systems; there is only PersonaWAE", ours, config=EvaluateConfig(compare=True)
    )
    refused(
        ConfigError,
        "--against X: there is no such system. The systems are PersonaWAE",
        ours,
        config=EvaluateConfig(compare=True, base="X"),
    )
    refused(ConfigError, "Give --compare too", ours, config=EvaluateConfig(base="PersonaWAE"))


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (["i", "like", "tea\n"], "1 token is empty or has white space, such as 'tea\\n': each counts as one word."),
        (["i", "", "like", "", "tea"], "2 tokens are empty or have white space, such as '': each counts as one word."),
        (["tea", "##s"], "1 token is a piece of a word, such as '##s': each counts as one word. Join the pieces, or"),
        (["▁i", "▁like", "tea"], "2 tokens are pieces of words, such as '▁i': each counts as one word."),
        (["ti@@", "t", "a</w>"], "2 tokens are pieces of words, such as 'ti@@': each counts as one word."),
        (["tea", "</s>"], "1 sentence holds a mark of a language model, such as '</s>': it is scored as words."),
        (["茶", "[", "SEP", "]"], "1 sentence holds a mark of a language model, such as '[SEP]': it is scored as"),
        (["@", "#", "##", "@@", "[tea]", "</3", "<3", "<unk>"], ""),
        (["i like tea", "so\u3000do i"], "2 tokens are empty or have white space, such as 'i like tea': each counts"),
        (["i", "like", "tea"], ""),
        ([], ""),
    ],
)
def test_tokens_that_are_no_words_are_told_of(tmp_path: Path, response: list[str], told: str) -> None:
    path = tmp_path / "LLM.jsonl"
    row = {"session_id": "c", "responses": [response], "references": [["i", "like", "tea"]]}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    said = (" counts as one word", " scored as words")
    notes = [n for n in evaluate([Named(path)]).notes if n.startswith("LLM: ") and any(one in n for one in said)]
    assert len(notes) == bool(told)
    assert all(note.startswith(f"LLM: {told}") for note in notes)
