"""What is printed: text from data stays text, machines get JSON, a log file gets plain lines."""

import io
import json
import sys

import pytest
from rich.console import Console

from pwae_cli import console
from pwae_core.errors import InputError
from pwae_core.progress import SILENT


def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)


def test_markup_in_data_is_inert(capsys):
    console.print_table("[bold]Title[/bold]", ["[red]name[/red]", "value"], [["[link=x]y[/link]", "[/]"]])
    console.print_line("[bold]line[/bold]")
    printed = capsys.readouterr().out
    for text in ("[bold]Title[/bold]", "[red]name[/red]", "[link=x]y[/link]", "[/]", "[bold]line[/bold]"):
        assert text in printed
    bars = console.BarProgress(terminal())
    bars.say("[bold]said[/bold]")
    with bars.task("[red]label[/red]", 2) as task:
        task.advance(1, "[green]note[/green]")
    shown = bars.console.file.getvalue()
    assert "[bold]said[/bold]" in shown
    assert "[red]label[/red]" in shown
    assert "[green]note[/green]" in shown


def test_names_of_emoji_in_data_stay_what_they_are(capsys):
    text = "a :heart: b"
    console.print_table(text, [text], [[text]])
    console.print_line(text)
    assert capsys.readouterr().out.count(text) == 4
    bars = console.BarProgress(terminal())
    bars.say(f"said {text}")
    with bars.task(f"label {text}", 2) as task:
        task.advance(1, f"note {text}")
    shown = bars.console.file.getvalue()
    for printed in (f"said {text}", f"label {text}", f"note {text}"):
        assert printed in shown


def test_control_characters_in_data_cannot_steer_a_terminal(capsys):
    evil = "a\x1b]0;owned\x07b\x9b2J\rc"
    console.print_line(evil)
    console.print_table(evil, [evil], [[evil]])
    console.error(evil)
    console.PlainProgress().say(evil)
    printed = "".join(capsys.readouterr())
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(printed)
    assert "a\ufffd]0;owned\ufffdb\ufffd2J\ufffdc" in printed
    bars = console.BarProgress(terminal())
    bars.say(evil)
    assert "owned\ufffdb\ufffd2J" in bars.console.file.getvalue()


def test_a_table_groups_thousands_and_does_not_cut_what_goes_to_a_file(capsys):
    console.print_table("Counts", ["what", "count"], [["x" * 130, 1234567], ["yes", True], ["share", 0.25]])
    printed = capsys.readouterr().out
    assert printed.startswith("Counts\n")
    assert "1,234,567" in printed
    assert "x" * 130 in printed
    assert "True" in printed
    assert "0.25" in printed


def test_json_is_one_document_with_readable_text(capsys):
    value = {"text": "蛋糕 [bold]", "values": [1, 0.1, None]}
    console.print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert "蛋糕" in printed
    with pytest.raises(ValueError, match="not JSON compliant"):
        console.print_json(float("nan"))


def test_an_error_is_one_line_on_stderr(capsys):
    console.error("The file\n  is wrong.")
    assert tuple(capsys.readouterr()) == ("", "pwae: The file is wrong.\n")


def test_progress_is_plain_where_stderr_is_no_terminal():
    assert isinstance(console.progress(), console.PlainProgress)


def test_progress_is_bars_where_stderr_is_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(console.progress(), console.BarProgress)


def test_progress_is_plain_on_a_terminal_that_cannot_move_its_cursor(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(console.progress(), console.PlainProgress)


@pytest.mark.parametrize(("encoding", "spins"), [("utf-8", True), ("iso-8859-1", False)])
def test_nothing_spins_where_the_terminal_lacks_the_characters(encoding, spins):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    bars = console.BarProgress(Console(file=file, force_terminal=True, width=200, color_system=None))
    with bars.task("Training", 2) as task:
        task.advance(1)
    file.flush()
    shown = raw.getvalue().decode(encoding)
    assert "Training" in shown
    assert any("\u2800" <= character <= "\u28ff" for character in shown) == spins
    assert "\\u28" not in shown


def test_plain_lines_come_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with console.PlainProgress().task("Training", 40) as task:
        for _ in range(4):
            now[0] += 6.0
            task.advance(10, "loss 2.5")
    with console.PlainProgress().task("Reading") as task:
        now[0] += 10.0
        task.advance()
    lines = ("Training: 20/40 loss 2.5, 1.7/s, 12 s left", "Training: 40/40 loss 2.5, 1.7/s", "Reading: 1")
    assert tuple(capsys.readouterr()) == ("", "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    ("before", "amount", "seconds", "total", "told"),
    [
        (0, 51, 10, 663, "5.1/s, 2 min left"),
        (500, 50, 10, 750, "5/s, 40 s left"),  # a resumed training: what was done before is no speed
        (0, 12345, 10, 10_000_000, "1,234/s, 2.2 h left"),
        (0, 1, 20, 1001, "0.05/s, 5.6 h left"),
        (0, 40, 10, 40, "4/s"),
        (0, 40, 10, None, ""),
        (40, 0, 10, 100, ""),
        (0, 40, 0, 100, ""),
    ],
)
def test_speed_and_time_left_are_told_where_the_total_is_known(monkeypatch, before, amount, seconds, total, told):
    now = [5.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    bars = console.BarProgress(terminal())
    with bars.task("Training", total) as task:
        task.advance(before)
        now[0] += seconds
        task.advance(amount, "loss 2.5")
        assert str(task.pace) == told
    assert told in bars.console.file.getvalue()


def test_silence_says_nothing(capsys):
    SILENT.say("hello")
    with SILENT.task("label", 3) as task:
        task.advance(2, "note")
    assert tuple(capsys.readouterr()) == ("", "")


def test_stdout_escapes_what_its_encoding_lacks(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with console.open_streams():
        console.print_line("蛋 \udc80")
        console.print_json(["蛋", "é😀", "\udc80"])
    line, *document = raw.getvalue().decode("ascii").splitlines()
    assert line == "\\u86cb \\udc80"
    assert json.loads("".join(document)) == ["蛋", "é😀", "\udc80"]


TURNED = "a\u202eb\u2066c\u200fd\u2028e\u061cf\u0085g\u009bh\x7fi\x1bj"


def test_characters_that_turn_or_break_a_line_are_replaced_and_in_json_escaped(capsys):
    console.print_line(TURNED)
    console.print_table(TURNED, [TURNED], [[TURNED]])
    console.error(TURNED)
    console.usage(TURNED)
    printed = "".join(capsys.readouterr())
    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in printed
    assert not {character for character in TURNED if not character.isalpha()} & set(printed)
    console.print_json({TURNED: [TURNED]})
    written = capsys.readouterr().out
    assert json.loads(written) == {TURNED: [TURNED]}
    assert not {character for character in TURNED if not character.isalpha()} & set(written)


def typed(monkeypatch, data, encoding="utf-8"):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="surrogateescape"))
    return console.lines()


def test_a_line_that_is_no_text_is_told_and_the_next_one_is_read(monkeypatch):
    first, wrong, last = typed(monkeypatch, b" tea \n\n\xc4\xe3\xba\xc3\nrain")
    assert (first, last) == ("tea", "rain")
    assert str(wrong) == "standard input, line 3: not UTF-8 text. Type it again."
    assert list(typed(monkeypatch, b"\xc4\xe3\xba\xc3", "gbk")) == ["你好"]


def test_a_line_without_an_end_is_refused(monkeypatch):
    read = typed(monkeypatch, b"tea\n" + bytes(console.LONGEST_LINE))
    assert next(read) == "tea"
    with pytest.raises(InputError, match="line 2: longer than 65,536 bytes"):
        next(read)
