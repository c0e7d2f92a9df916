"""Texts that an earlier program garbled: made by garbling real sentences in each of the ways."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pwae_core.corpus.steps import garbled

PLAIN = [
    "你好，今天吃什么？",
    "I don’t know… “maybe” – 5 € ‰",
    "C:/new/table, a\\b, 50\\% of \\alpha",
    "Spaß“, groß… naïve café” blasé—é",
    "ÀÉÈÎ À «non», être où ça",
    "Привет, как дела? Γειά σου, こんにちは。안녕",
    "žluťoučký kůň, Šłąž, İstanbul, Việt Nam ế",
    "IRMÃO, PÃO, Ã ÂNGELA",
    "······",
    "",
    None,
]
SAID = ["你好，今天吃什么？", "I don’t know", "café “noir”", "Привет, мир", "真的吗。😀"]


def found(texts: list[str | None]) -> garbled.Garbled:
    return garbled.counted(pa.chunked_array([pa.array(texts, pa.string())]))


def misread(text: str, written: str, read: str) -> str:
    return text.encode(written).decode(read, "ignore")


def test_what_people_write_is_not_garbled() -> None:
    counts = found(PLAIN)
    assert counts["texts"] == len(PLAIN) - 1
    assert all(counts[kind] == [0, ""] for kind in garbled.KINDS)
    assert garbled.judged("x.csv", counts) == []


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize("read", ["latin-1", "cp1252"])
def test_utf_8_taken_for_latin_1(text: str, read: str) -> None:
    assert found([misread(text, "utf-8", read)])["wrong encoding"][0] == 1


def test_utf_8_taken_for_gbk_and_gbk_for_latin_1() -> None:
    for text in ("你好，今天吃什么？", "真的吗。", "I don’t know"):
        assert found([misread(text, "utf-8", "gb18030")])["wrong encoding"][0] == 1, text
    for text in ("你好，今天吃什么？", "真的吗。"):
        assert found([misread(text, "gb18030", "latin-1")])["wrong encoding"][0] == 1, text


@pytest.mark.parametrize("text", ["one\\ntwo", "one\\ttwo", "\\u4f60\\u597d", "\\xe4\\xbd\\xa0", "one\\r\\ntwo"])
def test_escapes_in_place_of_characters(text: str) -> None:
    assert found([text])["escapes"] == [1, text]


def test_lost_characters() -> None:
    assert found(["caf\ufffd", "锟斤拷锟斤拷"])["lost"] == [2, "caf\ufffd"]


def test_pieces_together_are_the_whole() -> None:
    texts = ["b\\nb", "fine", "a\\na", "donâ€™t", None, "\ufffd"]
    for cut in range(len(texts) + 1):
        assert garbled.together(found(texts[:cut]), found(texts[cut:])) == found(texts)
    assert garbled.together({}, found(texts)) == found(texts)


def test_a_hundredth_of_the_texts_is_told_of_and_less_is_not() -> None:
    few, enough = found(["a\\nb", *["fine"] * 100]), found(["a\\nb", *["fine"] * 99])
    assert garbled.judged("x.csv", few) == []
    assert garbled.judged("x.csv", enough) == [
        "x.csv: 1 of 100 texts hold escapes in place of characters, such as 'a\\nb'. "
        "Undo the escapes in the file: as they are, they become words."
    ]
    assert garbled.judged("x.csv", found([])) == []
