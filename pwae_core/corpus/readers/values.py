"""The raw schema, and values of a file converted to its types or refused in one line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import FIELDS
from pwae_core.errors import InputError

RAW = pa.schema(
    [*((field, pa.int64() if field == "turn" else pa.string()) for field in FIELDS), ("quoted", pa.bool_())]
)
EXACT_FLOATS = 2**53
"""Floats represent whole numbers exactly up to here; above it, different ones become the same."""
WHOLE = re.compile(r"\s*([+-]?\d{1,19})(\.0*)?\s*")

Where = Callable[[int], str]


def typed(field: str, values: Any, where: Where) -> pa.Array:
    """One column in its raw type: at once for clean columns, value by value for others.

    ``where(i)`` names row i in a message. Raises InputError for a value of a wrong type.
    """
    target = RAW.field(field).type
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        quick = _cast(field, values, target, where)
        if quick is not None:
            return quick
        values = values.to_pylist()
    elif field != "turn" or all(type(value) is int for value in values):
        try:
            return pa.array(values, target)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
            pass
    convert = _CONVERTERS[field]
    converted = []
    for index, value in enumerate(values):
        try:
            converted.append(convert(value))
        except ValueError as error:
            raise InputError(f"{where(index)}: {field} is {shorten(value)}, expected {error}.") from error
    return pa.array(converted, target)


def _cast(field: str, values: pa.Array, target: pa.DataType, where: Where) -> pa.Array | None:
    """An Arrow column in its raw type; None if it must be converted value by value."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = pc.dictionary_decode(values), kind.value_type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if text or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _valid_text(field, values, where) if target == pa.string() else None
    if field == "timestamp" and pa.types.is_duration(kind):
        return pc.add(pa.scalar(0, pa.timestamp(kind.unit)), values).cast(target)
    if field == "timestamp" and pa.types.is_temporal(kind):
        return values.cast(target)
    if pa.types.is_integer(kind) and field != "text":
        try:
            return values.cast(target)
        except pa.ArrowInvalid:
            pass
    return None


def _valid_text(field: str, values: pa.Array, where: Where) -> pa.Array:
    """A column of text, checked to be UTF-8, which a file may claim wrongly."""
    try:
        return values.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        for index, value in enumerate(values.cast(pa.binary()).to_pylist()):
            try:
                (value or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte 0x{value[error.start]:02x}"
                raise InputError(f"{where(index)}: {field} is not UTF-8 ({byte}). Write the file again.") from error
        raise


def shorten(value: object) -> str:
    """A value as messages show it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        return f"too long a {type(value).__name__} to show"
    return text if len(text) <= 60 else text[:57] + "..."


def _identifier(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (int, Decimal)) and (whole := _whole(value)) is not None:
        return _digits(whole)
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float) and value.is_integer():
        if abs(value) < EXACT_FLOATS:
            return str(int(value))
        raise ValueError("a string or a whole number: a float has rounded it, so export ids as text")
    raise ValueError("a string or a whole number")


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        raise ValueError("an id of at most a few thousand digits") from None


def _turn(value: object) -> int | None:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    number = _whole(value)
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError("a whole number")
    return number


def _whole(value: object) -> int | None:
    """A whole number, even if written as ``3.0``; None for anything else."""
    if isinstance(value, str):
        found = WHOLE.fullmatch(value)
        return int(found[1]) if found else None
    if isinstance(value, (float, Decimal)):
        return int(value) if math.isfinite(value) and value == int(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return well_formed(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    raise ValueError("a string")


def _time(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    if isinstance(value, (dict, list)):
        return shorten(value)
    try:
        return str(value)
    except ValueError:
        return shorten(value)


def well_formed(text: str) -> str:
    """Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "conversation_id": _identifier,
    "turn": _turn,
    "user_id": _identifier,
    "text": _text,
    "timestamp": _time,
    "utterance_id": _identifier,
    "reply_to": _identifier,
    "user_name": _text,
}
