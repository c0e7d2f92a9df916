"""What data-check says of a corpus, worked out by hand; the page is one file in which data is only text."""

import re
from html.parser import HTMLParser

import numpy as np
import pyarrow.parquet as pq
import pytest
from planted import planted, write_jsonl

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.check import spread
from pwae_core.stages.data_check import data_check
from pwae_core.stages.preprocess import preprocess


def corpus(tmp_path, rows, **settings):
    config = PreprocessConfig.make({"tokenizer": "whitespace", "min_utterances": 1, **settings})
    preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", config)
    return tmp_path / "corpus"


def dialogue(texts, conversations, users=("a", "b", "c")):
    return [
        {"conversation_id": f"c{n}", "turn": t, "user_id": users[t % len(users)], "text": text.format(n=n)}
        for n in range(conversations)
        for t, text in enumerate(texts)
    ]


def test_numbers_by_hand(tmp_path):
    rows = dialogue(["hello x{n}", "and you", "fine thanks {n}", "fine thanks"], 10)
    found = data_check(corpus(tmp_path, rows, valid=0, test=0)).found
    train = found.splits["train"]
    assert (train.sessions, train.users, found.users) == (20, 2, 2)
    assert (train.response_tokens.mean, train.response_tokens.median, train.response_tokens.largest) == (2.5, 2.5, 3)
    assert train.response_tokens.histogram == [[2, 10], [3, 10]]
    assert train.context_tokens.count == 40
    assert train.repeated_responses == 0.5
    assert found.repeated == [["fine thanks", 10]]
    assert (found.sessions_a_user.mean, found.utterances_a_user.largest) == (10, 20)
    assert found.coverage == [[25, 1.0]]  # hello, and, you, fine, thanks, x0 to x9, 0 to 9
    characters = {"hello": 50, "and you": 60, "fine thanks": 200, "x": 10, "digits": 20}
    latin = sum(characters.values()) - characters["digits"]
    assert found.scripts == {
        "Chinese and Japanese": 0.0,
        "Latin": round(latin / (latin + 20), 6),
        "digits": round(20 / (latin + 20), 6),
        "other": 0.0,
    }
    assert found.splits["test"].sessions == 0
    assert found.splits["test"].responses_of_training == 0.0


def test_leaks_between_the_splits_are_told(tmp_path):
    rows = dialogue(["one {n}", "two {n}", "same", "same"], 30)
    folder = corpus(tmp_path, rows, valid=0, test=10)
    found = data_check(folder).found
    train = pq.read_table(folder / "train.parquet").to_pylist()
    test = pq.read_table(folder / "test.parquet").to_pylist()
    known = {row["user_id"] for row in train}
    assert found.splits["test"].responses_of_training == 1.0
    assert found.splits["test"].users_without_training == sum(row["user_id"] not in known for row in test) / 10
    advice = " ".join(found.advice)
    assert "100% of the test responses are word for word responses of the training split." in advice
    assert "--split-by conversation prevents this" in advice


def test_a_tokenizer_for_another_language_is_told(tmp_path):
    found = data_check(corpus(tmp_path, dialogue(["hello", "you there", "yes"], 20), tokenizer="char")).found
    assert any("Latin, but the tokenizer char is for Chinese. Use nltk." in one for one in found.advice)


def test_spreads():
    found = spread(np.array([1, 1, 2, 100]))
    assert (found.count, found.mean, found.median, found.largest) == (4, 26.0, 1.5, 100)
    assert (found.histogram[0], found.histogram[-1], found.width, found.beyond) == ([1, 3], [85, 0], 4, 1)
    assert spread(np.zeros(0, np.int64)).histogram == []


@pytest.mark.parametrize("seed", range(4))
def test_bins_are_of_one_width_from_the_smallest_number_on_and_hold_nearly_all(seed):
    """Numbers whose frequency falls without a step have bins that fall without a step: no cliff where bins widen."""
    values = 5 + np.random.default_rng(seed).geometric(1 / (10 + 20 * seed), 400_000)
    found = spread(values)
    starts, counts = np.array(found.histogram).T
    assert starts[0] == values.min()
    assert set(np.diff(starts)) == {found.width}
    assert [int(((values >= a) & (values < a + found.width)).sum()) for a in starts] == counts.tolist()
    assert found.beyond == int((values >= starts[-1] + found.width).sum()) <= 0.05 * len(values)
    assert 12 < len(starts) <= 25
    falls = counts[1:] / counts[:-1]
    assert ((falls > 0.7) & (falls < 1)).all()


def test_a_number_alone_has_a_bin_and_large_ones_are_no_trouble():
    assert spread(np.array([7])).histogram == [[7, 1]]
    assert spread(np.zeros(3, np.int64)).histogram == [[0, 3]]
    huge = spread(np.array([10**12, 2 * 10**12]))
    assert sum(count for _, count in huge.histogram) + huge.beyond == 2


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_loads_nothing_and_data_is_text(tmp_path):
    evil = "<img/src=x onerror=alert(1)>"
    page = tmp_path / "pages" / "corpus.html"
    data_check(corpus(tmp_path, dialogue(["hi {n}", "ho", evil], 30)), page)
    text = page.read_text(encoding="utf-8")
    parser = Tags()
    parser.feed(text)
    tags = {name for name, _ in parser.found}
    assert not tags & {"img", "iframe", "link", "object"}
    assert not [attributes for _, attributes in parser.found if {"src", "href"} & attributes.keys() - {"href"}]
    assert all(attributes["href"].startswith("#") for _, attributes in parser.found if "href" in attributes)
    assert "&lt;img/src=x onerror=alert(1)&gt;" in text
    assert evil not in text
    assert len(re.findall("<svg", text)) == 5
    assert "The 32 words of the vocabulary cover 100.0% of the training tokens." in text
    assert '<p class="kicker">pwae data-check</p>' in text
    assert '<td class="number">' in text
    assert "<td>" not in text
    assert "width=device-width" in text
    assert "prefers-color-scheme" in text
    assert "http-equiv" in text
    before = page.read_bytes()
    data_check(tmp_path / "corpus", page)
    assert page.read_bytes() == before


def test_the_command(pwae, tmp_path):
    folder = corpus(tmp_path, planted(users=6, conversations=60).rows)
    shown = pwae("data-check", folder, "--html", tmp_path / "page.html").succeeds().stdout
    for words in (
        "Corpus ",
        "Splits",
        "tokens a response",
        "Training tokens covered",
        "Script of the vocabulary's words in training: ",
        "Page: ",
    ):
        assert words in shown
    told = pwae("data-check", folder, "--json").succeeds().json
    assert told["found"]["splits"]["train"]["sessions"] == told["facts"]["counts"]["train"]
    assert told["page"] is None


def test_what_is_no_corpus(pwae, tmp_path):
    pwae("data-check", tmp_path / "none").fails(6, "none holds no corpus. Run 'pwae preprocess' first.")
    folder = corpus(tmp_path, planted(users=6, conversations=60).rows)
    pwae("data-check", folder, "--html", tmp_path).fails(7, "is a folder. Name a file for --html, such as ")
    mine = tmp_path / "mine.py"
    mine.write_text("print('mine')")
    pwae("data-check", folder, "--html", mine).fails(6, "mine.py exists and was not made by 'pwae data-check'")
    assert mine.read_text() == "print('mine')"
    data = bytearray((folder / "test.parquet").read_bytes())
    data[100] ^= 1
    (folder / "test.parquet").write_bytes(bytes(data))
    pwae("data-check", folder).fails(6, "test.parquet is damaged")
