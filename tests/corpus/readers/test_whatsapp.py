"""WhatsApp's text: phones of both kinds, any language; nothing that WhatsApp says itself is anybody's words."""

import pytest
from dialogues import conversations
from hypothesis import example, given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import whatsapp
from pwae_core.corpus.readers.base import Source
from pwae_core.corpus.readers.hours import as_time
from pwae_core.corpus.readers.whatsapp_dates import order_of
from pwae_core.errors import InputError

LRM, NARROW = "\u200e", "\u202f"
CONFIG = PreprocessConfig()


def read(tmp_path, text, format="auto", **settings):
    """The rows as (line, user, text, time), and the reasons with how often they hold."""
    path = tmp_path / "chat.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    config = PreprocessConfig.make(settings)
    source = readers.check(readers.recognise(path, "chat.txt", format), config)
    assert source.format == "whatsapp"
    rows, passed = [], {}
    for span in readers.spans(source):
        for batch in readers.read(span, config):
            assert batch.shape == "times"
            found = batch.table.to_pylist()
            rows += [(row["turn"], row["user_id"], row["text"], row["timestamp"]) for row in found]
            passed |= batch.passed
    return rows, passed


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("[31/12/2023, 21:41:07] Ann: hi", "2023-12-31T21:41:07"),
        ("31/12/2023, 21:41 - Ann: hi", "2023-12-31T21:41:00"),
        ("31/12/2023 21:41 - Ann: hi", "2023-12-31T21:41:00"),
        (f"[12/31/23, 9:41:07{NARROW}PM] Ann: hi", "2023-12-31T21:41:07"),
        (f"12/31/23, 12:05{NARROW}AM - Ann: hi", "2023-12-31T00:05:00"),
        ("12/31/23, 12:05 pm - Ann: hi", "2023-12-31T12:05:00"),
        ("31/12/23, 9:41\xa0p.\xa0m. - Ann: hi", "2023-12-31T21:41:00"),
        ("31.12.23, 21:41 - Ann: hi", "2023-12-31T21:41:00"),
        ("[31.12.2023 klo 21.41.07] Ann: hi", "2023-12-31T21:41:07"),
        ("31-12-2023 21:41 - Ann: hi", "2023-12-31T21:41:00"),
        ("2023-12-31, 21:41 - Ann: hi", "2023-12-31T21:41:00"),
        ("2023/12/31 下午9:41 - Ann: hi", "2023-12-31T21:41:00"),
        ("[2023. 12. 31. 오후 9:41:07] Ann: hi", "2023-12-31T21:41:07"),
        ("2023년 12월 31일 오후 9:41, Ann : hi", "2023-12-31T21:41:00"),
        ("٣١/١٢/٢٠٢٣، ٩:٤١ م - Ann: hi", "2023-12-31T21:41:00"),
        (f"\ufeff{LRM}[31/12/2023, 21:41:07] Ann: hi", "2023-12-31T21:41:07"),
    ],
)
def test_phones_of_all_kinds(tmp_path, line, time):
    assert read(tmp_path, line + "\r\n") == ([(1, "Ann", "hi", time)], {})


def test_messages_over_lines_and_what_whatsapp_says_itself(tmp_path):
    rows, passed = read(
        tmp_path,
        f"""{LRM}[14/11/2023, 22:13:20] Tea: {LRM}Messages and calls are end-to-end encrypted.
[14/11/2023, 22:13:21] Ann: first
second: line

[31/12/2023 is no beginning
14/11/2023, 22:13 - Bob: pasted from elsewhere
[99/99/2023, 22:13:21] Bob: no such day
{LRM}[14/11/2023, 22:14:00] Bob: {LRM}image omitted
[14/11/2023, 22:14:01] Bob: look {LRM}<attached: 0001-PHOTO.jpg>
[14/11/2023, 22:14:02] Bob: fixed {LRM}<This message was edited>
[14/11/2023, 22:14:03] Ann: <3
""",
    )
    assert [(line, user, text) for line, user, text, _ in rows] == [
        (
            2,
            "Ann",
            "first\nsecond: line\n\n[31/12/2023 is no beginning\n14/11/2023, 22:13 - Bob: pasted from elsewhere\n"
            "[99/99/2023, 22:13:21] Bob: no such day",
        ),
        (9, "Bob", "look"),
        (10, "Bob", "fixed"),
        (11, "Ann", "<3"),
    ]
    assert passed == {whatsapp.PLACEHOLDER: 2}


@pytest.mark.parametrize(
    "words",
    ["<Media omitted>", "<Medien ausgeschlossen>", "<Multimedia omitido>", "<Mídia oculta>", "<Без медиафайлов>",
     "<省略多媒体文件>", "This message was deleted", "Diese Nachricht wurde gelöscht.", "null",
     "IMG-20231114-WA0001.jpg (file attached)"],
)  # fmt: skip
def test_placeholders_are_no_words(tmp_path, words):
    rows, passed = read(
        tmp_path, f"14.11.23, 22:13 - Ann: hi\n14.11.23, 22:14 - Bob: {words}\n14.11.23, 22:15 - Ann joined\n"
    )
    assert [row[2] for row in rows] == ["hi"]
    assert passed == {whatsapp.PLACEHOLDER: 1, whatsapp.NOTICE: 1}


@pytest.mark.parametrize(
    "said",
    [
        "IMG-1.jpg (file attached)\nmy cat",
        f"{LRM}IMG-1.jpg (Datei angehängt)\nmy cat",
        f"my cat {LRM}image omitted",
        f"my cat {LRM}<attached: 1.jpg> {LRM}<This message was edited>",
        f"report.pdf • {LRM}2 pages {LRM}<attached: report.pdf>\nmy cat",
        f"{LRM}POLL:\nmy cat\n{LRM}OPTION: yes (2 votes)",
        "my cat <Diese Nachricht wurde bearbeitet.>",
    ],
)
def test_captions_are_somebodys_words(tmp_path, said):
    assert [row[2] for row in read(tmp_path, f"14.11.23, 22:13 - Ann: {said}\n")[0]] == ["my cat"]


def test_a_mark_within_somebodys_words_takes_nothing_away(tmp_path):
    said = f"call {LRM}+49 123 at <the> house {LRM}soon"
    assert [row[2] for row in read(tmp_path, f"14.11.23, 22:13 - Ann: {said}\n")[0]] == [said]


def test_a_person_called_like_nobody_is_somebody(tmp_path):
    path = tmp_path / "chat"
    path.write_text("14.11.23, 22:13 - Nan: hi\n14.11.23, 22:14 - Ann: hi\n")
    assert [user for user, _ in next(iter(conversations(path).values()))] == ["Nan", "Ann"]


def test_names_with_colons_and_notices_with_colons(tmp_path):
    said = [f"14.11.23, 22:1{n} - Work: {name}: {n}" for n, name in enumerate(["Ann", "Bob"] * 3)]
    notice = '14.11.23, 22:19 - Ann changed the subject from "a" to "b: c"'
    bare = "14.11.23, 22:19 - Cat:\nsaid on the next line"
    rows, passed = read(tmp_path, "\n".join([*said, notice, bare, "14.11.23, 22:19 - Dan: see: this"]))
    assert [row[1:3] for row in rows] == [
        *((f"Work: {name}", str(n)) for n, name in enumerate(["Ann", "Bob"] * 3)),
        ("Cat", "said on the next line"),
        ("Dan", "see: this"),
    ]
    assert passed == {whatsapp.NOTICE: 1}


@pytest.mark.parametrize(
    ("dates", "mark", "order"),
    [
        ([(13, 1, 24)], "/", "day-first"),
        ([(1, 13, 24)], "/", "month-first"),
        ([(2024, 1, 2)], "-", "year-first"),
        ([*[(2024, 1, 2)] * 200, (12, 31, 23)], "-", "year-first"),
        ([(1, 2, 24)], ".", "day-first"),
        ([(1, 2, 24)], "/", None),
        ([(1, 2, 24), (2, 2, 24), (1, 3, 24)], "/", "day-first"),
        ([(1, 2, 24), (1, 3, 24), (2, 2, 24)], "/", "month-first"),
        ([(1, 2, 24), (1, 3, 24)], "/", None),
        ([(13, 1, 24), (1, 13, 24)], "/", None),
        ([(23, 12, 30), (24, 1, 2), (24, 2, 1)], "/", "year-first"),
        ([*[(n, 1, 24) for n in range(1, 29)] * 8, (1, 31, 24)], "/", "day-first"),
    ],
)
def test_the_file_tells_the_order_of_its_dates_or_nothing_does(dates, mark, order):
    assert order_of(dates, mark) == order


def test_a_date_that_tells_nothing_is_refused_and_can_be_told(tmp_path):
    text = "05/06/2023, 10:00 - Ann: hi\n06/06/2023, 10:00 - Bob: hi\n"
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == (
        "chat.txt: the dates do not show whether the day or the month comes first (line 1: 5/6/2023). "
        "Say which: --time-format %d/%m/%Y or --time-format %m/%d/%Y."
    )
    for form, days in (("%d/%m/%Y", ["05", "06"]), ("%m/%d/%y, %H:%M", ["06", "06"])):
        rows, _ = read(tmp_path, text, time_format=form)
        assert [row[3][8:10] for row in rows] == days


def test_hours_of_both_clocks():
    for clock, marks, hour in (
        ("12:00", ["AM"], 0),
        ("12:00", ["p. m."], 12),
        ("1:00", ["μ.μ."], 13),
        ("0:00", [], 0),
        ("11:50", ["中午"], 11),
    ):
        assert as_time(clock, marks).hour == hour
    assert as_time("24:00", []) is None


def test_other_files_are_told_apart_or_refused(tmp_path):
    path = tmp_path / "a"
    path.write_text("2023-12-31 21:41,ann,hi\n")
    assert readers.recognise(path, "a").format == "csv"
    with pytest.raises(InputError, match="a has none of WhatsApp's messages"):
        whatsapp.check(Source(path, "a", "whatsapp"), CONFIG)
    path.write_bytes(b"PK\x03\x04\x14\0_chat.txt")
    with pytest.raises(InputError, match="a is a ZIP archive or an Excel workbook"):
        readers.recognise(path, "a")
    path.write_bytes(b"[31/12/2023, 21:41:07] Ann: caf\xe9\n")
    with pytest.raises(InputError, match=r"a, line 1 is not UTF-8 \(byte 0xe9\)"):
        whatsapp.check(Source(path, "a", "whatsapp"), CONFIG)
    rows, passed = read(tmp_path, "stray\n\n[31/12/2023, 21:41:07] Ann: hi\n", "whatsapp")
    assert (len(rows), passed) == (1, {whatsapp.STRAY: 1})


PARTS = st.sampled_from(["31/12/23", "1/2/24", ", ", "9:41", NARROW, "PM", " - ", "[", "] ", "Ann", ": ", LRM, "<", ">",
                         "omitted", "\n", "\r\n", '"', "年", "99"])  # fmt: skip


@given(st.one_of(st.binary(max_size=80), st.lists(PARTS, max_size=60).map("".join).map(str.encode)))
@example(b"1/2/24, 9:41 - Ann: hi\n13/1/24, 9:41 - Ann: a: b: \n")
def test_any_bytes_end_with_the_account_or_one_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("chat") / "chat"
    path.write_bytes(content)
    line = ""
    try:
        source = whatsapp.check(Source(path, "chat", "whatsapp"), CONFIG)
        places = [place for place, _ in whatsapp.rows(whatsapp.lines(source), source.layout)]
        batches = [batch for span in readers.spans(source) for batch in readers.read(span, CONFIG)]
        assert places == sorted(set(places))
        assert not any(map(str.strip, whatsapp.lines(source)[: places[0] - 1 if places else None]))
        assert len(places) == sum(batch.table.num_rows + sum(batch.passed.values()) for batch in batches)
    except InputError as error:
        line = str(error)
    assert "\n" not in line
