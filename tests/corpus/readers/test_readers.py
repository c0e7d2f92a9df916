"""Raw files: recognised by content, cut into spans that together are the file, refused with one clear line."""

import csv
import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import Source, jsonl, parquet
from pwae_core.corpus.readers.times import parse_time
from pwae_core.corpus.readers.values import RAW
from pwae_core.errors import InputError

LINEAR = ["conversation_id", "turn", "user_id", "text", "timestamp"]
ROW = {"conversation_id": "c", "turn": 0, "user_id": "u", "text": "hi"}


def read_all(path, columns=None, format=None):
    config = PreprocessConfig.make({"columns": columns or {}})
    source = readers.check(readers.recognise(path, path.name, format or "auto"), config)
    batches = [batch for span in readers.spans(source) for batch in readers.read(span, config)]
    rows = pa.concat_tables([RAW.empty_table(), *(batch.table for batch in batches)])
    return rows.select(LINEAR).to_pylist()


def lines(path, *records):
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def refused(path, columns=None, format=None):
    with pytest.raises(InputError) as caught:
        read_all(path, columns, format)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_jsonl_csv_tsv_and_parquet_say_the_same(tmp_path):
    rows = [{**ROW, "turn": turn, "text": f'line, "{turn}"\nnext', "timestamp": "2020"} for turn in range(3)]
    lines(tmp_path / "a", *rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b")
    for name, delimiter in (("c", ","), ("d", "\t")):
        with (tmp_path / name).open("w", newline="", encoding="utf-8-sig") as handle:
            writer = csv.DictWriter(handle, [*ROW, "timestamp"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    assert [readers.recognise(tmp_path / name, name).format for name in "abcd"] == ["jsonl", "parquet", "csv", "csv"]
    expected = [{**row, "timestamp": "2020"} for row in rows]
    assert [read_all(tmp_path / name) for name in "abcd"] == [expected] * 4


def test_columns_can_have_other_names_and_identifiers_can_be_numbers(tmp_path):
    path = lines(tmp_path / "a", {"thread": 7, "n": "3", "author": 12, "body": "x", "extra": [1]})
    columns = {"conversation_id": "thread", "turn": "n", "user_id": "author", "text": "body"}
    row = {"conversation_id": "7", "turn": 3, "user_id": "12", "text": "x", "timestamp": None}
    assert read_all(path, columns) == [row]
    pq.write_table(pa.table({"thread": [7], "n": [3.0], "author": [12], "body": ["x"]}), tmp_path / "b")
    assert read_all(tmp_path / "b", columns) == [row]


def test_missing_values_are_nulls(tmp_path):
    path = lines(tmp_path / "a", ROW, {**ROW, "user_id": None}, {"conversation_id": "c"}, "\n", {**ROW, "turn": ""})
    assert [row["user_id"] for row in read_all(path)] == ["u", None, None, "u"]
    assert [row["turn"] for row in read_all(path)] == [0, 0, None, None]


def test_spans_of_a_cut_file_are_the_whole_file(tmp_path, monkeypatch):
    rows = [{**ROW, "turn": turn, "text": "字" * (turn % 7), "timestamp": None} for turn in range(200)]
    path = lines(tmp_path / "a", *rows)
    for size in (1, 10, 97, 1000):
        monkeypatch.setattr(jsonl, "SPAN_BYTES", size)
        assert read_all(path) == rows
    pq.write_table(pa.Table.from_pylist(rows, schema=RAW.remove(len(RAW) - 1)), tmp_path / "b", row_group_size=7)
    monkeypatch.setattr(parquet, "SPAN_ROWS", 20)
    assert len(parquet.READER.spans(Source(tmp_path / "b", "b", "parquet"))) == 10
    assert read_all(tmp_path / "b") == rows


def test_half_surrogates_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({**ROW, "text": "a\ud83d"}).encode() + b"\n")
    assert read_all(path)[0]["text"] == "a\ufffd"


def test_errors_name_file_line_and_column(tmp_path, monkeypatch):
    path = tmp_path / "a"
    assert refused(lines(path, "")) == "a is empty. Give a file with at least one utterance."
    assert refused(lines(path, " \n\n")) == "a is empty. Give a file with at least one utterance."
    assert refused(lines(path, ROW, "{broken\n")) == (
        "a, line 2 is not valid JSON: '{broken'. Correct or remove the line."
    )
    assert refused(lines(path, ROW, "[1]\n")).startswith("a, line 2 is not a JSON object.")
    assert refused(lines(path, {"x": 1, "text": "t"})) == (
        "a has no columns 'conversation_id', 'turn' and 'user_id'; its columns are: text, x. Name the columns "
        "that hold them with --column conversation_id=COLUMN --column turn=COLUMN --column user_id=COLUMN."
    )
    assert "a has no column 'when'" in refused(lines(path, ROW), {"timestamp": "when"})
    assert refused(lines(path, ROW, {**ROW, "turn": "two"})) == "a, line 2: turn is 'two', expected a whole number."
    assert refused(lines(path, ROW, {**ROW, "turn": "1_0"})) == "a, line 2: turn is '1_0', expected a whole number."
    assert refused(lines(path, ROW, {**ROW, "turn": True})) == "a, line 2: turn is True, expected a whole number."
    assert refused(lines(path, ROW, {**ROW, "turn": 1.5})) == "a, line 2: turn is 1.5, expected a whole number."
    assert refused(lines(path, ROW, {**ROW, "text": 5})) == "a, line 2: text is 5, expected a string."
    assert refused(lines(path, ROW, {**ROW, "user_id": 1.5})) == (
        "a, line 2: user_id is 1.5, expected a string or a whole number."
    )
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 100)
    late = [*[{**ROW, "turn": n} for n in range(20)], "\n", {**ROW, "turn": 2**70}]
    assert refused(lines(path, *late)).startswith("a, line 22: turn is ")


def test_files_that_are_not_utf8_are_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(json.dumps(ROW).encode() + b'\n{"text": "caf\xe9"}\n')
    assert refused(path) == "a, line 2 is not UTF-8 (byte 0xe9). Convert the file to UTF-8 first."
    path.write_bytes(b"conversation_id,turn,user_id,text\nc,0,u,ok\nc,1,u,caf\xe9\n")
    assert refused(path) == "a, line 3 is not UTF-8 (byte 0xe9). Convert the file to UTF-8 first."
    path.write_bytes(json.dumps(ROW).encode("utf-16"))
    assert refused(path).startswith("a, line 1 is not UTF-8 (byte 0xff). Convert the file to UTF-8 first.")


TWICE = "Within quoted fields, write quotation marks twice."


@pytest.mark.parametrize("said", ['he said "hi" to me', r"he said \"hi\" to me", '"well', 'a "'])
@pytest.mark.parametrize("header", ['"conversation_id","turn","user_id","text"', "conversation_id,turn,user_id,text"])
@pytest.mark.parametrize("row", ['"c","{}","u","{}"', 'c,{},u,"{}"'])
def test_a_quotation_mark_astray_in_a_quoted_file_is_told(tmp_path, header, row, said):
    path = tmp_path / "a"
    path.write_text("\n".join([header, *(row.format(turn, "ok") for turn in range(9)), row.format(9, said)]) + "\n")
    told = refused(path)
    assert told.startswith("a, line 11 is not valid CSV: ")
    assert told.endswith(TWICE)


def test_marks_in_a_file_that_does_not_quote_are_characters(tmp_path):
    path = tmp_path / "a"
    texts = ["ok", '"not at all', "oh", 'he said "hi" to me', '"yes"', '"so"', '"well "said""', 'as he used to say"']
    path.write_text(
        "conversation_id\tturn\tuser_id\ttext\n" + "".join(f"c\t{n}\tu\t{t}\n" for n, t in enumerate(texts))
    )
    assert [row["text"] for row in read_all(path)] == texts


def test_marks_after_backslashes_are_no_characters_if_they_would_fit_as_escapes(tmp_path):
    path, header = tmp_path / "a", "conversation_id,turn,user_id,text\n"
    path.write_text(header + 'c,0,u,ok\nc,1,u,"he said \\"hi\\""\nc,2,u,"\\"so\\", he said"\n')
    assert refused(path) == f"a, line 3 is not valid CSV: ',' expected after '\"'. {TWICE}"
    path.write_text(header + 'c,0,u,ok\nc,1,u,"he said \\"hi\\""\n')
    assert refused(path) == f"a, line 3 is not valid CSV: ',' expected after '\"'. {TWICE}"
    path.write_text(header + 'c,0,u,"hi" she said\nc,1,u,"he said \\"hi\\""\n')
    assert [row["text"] for row in read_all(path)] == ['"hi" she said', r'"he said \"hi\""']


def test_a_text_with_a_nul_is_text_wherever_it_stands(tmp_path):
    rows = [f"c,{turn},u,well said" for turn in range(20)]
    for place in (0, 19):
        told = [f"{row}\0" if turn == place else row for turn, row in enumerate(rows)]
        (tmp_path / "a").write_text("\n".join(["conversation_id,turn,user_id,text", *told]) + "\n")
        assert [row["turn"] for row in read_all(tmp_path / "a")] == [*range(20)]
    (tmp_path / "a").write_bytes("conversation_id,turn,user_id,text\n".encode("utf-16-le") * 20)
    assert refused(tmp_path / "a").startswith("a is of no known format.")


def test_bad_csv_is_refused(tmp_path):
    path = tmp_path / "a"
    header = "conversation_id,turn,user_id,text\n"
    path.write_text(header + "c,0,u,ok\nc,1,u,one,two\n")
    assert refused(path).startswith("a, row 2 has 5 fields, expected 4 as in the header.")
    path.write_text(header + 'c,0,u,"a, b"\nc,1,u,"open, and\n')
    assert refused(path) == f"a, line 3 is not valid CSV: unexpected end of data. {TWICE}"
    path.write_text(header)
    assert refused(path).startswith("a has a header but no rows.")
    path.write_text(header + "c,x,u,ok\n")
    assert refused(path) == "a, row 1: turn is 'x', expected a whole number."
    path.write_bytes(b"\x00\x01\x02")
    assert refused(path).startswith("a is of no known format.")


def test_uuids_are_their_text(tmp_path):
    """DuckDB and PostgreSQL have a type for them, and so has Parquet."""
    ids = [uuid.UUID(int=2**64 + number) for number in range(2)]
    columns = {"conversation_id": ["c", "c"], "turn": [1, 2], "text": ["hello", "hello"]}
    binary = pa.array([one.bytes for one in ids], pa.uuid())
    pq.write_table(pa.table({**columns, "user_id": binary}), tmp_path / "a")
    assert [row["user_id"] for row in read_all(tmp_path / "a")] == [str(one) for one in ids]


def test_decimals_that_are_whole_are_whole_numbers(tmp_path):
    whole = {"turn": Decimal("3"), "user_id": Decimal("812345678901234567"), "timestamp": Decimal("1372480809")}
    for exponent in ("1", "1.00"):
        row = ROW | {name: value.quantize(Decimal(exponent)) for name, value in whole.items()}
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a")
        (found,) = read_all(tmp_path / "a")
        assert (found["turn"], found["user_id"]) == (3, "812345678901234567")
        assert parse_time(found["timestamp"]) == datetime(2013, 6, 29, 4, 40, 9, tzinfo=UTC)
    pq.write_table(pa.Table.from_pylist([ROW | {"user_id": Decimal("1.5")}]), tmp_path / "a")
    assert refused(tmp_path / "a").startswith(
        "a, row 1: user_id is Decimal('1.5'), expected a string or a whole number"
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_are_times_since_the_epoch_whatever_their_unit(tmp_path, unit):
    waits = pa.array([timedelta(seconds=3), None, timedelta(days=1, seconds=90)]).cast(pa.duration(unit))
    table = pa.Table.from_pylist([{**ROW, "turn": turn} for turn in range(3)])
    pq.write_table(table.append_column("timestamp", waits), tmp_path / "a")
    found = [parse_time(row["timestamp"]) for row in read_all(tmp_path / "a")]
    assert found == [datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC), None, datetime(1970, 1, 2, 0, 1, 30, tzinfo=UTC)]


def test_bad_parquet_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"PAR1 and then nothing")
    assert refused(path).startswith("a is not a readable Parquet file.")
    pq.write_table(pa.Table.from_pylist([{**ROW, "text": ["hi"]}]), path)
    assert refused(path) == "a, row 1: text is ['hi'], expected a string."
    pq.write_table(pa.Table.from_pylist([{**ROW, "turn": 0.0}, {**ROW, "turn": 0.5}]), path)
    assert refused(path) == "a, row 2: turn is 0.5, expected a whole number."
    pq.write_table(pa.Table.from_pylist([ROW]).slice(0, 0), path)
    assert refused(path).startswith("a has no rows.")


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("shape", ["conversation_id,turn", "utterance_id,reply_to", "conversation_id,timestamp"])
def test_tables_that_were_joined_repeat_their_header(tmp_path, shape, bom):
    header = f"{bom}{shape},user_id,text\n"
    files = [header + "".join(f"{10 * n + t},{t},u{t % 2},word {t}\n" for t in range(1, 9)) for n in range(3)]
    path = tmp_path / "all.csv"
    path.write_text("".join(files), encoding="utf-8")
    config = PreprocessConfig.make({"min_utterances": 1, "window": 2, "min_turns": 1, "valid": 0, "test": 0})
    source = readers.recognise(path, "all.csv")
    (batch,) = readers.read(readers.spans(readers.check(source, config))[0], config)
    assert batch.table.num_rows == 24
    assert batch.places.tolist() == [*range(1, 9), *range(10, 18), *range(19, 27)]
    assert batch.passed == {"header line, repeated": 2}
