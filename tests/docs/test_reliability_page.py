"""The page's exit codes are those of errors.py and of the command line; its limits are those of the code."""

import re
from pathlib import Path

from pwae_cli.app import INTERRUPTED, READER_GONE
from pwae_cli.console import LONGEST_LINE
from pwae_cli.options import LONGEST_NAME
from pwae_core import errors, inputs
from pwae_core.config.base import LARGEST
from pwae_core.config.resolve import DEEPEST
from pwae_core.text import word2vec

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_the_exit_codes_are_those_there_are():
    table = PAGE.partition("## Exit codes")[2]
    shown = {int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in cell.split(",")}
    raised = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert shown == raised | {0, 2, INTERRUPTED, errors.Interrupted("", 15).exit_code, READER_GONE}


def test_the_limits_are_those_of_the_code():
    assert f"more than {LONGEST_NAME} bytes" in PAGE
    assert f"up to {inputs.LARGEST_TEXT >> 20} MiB" in PAGE
    assert f"at most {LONGEST_LINE >> 10} KiB" in PAGE
    assert f"nested more than {DEEPEST} levels deep" in " ".join(PAGE.split())
    assert "beyond 2^53" in PAGE
    assert LARGEST == 2**53
    assert "beyond ±10^9" in PAGE
    assert word2vec.LARGEST == 10**9
