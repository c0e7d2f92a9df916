"""Cleaning: a table of cases per step, the ``emoji`` package as a reference, and promises about any text."""

import unicodedata

import emoji
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pwae_core.config.preprocess import CLEANING, CLEANING_BY_DEFAULT
from pwae_core.text.characters import strip_invisible
from pwae_core.text.clean import CLEANERS, LOWERCASE, TIDY, clean, is_bare, steps, strip_emoji

CASES = {
    "html": [
        ("回复<a href=/n/x>@x</a>:好<br />吗", "回复@x:好 吗"),
        ("&gt;_&lt; &amp;amp;", ">_< &"),
        ("I <3 you, a < b", "I <3 you, a < b"),
    ],
    "widths": [
        ("ＡＢＣ１２３！", "ABC123!"),
        ("你好，世界。", "你好,世界。"),
        ("～～[哈哈]", "~~[哈哈]"),
    ],
    "emoji": [
        ("good 👍🏽 job", "good job"),
        ("👨‍👩‍👧‍👦", ""),
        ("🇨🇳加油", "加油"),
        ("1️⃣ 2 #3 *", "2 #3 *"),
        ("❤️love", "love"),
        ("❶ 1 # 2", "❶ 1 # 2"),
        ("哈哈😂😂😂哈", "哈哈 哈"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", ""),
    ],
    "brackets": [
        ("[哈哈]好", "好"),
        ("好[doge][DOGE]", "好"),
        ("[din推撞]", ""),
        ("[1] and [sic] a[i]", "[1] and [sic] a[i]"),
        ("[[哈哈]]", "[ ]"),
    ],
    "links": [
        ("看http://t.cn/A6abc这个", "看 这个"),
        ("cut off http:", "cut off"),
        ("O网页链接 好", "好"),
        ("www.example.org/a?b=1 ok", "ok"),
        ("awww. so cute", "awww. so cute"),
        ("http://t.cn/x#话题#", "#话题#"),
    ],
    "images": [("查看图片", ""), ("图片评论 好看", "好看")],
    "replies": [("回复@小明:好的", "好的"), ("回覆@a_b：ok", "ok"), ("回复 他", "回复 他")],
    "reposts": [("同意//@某某:说得对//@乙：原文", "同意"), ("//@a://@b:原文", ""), ("a // b", "a // b")],
    "mentions": [("@小明 你好", "你好"), ("a@ b", "a@ b"), ("＠甲：在吗", "在吗")],
    "titles": [("【通知】明天放假", "明天放假"), ("【未完", "【未完")],
    "topics": [("#早安#大家好", "大家好"), ("# 1", "# 1"), ("we are #1", "we are #1")],
    "marks": [
        ("【", ""),
        (" 《》 ", ""),
        ("《好》", "《好》"),
        ("转发微博", ""),
        ("快转微博。", ""),
        ("Repost", ""),
        ("转发微博了吗", "转发微博了吗"),
        ("回复", ""),
        ("回复：", "回复："),
        ("回复我", "回复我"),
        ("REPOST", ""),
    ],
}


def one(text: str, *names: str, lowercase: bool = False) -> str:
    return clean(pa.array([text]), names, lowercase).to_pylist()[0]


def test_every_step_has_cases_and_a_setting():
    assert tuple(CASES) == CLEANING == tuple(name for name in CLEANERS if name not in (TIDY, LOWERCASE))
    assert set(CLEANING_BY_DEFAULT) < set(CLEANING)


@pytest.mark.parametrize(("name", "text", "expected"), [(n, *case) for n, cases in CASES.items() for case in cases])
def test_cases(name, text, expected):
    assert one(text, name) == expected


def test_without_any_step_only_white_space_changes():
    for text, _ in [case for cases in CASES.values() for case in cases]:
        assert one(text) == " ".join(text.split())


def test_invisible_characters_and_white_space():
    assert one("a\u200bb\ufeff\u00a0c\u3000 \t\r\nd\x00 ") == "ab c d"
    assert strip_invisible(pa.array(["\u202eabc\u202c\u0007"])).to_pylist() == ["abc"]
    assert one("so\xadft e\u034f\u0301 \U000e0001\U000e0062x") == "soft é x"
    assert one("\u200b \u3164") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),  # Persian: I want
        (
            "PDF\u200c\u0647\u0627 \u06f2\u06f0\u200c\u0633\u0627\u0644\u0647",
            None,
        ),  # Persian: a suffix behind Latin, and digits
        ("\u0dc1\u0dca\u200d\u0dbb\u0dd3", None),  # Sinhala: Sri
        ("\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937", None),  # Hindi: half letters and the virama shown
        ("\u09b0\u200d\u09cd\u09af\u09be\u09ac", None),  # Bengali: the joiner before the virama
        ("\u0d05\u0d35\u0d28\u0d4d\u200d \u0d35", None),  # Malayalam: a chillu at the end of a word
        (
            "\u0645\u06cc\u200c\u200c\u062e\u200c \u200c\u0628",
            "\u0645\u06cc\u200c\u062e \u0628",
        ),  # one of two; none at an edge
        ("Auf\u200clage a\u200d", "Auflage a"),
        ("\u54c8\u200d\u54c8\u200c", "\u54c8\u54c8"),
        ("\U0001f469\u200d\U0001f467 \u2764\ufe0f\u200d\U0001f525 1\ufe0f\u20e3", None),
        ("\U0001f602\u200d x\ufe0fy \u845b\U000e0100\u57ce", "\U0001f602 xy \u845b\u57ce"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f a\U000e0062", "\U0001f3f4\U000e0067\U000e0062\U000e007f a"),
    ],
)
def test_joiners_and_selectors_stay_where_they_mean_something(text, expected):
    assert one(text) == (text if expected is None else expected)
    assert one(text, "emoji") == " ".join(strip_emoji(pa.array([one(text)]))[0].as_py().split())
    assert "\u200d" not in one("\U0001f469\u200d\U0001f467 \U0001f602\u200d", "emoji")


@pytest.mark.parametrize("text", ["un café déjà vu", "한국어", "Ω K", "ǰ", "ẞ"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_unicode_forms_of_one_word_become_one(text, lowercase):
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert len({one(form, lowercase=lowercase) for form in forms}) == 1
    assert one(forms[1]) == forms[0]


def test_steps_do_not_undo_the_unicode_form():
    assert one("ｅ\u0301", "widths") == "é"
    assert one("J\u030c", lowercase=True) == "ǰ"
    assert one("&#x45;&#x301;", "html", lowercase=True) == "é"


def test_steps_work_together_on_a_message_of_everything():
    text = "回复@甲:[哈哈]好的😂 http://t.cn/abc 查看图片//@乙:原文"
    assert one(text, *CLEANING_BY_DEFAULT) == "好的"
    assert one("转发微博//@乙:原文", *CLEANING_BY_DEFAULT) == ""
    assert one("Hello WORLD", lowercase=True) == "hello world"


def test_every_emoji_the_emoji_package_knows_is_removed():
    sequences = list(emoji.EMOJI_DATA)
    left = clean(pa.array(sequences), ["emoji"]).to_pylist()
    assert [s for s, text in zip(sequences, left, strict=True) if text] == []


def test_ordinary_characters_stay():
    blocks = ((0x21, 0x7F), (0x3001, 0x3020), (0x4E00, 0x9FFF), (0xFF01, 0xFF5F))
    kept = [chr(number) for block in blocks for number in range(*block)]
    kept += list("àéßñ…—–“”‘’·×÷°€£¥№αβγабв아가あア")
    assert strip_emoji(pa.array(kept)).to_pylist() == kept


FRAGMENTS = [text for cases in CASES.values() for text, _ in cases]
FRAGMENTS += ["http", ":", "//", "@", "[", "]", "#", "【", "】", "www.", "回复", "O", "网页链接", "K", "İ", "哈"]
FRAGMENTS += [
    "1",
    "\ufe0f",
    "\u20e3",
    "\u200d",
    "\u200c",
    "\u200b",
    " ",
    "a" * 45,
    "e",
    "\u0301",
    "\u0628",
    "\u0dca",
    "\u06cc",
]
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))


@given(ANY_TEXT, st.sets(st.sampled_from(CLEANING[1:])), st.booleans())
@example("回复【x】@a:b", set(CLEANING[1:]), False)
@example("1\u200b\ufe0f\u20e3", set(CLEANING[1:]), False)
@example("@ali\u200c\u06cc", {"mentions"}, False)
def test_cleaning_twice_is_cleaning_once_on_any_text(text, names, lowercase):
    once = one(text, *names, lowercase=lowercase)
    assert one(once, *names, lowercase=lowercase) == once
    assert once == " ".join(once.split())
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(max_size=60))
def test_what_the_emoji_package_removes_we_remove(text):
    assert emoji.emoji_count(one(text, "emoji")) == 0


def test_texts_without_letters_or_digits_are_bare():
    texts = pa.array(["。", "~ !", "", "…[ ]", "6", "哈", "a", "·é", "😂"])
    assert is_bare(texts).to_pylist() == [True, True, True, True, False, False, False, False, True]


WORDS = ["so", "Repost", "www.x.y", "WWW.", "I'm", "(ok)", "1,000", "...", "-", "“x”", "http", "回复", "你好", "。"]
WORDS += [" ", "  "]


@given(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), st.sets(st.sampled_from(CLEANING)), st.booleans())
@example("repost. Repost!", {"marks"}, False)
def test_texts_that_are_passed_by_would_not_have_changed(text, names, lowercase):
    apart = pa.array([text])
    for name in steps(list(names), lowercase):
        apart = CLEANERS[name](apart)
    assert one(text, *names, lowercase=lowercase) == " ".join(apart[0].as_py().split())
