"""CSV that spreadsheets open right, and whose texts come back as they were."""

from __future__ import annotations

import csv
import io

import pytest
from forms import ENGLISH
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.human_eval.sheets.csv_file import armed, defused, to_csv
from pwae_core.human_eval.sheets.readable_text import visible
from pwae_core.human_eval.sheets.sheet import Row, Sheet

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|calc", "%0", "＝1+1", "＋1", "－1", "＠x"]
LIKE_VALUES = ["1-2", "007", "1e5", "3/4", "12:30", "5 may 2019", "3月5日", "10 %", "$5", "TRUE", "false", "０１２"]
PLAIN = ["hello", "i am 20 years old", "你好", "A: =1+1\n→ B responds", "• -1\n• @me too please", "(empty)", "", "?"]


@pytest.mark.parametrize("text", DANGEROUS + LIKE_VALUES + ["'quoted'", "'"])
def test_what_is_not_safe_as_it_is_gets_one_apostrophe(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


@given(st.text())
def test_the_rule_can_be_undone(text: str) -> None:
    assert armed(defused(text)) == text


@given(st.text(alphabet=st.sampled_from("=+-@'\t\r\n\u200d\u202e\ufeff ＝a1\"")))
def test_no_cell_that_is_shown_begins_like_a_formula(text: str) -> None:
    assert not defused(visible(text)).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


def sheet(*responses: str) -> Sheet:
    rows = [Row(n, "bcdf-ghjk-mnpq", 'A: "x"\n→ B responds', "• y", text) for n, text in enumerate(responses, 1)]
    return Sheet(1, tuple(rows), ENGLISH)


def test_the_bytes_are_those_that_excel_wants() -> None:
    assert to_csv(sheet('=cmd|" /C calc"!A0')) == (
        b"\xef\xbb\xbf"
        b'"no","item","conversation","earlier utterances","response",'
        b'"readability","informativeness","personalisation","comment"'
        b"\r\n"
        b'"1","bcdf-ghjk-mnpq","A: ""x""\n\xe2\x86\x92 B responds","\xe2\x80\xa2 y",'
        b'"\'=cmd|"" /C calc""!A0","","","",""\r\n'
    )


def test_a_reader_gets_every_text_back() -> None:
    texts = [*DANGEROUS, *LIKE_VALUES, *PLAIN, 'say "hi", twice;', "'"]
    read = csv.DictReader(io.StringIO(to_csv(sheet(*texts)).decode("utf-8-sig"), newline=""))
    rows = list(read)
    assert [armed(row["response"]) for row in rows] == texts
    assert {armed(row["conversation"]) for row in rows} == {'A: "x"\n→ B responds'}
    assert {row[column] for row in rows for column in ("readability", "informativeness", "comment")} == {""}
