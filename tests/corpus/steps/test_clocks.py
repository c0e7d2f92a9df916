"""Warnings about chats: dates without a time of day, days of a spreadsheet, messages that files share or mix."""

from datetime import datetime, timedelta

import pytest
from crawls import write_table

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.stages.preprocess import preprocess

START = datetime(2024, 5, 1, 8)


def warnings_of(tmp_path, forms, **settings):
    """``forms``: for each file, from the number of a message to its time."""
    for name, (form, numbers) in forms.items():
        said = [{"user_id": f"u{n % 2}", "text": f"word {n}", "timestamp": form(n)} for n in numbers]
        write_table(tmp_path / name, [{"conversation_id": "tea", **row} for row in said])
    config = PreprocessConfig.make({"min_utterances": 1, **settings})
    return preprocess([tmp_path / name for name in forms], tmp_path / "corpus", config).warnings


def minutes(n):
    return str(START + timedelta(minutes=20 * n))


@pytest.mark.parametrize(
    ("form", "zone"),
    [
        (lambda n: f"2024/05/{1 + n // 20:02}", "Asia/Shanghai"),
        (lambda n: f"2024-05-{1 + n // 20:02} 00:00:00", "Europe/Berlin"),
        (lambda n: f"2024-05-{1 + n // 20:02}T00:00:00Z", "UTC"),
    ],
)
def test_dates_without_a_time_of_day(tmp_path, form, zone):
    told = "a.csv: 80 of 80 times are midnight, like dates without a time of day. Messages of a day keep the order of"
    (warning,) = warnings_of(tmp_path, {"a.csv": (form, range(80)), "b.csv": (minutes, range(80, 160))}, time_zone=zone)
    assert told in warning
    assert warning.endswith(", and the next day begins a new conversation (--gap 0: none begins).")


def test_days_as_a_spreadsheet_counts_them(tmp_path):
    (warning,) = warnings_of(tmp_path, {"a.csv": (lambda n: f"{45078.5 + n / 100:.4f}", range(80))})
    assert "a.csv: 80 of 80 times are before 1980, because numbers are read as seconds since 1970." in warning


def test_messages_that_two_files_share(tmp_path):
    (warning,) = warnings_of(tmp_path, {"a.csv": (minutes, range(60)), "b.csv": (minutes, range(40, 100))})
    assert warning.startswith("20 of 120 messages of chats repeat another one (same chat, time, user and text).")


def test_chats_as_they_should_be(tmp_path):
    assert warnings_of(tmp_path, {"a.csv": (minutes, range(80)), "b.csv": (minutes, range(78, 160))}) == []


def test_chats_of_one_name_in_several_files(tmp_path):
    others = (lambda n: str(START + timedelta(minutes=20 * n - 1595)), range(80, 160))
    (warning,) = warnings_of(tmp_path, {"a.csv": (minutes, range(80)), "b.csv": others})
    assert warning.startswith("In 1 chat messages of several files alternate.")
