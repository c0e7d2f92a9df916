"""What lies in a folder of raw data: what pwae wrote there is none, whatever else has a note of that name is."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted import planted

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers.base import NotOursError
from pwae_core.corpus.readers.folders import AGAIN, HIDDEN, HIDDEN_FOLDER, NO_FILE, Search
from pwae_core.corpus.readers.sources import sources
from pwae_core.corpus.steps import summary
from pwae_core.errors import InputError, StorageError
from pwae_core.stages.preprocess import preprocess

OURS = {"reason": "folder that pwae wrote", "unit": "file"}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    (folder / "more").mkdir(parents=True)
    rows = planted(users=6, conversations=40, seed=1).rows
    for name, part in (("one.jsonl", rows[::2]), ("more/two.jsonl", rows[1::2])):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in part))
    return folder


@pytest.mark.parametrize("place", ["corpus", "more/corpus"])
def test_a_corpus_in_the_folder_that_it_is_made_of_is_no_raw_data(pwae, raw, snapshot, place):
    command = ["preprocess", raw, "--out", raw / place, "--min-utterances", 5, "--valid", 5, "--test", 5, "--json"]
    first = pwae(*command).succeeds().json
    before = snapshot(raw)
    assert pwae(*command).succeeds().json == first | {"standing": True}
    assert snapshot(raw) == before
    again = pwae(*command, "--force").succeeds().json
    assert again == first
    other = ["preprocess", raw, "--out", raw.parent / "other", *command[4:]]
    assert pwae(*other).succeeds().json["rejected"] == [{**OURS, "count": 1}]


@pytest.mark.parametrize("place", ["corpus", "more/corpus"])
def test_what_a_kill_leaves_in_the_folder_changes_nothing(raw, snapshot, monkeypatch, place):
    config = PreprocessConfig.make({"min_utterances": 5, "valid": 5, "test": 5})
    preprocess([raw], raw / place, config)
    expected = snapshot(raw / place)
    (raw / place).rename(raw.parent / "kept")

    def full(*arguments):
        raise StorageError("No space left on device")

    with monkeypatch.context() as patched, pytest.raises(StorageError):
        patched.setattr(summary, "count_words", full)
        preprocess([raw], raw / place, config)
    assert (raw / place).with_name(".corpus.partial").is_dir()
    preprocess([raw], raw / place, config)
    assert snapshot(raw / place) == expected


def test_the_folder_of_a_parquet_dataset(tmp_path):
    parts = []
    for name in ("a", "b"):
        rows = [{"conversation_id": name, "turn": n, "user_id": "u", "text": "t"} for n in range(3)]
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, tmp_path / f"{name}.parquet", metadata_collector=parts)
        parts[-1].set_file_path(f"{name}.parquet")
    pq.write_metadata(table.schema, tmp_path / "_metadata", metadata_collector=parts)
    pq.write_metadata(table.schema, tmp_path / "_common_metadata")
    (tmp_path / "_SUCCESS").touch()
    skipped = ("empty file", "file of no known format", "file without rows")
    with sources([str(tmp_path)], tmp_path / "out", PreprocessConfig()) as found:
        assert [source.path.name for source in found.sources] == ["a.parquet", "b.parquet"]
        assert found.skipped == dict.fromkeys(skipped, 1)


def tree(folder: Path, *names: str) -> Path:
    """A folder with files of one row each."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"conversation_id": name, "turn": 0, "user_id": "u", "text": "t"}) + "\n")
    return folder


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["2024/01/b", "2024/01/deep/c", "2024/a", "d"]),
        ("2*/*", ["2024/01/b", "2024/01/deep/c", "2024/a"]),
        ("2024/[a-z]", ["2024/a"]),
        ("**", ["2024/01/b", "2024/01/deep/c", "2024/a", "d"]),
        ("**/*", ["2024/01/b", "2024/01/deep/c", "2024/a", "d"]),
        ("**/2024/**/*", ["2024/01/b", "2024/01/deep/c", "2024/a"]),
        ("2024/**/*", ["2024/01/b", "2024/01/deep/c", "2024/a"]),
        ("**/01/**", ["2024/01/b", "2024/01/deep/c"]),
        ("**/01/*", ["2024/01/b"]),
        ("**/de*/c", ["2024/01/deep/c"]),
    ],
)
def test_a_pattern_is_read_with_everything_below(tmp_path, monkeypatch, pattern, found):
    monkeypatch.chdir(tree(tmp_path, *("2024/01/b", "2024/01/deep/c", "2024/a", "d")))
    for start in ("", f"{tmp_path}/"):
        search = Search()
        assert [str(path.absolute().relative_to(tmp_path)) for path in search.named(start + pattern)] == found
        assert not search.skipped


def test_what_a_pattern_matches_and_is_not_read_is_counted(tmp_path):
    tree(tmp_path, "a", ".hidden", ".git/b", "sub/.c", "sub/d")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    counted = {HIDDEN: 2, HIDDEN_FOLDER: 1, NO_FILE: 1, AGAIN: 1}
    for pattern in ("*", "**/*"):
        search = Search()
        assert len(search.named(f"{tmp_path}/{pattern}")) == 2
        assert search.skipped == counted
    search = Search()
    assert search.named(f"{tmp_path}/.h*") == [tmp_path / ".hidden"]
    assert search.named(f"{tmp_path}/.g*") == [tmp_path / ".git" / "b"]
    assert not search.skipped
    with pytest.raises(InputError, match="x\\* does not exist"):
        Search().named(f"{tmp_path}/x*")


@pytest.mark.parametrize("name", ["manifest.json", "plan.json"])
def test_a_folder_with_a_note_that_is_not_ours_is_read(pwae, raw, tmp_path, name):
    (raw / "more" / name).write_text(json.dumps({"pwae": "mine", "stage": 1, "kind": "dump"}))
    command = ["preprocess", raw, "--out", tmp_path / "c", "--min-utterances", 5, "--valid", 5, "--test", 5, "--json"]
    rows = sum(len(path.read_text().splitlines()) for path in raw.rglob("*.jsonl"))
    assert pwae(*command).succeeds().json["counts"]["rows"] == rows


ROW = {"conversation_id": "七", "turn": 0, "user_id": "安", "text": "你好"}
LINE = json.dumps(ROW, ensure_ascii=False) + "\n"
TABLE = "conversation_id,turn,user_id,text\n七,0,安,你好\n"
ABOUT = "本数据集仅供学术研究使用。\n请勿外传,谢谢。\n"


@pytest.mark.parametrize(
    ("name", "content", "columns", "place"),
    [
        ("b.jsonl", LINE.encode("gb18030"), {}, "line 1 is not UTF-8"),
        ("b.jsonl", LINE.encode("utf-16"), {}, "line 1 is not UTF-8"),
        ("b.json", f"[{LINE}]".encode("big5"), {}, "line 1 is not UTF-8"),
        ("b.csv", TABLE.encode("gb18030"), {}, "line 2 is not UTF-8"),
        ("b.csv", TABLE.replace("text", "内容").encode("gb18030"), {"text": "内容"}, "line 1 is not UTF-8"),
    ],
)
def test_damaged_rows_of_ones_own_in_a_folder_are_not_passed_over(tmp_path, name, content, columns, place):
    tree(tmp_path, "a.jsonl")
    (tmp_path / name).write_bytes(content)
    config = PreprocessConfig(columns=columns)
    if columns:
        (tmp_path / "a.jsonl").unlink()
    with (
        pytest.raises(InputError, match=f"{name}, {place}") as raised,
        sources([str(tmp_path)], tmp_path / "o", config),
    ):
        pass
    assert not isinstance(raised.value, NotOursError)


@pytest.mark.parametrize("encoding", ["gb18030", "shift-jis", "utf-16", "utf-8"])
def test_texts_in_other_encodings_are_passed_over_in_folders(tmp_path, encoding):
    tree(tmp_path, "a.jsonl")
    (tmp_path / "说明.txt").write_text(ABOUT.replace("请", ""), encoding=encoding, errors="replace")
    with sources([str(tmp_path)], tmp_path / "o", PreprocessConfig()) as found:
        assert [source.path.name for source in found.sources] == ["a.jsonl"]
        assert found.skipped == {"file of no known format": 1}


def test_a_folder_without_anything_to_read_says_what_is_wrong_with_its_largest_file(tmp_path):
    (tmp_path / "about.txt").write_text("About this.")
    (tmp_path / "chat.csv").write_text("conversation_id,turn,author,text\n" + "c,0,u,hi\n" * 9)
    words = r"lacks a column: 1\)\. .*chat\.csv has no column 'user_id'; .* Perhaps --column user_id=author\?$"
    with pytest.raises(InputError, match=words), sources([str(tmp_path)], tmp_path / "o", PreprocessConfig()):
        pass


def test_files_of_a_folder_that_lack_a_column_are_named(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for month, user in (("05", "user_id"), ("06", "user_id"), ("07", "author"), ("08", "author")):
        rows = "".join(f"{month},{n},u{n % 2},hi\n" for n in range(30))
        (raw / f"{month}.csv").write_text(f"conversation_id,turn,{user},text\n{rows}")
    (raw / "users.csv").write_text("user_id,name\nu0,Ann\n")
    report = preprocess([raw], tmp_path / "out", PreprocessConfig(tokenizer="whitespace"), workers=1)
    files = {one["reason"]: one["count"] for one in report.rejected if one["unit"] == "file"}
    assert files == {"file of no known format": 1, "file with texts that lacks a column": 2}
    assert report.counts["rows"] == 60
    assert report.notes == [
        f"2 files were passed over for lack of a column. {raw / '07.csv'} has no column 'user_id'; its columns are: "
        "author, conversation_id, text, turn. Perhaps --column user_id=author?"
    ]
