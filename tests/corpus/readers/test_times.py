"""Timestamps in every form raw data has."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from pwae_core.corpus.readers.times import parse_time, parse_times

MOMENT = datetime(2013, 6, 29, 4, 40, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1372480809",
        "1372480809.0",
        "1372480809000",
        "2013-06-29T04:40:09Z",
        "2013-06-29 12:40:09+08:00",
        " 2013-06-29 04:40:09 ",
        "Sat Jun 29 12:40:09 +0800 2013",
    ],
)
def test_every_form_is_the_same_moment(text):
    assert parse_time(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "nan", "1_372_480_809", "inf", "1e300", "2013-13-01", "0001-01-01T00:00:00+10:00"),
        *("9999999999999999999", "-9223372036854775809", "9" * 30, "99999999999999999999.5"),
    ],
)
def test_what_is_no_time_is_none(text):
    assert parse_time(text) is None
    assert parse_times(pa.array([text, "1372480809"])).to_pylist() == [None, MOMENT]


@pytest.mark.parametrize("text", ["201306290440", "20130629044000"])
def test_dates_that_are_digits_only(text):
    assert parse_time(text) == MOMENT.replace(second=0)
    assert parse_times(pa.array([text, "1372480800"])).to_pylist() == [MOMENT.replace(second=0)] * 2


def test_milliseconds_of_twelve_digits_that_are_no_date():
    assert parse_times(pa.array(["201399999999", "372480809000"])).to_pylist() == [
        datetime(1976, 5, 20, 0, 26, 39, 999000, UTC),
        datetime(1981, 10, 21, 2, 53, 29, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Sat Jun 29 2013 12:40:09 GMT+0800 (China Standard Time)",
        "Sat Jun 29 2013 00:40:09 GMT-0400 (CST)",
        "2013-06-29 12:40:09 GMT+8",
        "2013-06-29 12:40:09 UTC+08:00",
        "2013-06-29 12:40:09 utc +0800",
        "2013-06-29 10:10:09 UTC+5:30",
        "Sat, 29 Jun 2013 12:40:09 +0800 (CST)",
    ],
)
def test_a_zone_east_of_greenwich_is_ahead_of_it(text):
    assert parse_time(text) == MOMENT


@pytest.mark.parametrize(
    "text", ["Sat Jun 29 12:40:09 CST 2013", "2013-06-29 12:40:09 CST+8", "2013-06-29 12:40:09 BRT-3"]
)
def test_abbreviations_of_several_zones_are_not_guessed(text):
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2013年6月29日 下午4:40:09", "2013年06月29日下午04:40:09", "2013年6月29日16:40:09"),
        *("2013-06-29 下午 4:40:09", "2013年6月29日 PM 4:40:09", "2013年6月29日 16:40:09 +08:00"),
        *("2013年6月29日 星期六 16时40分09秒", "2013年6月29日（周六）16點40分9秒", "2013/6/29 下午4:40:09"),
        *("2013年6月29日 午後4:40:09", "2013년 6월 29일 오후 4:40:09", "2013年6月29日　下午４：４０：０９"),
    ],
)
def test_times_as_chinese_japanese_and_korean_programs_write_them(text):
    assert parse_time(text, "Asia/Shanghai") == MOMENT.replace(hour=8)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        *(("2013年6月29日 上午12:05", 0, 5), ("2013年6月29日 凌晨12:05", 0, 5), ("2013年6月29日 中午12:05", 12, 5)),
        *(("2013年6月29日 中午11:50", 11, 50), ("2013年6月29日 中午1:10", 13, 10), ("2013年6月29日 晚上11:59", 23, 59)),
        *(("2013年6月29日 下午16:40", 16, 40), ("2013年6月29日 0:00", 0, 0)),
    ],
)
def test_the_parts_of_a_day(text, hour, minute):
    assert parse_time(text) == datetime(2013, 6, 29, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2013年6月29日 午夜12:05", "2013年6月29日 25:10", "6月29日 下午4:40", "昨天 16:40", "刚刚"]
)
def test_times_in_chinese_that_are_not_clear_are_not_guessed(text):
    assert parse_time(text) is None


def test_arrays_keep_their_nulls_and_their_order():
    times = parse_times(pa.array(["1372480809", None, "never", "1372480809"]))
    assert times.to_pylist() == [MOMENT, None, None, MOMENT]
    assert str(times.type) == "timestamp[us, tz=UTC]"
