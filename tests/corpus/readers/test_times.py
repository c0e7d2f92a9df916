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
    "text", ["", "yesterday", "nan", "1_372_480_809", "inf", "1e300", "2013-13-01", "0001-01-01T00:00:00+10:00"]
)
def test_what_is_no_time_is_none(text):
    assert parse_time(text) is None


def test_arrays_keep_their_nulls_and_their_order():
    times = parse_times(pa.array(["1372480809", None, "never", "1372480809"]))
    assert times.to_pylist() == [MOMENT, None, None, MOMENT]
    assert str(times.type) == "timestamp[us, tz=UTC]"
