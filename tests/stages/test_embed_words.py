"""Word vectors: aligned with the vocabulary, trained on each utterance once, or imported; the same bytes again."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_corpus import write_corpus

from pwae_core import artifacts
from pwae_core.config.embed_words import EmbedWordsConfig
from pwae_core.corpus.utterances import training_utterances
from pwae_core.errors import ArtifactError, InputError
from pwae_core.stages.embed_words import embed_words
from pwae_core.text.vocabulary import Vocabulary

SMALL = EmbedWordsConfig(dimension=8)


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus")


def vocabulary_of(corpus):
    return Vocabulary.from_table(artifacts.load(corpus, "corpus").table("vocabulary.parquet"))


def read(out):
    table = artifacts.load(out, "vectors").table("vectors.parquet")
    return table["token"].to_pylist(), np.array(table["vector"].to_pylist()), table["known"].to_pylist(), table


def test_an_utterance_of_several_windows_is_read_once(corpus):
    words = vocabulary_of(corpus)
    said = [" ".join(words.decode(ids)) for ids in training_utterances(artifacts.load(corpus, "corpus")).to_pylist()]
    assert said == [
        "do you like tea ?",
        "tea is good indeed",
        "so is cake",  # context of the second window, response of the first
        "rain again",
        "i like the rain",
        "good morning",
        "morning",
        "cake is good indeed",
        "you do not like tea ?",
        "rain again indeed",
    ]


def test_row_i_is_the_vector_of_id_i(corpus, tmp_path):
    report = embed_words(corpus, tmp_path / "v", SMALL)
    tokens, matrix, known, table = read(tmp_path / "v")
    words = vocabulary_of(corpus)
    assert tuple(tokens) == words.tokens
    assert table["id"].to_pylist() == list(range(len(words)))
    assert matrix.shape == (len(words), 8)
    assert not matrix[0].any()
    assert matrix[1:].any(axis=1).all()
    assert known == [False] * 4 + [True] * 16
    assert (report.words, report.known_words, report.tokens, report.known_tokens) == (16, 16, 34, 34)
    facts = artifacts.load(tmp_path / "v", "vectors").facts
    assert facts["vocabulary"] == words.fingerprint
    assert (facts["dimension"], facts["source"]) == (8, "skip-gram")


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_words_of_one_topic_are_nearer_than_words_of_two(tmp_path, architecture):
    topics = [[f"{topic}{number}" for number in range(20)] for topic in ("tea", "rain")]
    chance = np.random.default_rng(0)
    conversations = [
        [f"u{turn}: " + " ".join(chance.choice(topic, 6, replace=False)) for turn in range(4)] for topic in topics * 100
    ]
    corpus = write_corpus(tmp_path / "corpus", conversations)
    config = EmbedWordsConfig(dimension=16, architecture=architecture, epochs=30, subsampling=0)
    assert embed_words(corpus, tmp_path / "v", config).source == architecture
    tokens, matrix, _, _ = read(tmp_path / "v")
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    ours, theirs = ([tokens.index(word) for word in topic] for topic in topics)
    within = (unit[ours] @ unit[ours].T)[~np.eye(20, dtype=bool)].mean()
    across = (unit[ours] @ unit[theirs].T).mean()
    assert within > across + 0.3


def test_a_tokens_own_characters_cannot_break_a_line(tmp_path):
    odd = ["a\tb", "c\nd", "e\u3000f", "\u00a0", "g\u2028h"]
    corpus = write_corpus(tmp_path / "corpus", [[f"ann: {' '.join(odd)}", "bob: x", "ann: y"]])
    report = embed_words(corpus, tmp_path / "v", SMALL)
    tokens, _, known, _ = read(tmp_path / "v")
    assert set(odd) <= set(tokens)
    assert report.known_words == report.words == 7
    assert known[4:] == [True] * 7


def test_imported_values_arrive_and_the_rest_is_random_by_the_seed(corpus, tmp_path):
    path = tmp_path / "published.txt"
    path.write_text("4 2\ntea 0.5 -0.25\nrain 2 3\nunheard 9 9\n<unk> 7 7\n", encoding="utf-8")
    report = embed_words(corpus, tmp_path / "v", SMALL, vectors=path)
    tokens, matrix, known, _ = read(tmp_path / "v")
    assert matrix[tokens.index("tea")].tolist() == [0.5, -0.25]
    assert matrix[tokens.index("rain")].tolist() == [2.0, 3.0]
    assert sum(known) == 2
    assert not known[tokens.index("<unk>")]
    assert (report.dimension, report.known_words, report.words) == (2, 2, 16)
    assert (report.tokens, report.known_tokens) == (34, 6)  # tea and rain three times each
    assert report.source.startswith("import-")
    assert report.missing[:3] == ["good", "indeed", "is"]

    embed_words(corpus, tmp_path / "same", SMALL, vectors=path)
    embed_words(corpus, tmp_path / "other", SMALL.model_copy(update={"seed": 8}), vectors=path)
    same, other = read(tmp_path / "same")[1], read(tmp_path / "other")[1]
    np.testing.assert_array_equal(matrix, same)
    unknown = [n for n in range(1, len(tokens)) if not known[n]]
    assert (matrix[unknown] != other[unknown]).all()
    np.testing.assert_array_equal(matrix[tokens.index("tea")], other[tokens.index("tea")])


def test_random_values_are_as_spread_out_as_the_known_ones(tmp_path):
    words = [f"w{number:04d}" for number in range(1000)]
    corpus = write_corpus(tmp_path / "corpus", [[f"ann: {' '.join(words)}", "bob: x", "ann: y"]])
    path = tmp_path / "published.txt"
    values = 5 * np.random.default_rng(0).normal(size=(500, 20))
    path.write_text(
        "500 20\n" + "".join(f"{w} {' '.join(map(str, row))}\n" for w, row in zip(words, values, strict=False))
    )
    embed_words(corpus, tmp_path / "v", vectors=path)
    tokens, matrix, known, _ = read(tmp_path / "v")
    unknown = [n for n, is_known in enumerate(known) if not is_known and tokens[n] != "<pad>"]
    assert len(unknown) > 500
    assert matrix[unknown].std() == pytest.approx(5, rel=0.05)


def test_a_file_of_another_language_is_refused(corpus, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("1 2\nunheard 1 2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"none of its 1 words is one of the corpus's 16\. Are language, script,"):
        embed_words(corpus, tmp_path / "v", SMALL, vectors=path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus", "other.txt"]


def test_what_stands_is_left_alone_and_gives_the_same_report(corpus, tmp_path, snapshot):
    first = embed_words(corpus, tmp_path / "v", SMALL)
    before = snapshot(tmp_path / "v")
    again = embed_words(corpus, tmp_path / "v", SMALL)
    assert again == replace(first, standing=True)
    with pytest.raises(ArtifactError, match=r"already exists, made differently \(config dimension: 8, now 9\)"):
        embed_words(corpus, tmp_path / "v", SMALL.model_copy(update={"dimension": 9}))
    assert snapshot(tmp_path / "v") == before
    forced = embed_words(corpus, tmp_path / "v", SMALL, force=True)
    assert forced == first
    assert snapshot(tmp_path / "v") == before


def run(arguments, hash_seed, before=""):
    """The command in a process of its own, after the code ``before``."""
    code = f"import os, signal\n{before}\nfrom pwae_cli.app import main\nmain()"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, "embed-words", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


def test_killed_at_any_moment_the_rerun_gives_the_same_bytes_in_any_process(corpus, tmp_path, snapshot):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert run([corpus, "--out", undisturbed], "1").returncode == 0
    die = "os.kill(os.getpid(), signal.SIGKILL)"
    moments = (
        f"from gensim.models import Word2Vec; Word2Vec.train = lambda *a, **k: {die}",
        f"from pwae_core import artifacts; artifacts.drafts._complete = lambda *a: {die}",
    )
    for moment in moments:
        assert run([corpus, "--out", killed], "2", moment).returncode == -signal.SIGKILL
        assert not killed.exists()
        with pytest.raises(ArtifactError, match="was not completed by 'pwae embed-words'"):
            artifacts.load(killed, "vectors")
    assert run([corpus, "--out", killed], "3").returncode == 0
    assert snapshot(killed) == snapshot(undisturbed)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus", "killed", "undisturbed"]
