"""Tokenizers against hand-made cases, the original jieba, and their own promises on any text."""

import logging

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import CLEANING_BY_DEFAULT
from pwae_core.text.clean import clean
from pwae_core.text.tokenize import TOKENIZERS, detokenise, is_cjk, tokenise_array


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("nltk", "Hello. I don't know . . . :-)", ["Hello", ".", "I", "don't", "know", "...", ":-)"]),
        ("nltk", "哈哈，那就好了", ["哈哈", "，", "那就好了"]),
        ("jieba", "我们去上海 ok", ["我们", "去", "上海", "ok"]),
        ("jieba", "", []),
        ("char", "去 上海!", ["去", "上", "海", "!"]),
        ("whitespace", " a  b,\u3000c ", ["a", "b,", "c"]),
    ],
)
def test_cases(name, text, tokens):
    assert TOKENIZERS[name]([text]) == [tokens]


def test_jieba_gives_what_the_original_jieba_gives():
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(logging.WARNING)
    texts = ["今天天气很好，我们去公园散步吧", "他来到了网易杭研大厦", "我喜欢喝茶 and coffee 100%"]
    assert TOKENIZERS["jieba"](texts) == [[t for t in jieba.cut(text) if not t.isspace()] for text in texts]


def test_jieba_keeps_texts_apart_over_batches():
    texts = [f"我们去{number}号" if number % 3 else "" for number in range(4500)]
    batched = TOKENIZERS["jieba"](texts)
    assert len(batched) == 4500
    assert batched[4499] == TOKENIZERS["jieba"]([texts[4499]])[0]
    assert batched[3] == []
    assert TOKENIZERS["jieba"]([]) == []


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
@given(texts=st.lists(st.text(max_size=40), max_size=4))
def test_any_text_gives_one_list_each_and_no_white_space(name, texts):
    lists = TOKENIZERS[name](texts)
    assert len(lists) == len(texts)
    assert all(token and not any(c.isspace() for c in token) for tokens in lists for token in tokens)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["i", "am", "fine", ",", "thanks", "!"], "i am fine, thanks!"),
        (["do", "n't", "say", "it", "'s", "so"], "don't say it's so"),
        (["don", "'", "t"], "don't"),
        (["(", "a", "b", ")", "costs", "$", "5"], "(a b) costs $5"),
        (["he", "said", '"', "go", "away", '"', "twice"], 'he said "go away" twice'),
        (["哈哈", "，", "那就好", "了"], "哈哈，那就好了"),
        (["我", "用", "iPhone", "手机"], "我用iPhone手机"),
        (["haha", "..."], "haha..."),
        (["rock", "'", "roll"], "rock ' roll"),
        ([], ""),
    ],
)
def test_detokenise(tokens, text):
    assert detokenise(tokens) == text


@given(st.lists(st.text(min_size=1, max_size=8).filter(lambda t: not any(c.isspace() for c in t)), max_size=8))
def test_detokenise_adds_spaces_only(tokens):
    assert detokenise(tokens).replace(" ", "") == "".join(tokens)


def test_is_cjk():
    assert is_cjk("上海")
    assert is_cjk("カ")
    assert not is_cjk("，")
    assert not is_cjk("Shanghai")


@pytest.mark.parametrize("name", ["jieba", "nltk", "char"])
def test_bracket_emoticons_are_tokens(name):
    texts = ["[哈哈]", "好[doge][赞]", "[1] a[i]", ""]
    tokens = TOKENIZERS[name](texts)
    assert tokens[0] == ["[哈哈]"]
    assert tokens[1][-2:] == ["[doge]", "[赞]"]
    assert "".join(tokens[2]) == "[1]a[i]"
    assert tokens[3] == []


@given(st.lists(st.text(max_size=20), max_size=8))
def test_arrays_are_tokenised_as_lists_are(texts):
    cleaned = clean(pa.array(texts, pa.string()), CLEANING_BY_DEFAULT)
    found = tokenise_array(cleaned.filter(pc.not_equal(cleaned, "")), "jieba")
    expected = TOKENIZERS["jieba"]([text for text in cleaned.to_pylist() if text])
    assert [tokens for lists in found for tokens in lists.to_pylist()] == expected
