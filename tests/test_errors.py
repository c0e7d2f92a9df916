"""The drawing in the docstring of errors.py is the exception tree."""

import re

import pytest

from pwae_core import errors

DRAWN = re.findall(r"(\w+(?:Error|Interrupted)?)\s+(\d+)\s{2,}|(Interrupted)\s+(\d+)", errors.__doc__)


def test_the_drawn_tree_is_the_tree():
    drawn = {name or other: int(code or number) for name, code, other, number in DRAWN}
    classes = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert drawn.keys() == classes.keys()
    for name, kind in classes.items():
        error = kind("Stopped.")
        assert error.exit_code == drawn[name], name
        assert str(error) == "Stopped."
        assert kind.__mro__[1] is (Exception if kind is errors.PwaeError else errors.PwaeError)


def test_every_exit_code_is_its_own_and_none_is_the_command_lines():
    codes = [kind("").exit_code for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(set(codes)) == len(codes)
    assert 2 not in codes
    assert 0 not in codes


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_signals_exit_code_is_128_and_its_number(number, code):
    assert errors.Interrupted("Stopped.", number).exit_code == code


def test_an_error_is_one_line_that_can_be_printed_whatever_it_names():
    error = errors.InputError("a\n  b\u2028c: \x1b[31m\u202e\ud800 é 雨")
    assert str(error) == "a b c: \\x1b[31m\\u202e\\ud800 é 雨"


def test_an_error_keeps_the_spaces_of_a_name():
    assert str(errors.InputError("my  own\u3000file\xa0.csv: no.")) == "my  own\u3000file\xa0.csv: no."
