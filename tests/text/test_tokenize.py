"""Tokenizers against hand-made cases, the original jieba, and their own promises on any text."""

import json
import logging
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from nltk.tokenize.casual import TweetTokenizer

from pwae_core.config.preprocess import CLEANING_BY_DEFAULT
from pwae_core.text.clean import clean, tidy
from pwae_core.text.tokenize import CODE, TOKENIZERS, detokenise, is_cjk, tokenise_array

TWEETS = TweetTokenizer(match_phone_numbers=False)


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


def nltk_itself(text):
    """The tokens of NLTK's own function, a text at a time, without the white space in an ellipsis."""
    return [whole for token in TWEETS.tokenize(text) if (whole := "".join(token.split()))]


def codes_apart(text):
    """NLTK's tokens with Weibo's bracket codes as tokens of their own."""
    parts = CODE.split(text)
    return [token for n, part in enumerate(parts) for token in ([part] if n % 2 else nltk_itself(part))]


TRICKY = [
    ". .",
    ". . .",
    ".",
    "..",
    "...x",
    "x.",
    " ",
    "  ",
    "\t",
    "\n",
    "\xa0",
    "\u3000",
    ":)",
    ": )",
    ":-D",
    "8 )",
    "<3",
    "< 3",
]
TRICKY += [
    "</3",
    "<b>",
    "<a b>",
    "<--",
    "-->",
    "- ->",
    "@name",
    "@ name",
    "#tag",
    "# tag",
    "#a'b",
    "a@b.co",
    "a@b. co",
    "don't",
]
TRICKY += [
    "rock'n'roll",
    "co-op",
    "don' t",
    "http://a.b/c(d)",
    "http:// a.b",
    "a.com/x",
    "a.com",
    "a.com@x",
    "(555) 123-4567",
]
TRICKY += [
    "+1 555 123 4567",
    "1,000.50",
    "3.14",
    "1/2",
    "10:30",
    "24. 12. 2020",
    "&amp;",
    "&gt",
    ";",
    "&",
    "&#46;",
    "&#32;",
    "&nosuch;",
]
TRICKY += [
    "!!!!!!!",
    "haaaaaa",
    "-----",
    "[哈哈]",
    "[doge]",
    "[x]",
    "[",
    "]",
    "哈哈",
    "\U0001f469\u200d\U0001f467",
    "\U0001f1e8\U0001f1f3",
    "\U0001f44d\U0001f3fd",
]
TRICKY += ["e\u0301", "\u06cc\u200c\u062e", "\0", "ſ", "K", "İ", "_", "__a", "'", '"']
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TRICKY), max_size=12).map("".join))
SPACED = st.lists(st.one_of(st.sampled_from(TRICKY), st.text(max_size=5)), max_size=10).map(" ".join)


@given(st.lists(st.one_of(ANY_TEXT, SPACED), max_size=6))
@example(["a . . b", "a .", ". b", "see &#46; &nosuch; . x"])
@example([". &nbsp;. &lt;3 . .", ". &#39; .&gt; . &apos; .", "a. . . . .b . . &amp; .", "&am&lt;p; &&gt;x; . ."])
@example(["x. .com", "http://a.b/. .c", ".... ....", ". [哈哈] ."])
def test_nltk_gives_what_nltk_itself_gives(texts):
    tidied = tidy(pa.array(texts, pa.string())).to_pylist()
    expected = [codes_apart(text) or ([whole] if (whole := "".join(text.split())) else []) for text in tidied]
    assert TOKENIZERS["nltk"](texts) == expected


def test_nltk_gives_what_nltk_itself_gives_on_real_chat():
    pytest.importorskip("chitchat_dataset")
    chats = json.loads((resources.files("chitchat_dataset") / "dataset.json").read_text(encoding="utf-8"))
    said = [message["text"] for one in chats.values() for group in one["messages"] for message in group]
    texts = tidy(pa.array(said[::60])).to_pylist()
    assert len(texts) > 3_000
    assert TOKENIZERS["nltk"](texts) == [codes_apart(text) for text in texts]


def test_the_patterns_that_may_match_white_space_are_those_we_know():
    """Each of NLTK's patterns against every text of three pieces with white space between: only dots reach across."""
    from nltk.tokenize import casual

    pieces = [piece for piece in TRICKY if piece and not any(c.isspace() for c in piece)]
    texts = [f"{one} {other}" for one in pieces for other in pieces]
    for source in casual.REGEXPS:
        pattern = regex.compile(source, regex.VERBOSE | regex.I | regex.UNICODE)
        across = {found.group() for text in texts for found in pattern.finditer(text) if " " in found.group()}
        assert all(regex.fullmatch(r"\.+ [. ]*", found) for found in across)


@pytest.mark.parametrize("text", ["<a" * 3_000, "http://" + "!?" * 2_500, "a " * 4_000 + "<b" * 2_500])
def test_tokens_do_not_depend_on_the_clock(monkeypatch, text):
    from nltk import redos

    monkeypatch.setattr(redos, "DEFAULT_TIMEOUT", 1e-6)
    (tokens,) = TOKENIZERS["nltk"]([text])
    assert redos.DEFAULT_TIMEOUT == 1e-6
    assert "".join(tokens) == text.replace(" ", "") or "!?" in text
    assert TOKENIZERS["nltk"](["before", text, "after"])[1] == tokens


@pytest.mark.parametrize(
    "text", ["ha" * 5_000, "哈哈哈你好" * 900, "😂" * 4_000, ":) " * 3_000, "#tag" * 1_000, "12" * 3_000]
)
def test_long_texts_are_cut_only_where_they_must_be(text):
    assert TOKENIZERS["nltk"]([text]) == [nltk_itself(text.strip())]


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_unicode_forms_and_invisible_characters_make_no_other_tokens(name):
    one, *others = TOKENIZERS[name](["un café", "un cafe\u0301", "un\xa0ca\xadfé\u200b", "\ufeffun cafe\u034f\u0301"])
    assert others == [one] * 3


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
@given(st.lists(ANY_TEXT, max_size=8))
def test_arrays_are_tokenised_as_lists_are(name, texts):
    cleaned = clean(pa.array(texts, pa.string()), CLEANING_BY_DEFAULT)
    cleaned = cleaned.filter(pc.not_equal(cleaned, ""))
    words, lists = tokenise_array(pa.concat_arrays([cleaned, cleaned]), name)
    assert len(set(words.to_pylist())) == len(words)
    found = [words.take(tokens.values).to_pylist() for tokens in lists]
    assert found == [TOKENIZERS[name]([text])[0] for text in cleaned.to_pylist()] * 2
    assert all(found)
