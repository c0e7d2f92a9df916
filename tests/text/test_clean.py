"""Cleaning: a table of cases per step, the ``emoji`` package as a reference, and promises about any text."""

import emoji
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pwae_core.config.preprocess import CLEANING, CLEANING_BY_DEFAULT
from pwae_core.text.clean import CLEANERS, clean, is_bare, strip_emoji, strip_invisible

CASES = {
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
    assert tuple(CASES) == CLEANING == tuple(CLEANERS)
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
    assert one("\u200b \u3164") == ""


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
FRAGMENTS += ["1", "\ufe0f", "\u20e3", "\u200d", "\u200b", " ", "a" * 45]
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))


@given(ANY_TEXT, st.sets(st.sampled_from(CLEANING)), st.booleans())
@example("回复【x】@a:b", set(CLEANING), False)
@example("1\u200b\ufe0f\u20e3", set(CLEANING), False)
def test_cleaning_twice_is_cleaning_once_on_any_text(text, names, lowercase):
    once = one(text, *names, lowercase=lowercase)
    assert one(once, *names, lowercase=lowercase) == once
    assert once == " ".join(once.split())


@given(st.text(max_size=60))
def test_what_the_emoji_package_removes_we_remove(text):
    assert emoji.emoji_count(one(text, "emoji")) == 0


def test_texts_without_letters_or_digits_are_bare():
    texts = pa.array(["。", "~ !", "", "…[ ]", "6", "哈", "a", "·é", "😂"])
    assert is_bare(texts).to_pylist() == [True, True, True, True, False, False, False, False, True]
