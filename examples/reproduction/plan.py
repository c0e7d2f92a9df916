"""Prints the plan of a step of the study: ``python plan.py --seed 7 budget.toml table4.toml``.

The files are put together after the seed. With ``--but-for RESULTS CORPUS SPLIT TABLE``, systems are left out whose
scores are in the results; nothing is printed if none is left.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from pwae_core.config.experiment import planned_runs, read_plan
from pwae_core.errors import PwaeError

SYSTEM = re.compile(r"^(?=\[\[systems\]\])", re.MULTILINE)


def left(text: str, results: Path, corpus: str, split: str, table: str) -> str:
    """A plan without the runs that the results have; each system of it is one run."""
    from runs import NAMES, scores_file  # with torch: slow, and not needed for a whole plan

    head, *systems = SYSTEM.split(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(text, "utf-8")
        runs = planned_runs(read_plan(path, {}), NAMES)
    of_runs = zip(systems, runs, strict=True)
    lacking = [own for own, run in of_runs if not scores_file(results, corpus, split, table, run).exists()]
    return "".join([head, *lacking]) if lacking else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the plan of a step of the reproduction study.")
    parser.add_argument("files", type=Path, nargs="+", help="the parts of the plan, in TOML")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--but-for", nargs=4, metavar=("RESULTS", "CORPUS", "SPLIT", "TABLE"))
    given = parser.parse_args()
    try:
        text = f"seeds = [{given.seed}]\n" + "".join(path.read_text("utf-8") for path in given.files)
        sys.stdout.write(left(text, Path(given.but_for[0]), *given.but_for[1:]) if given.but_for else text)
    except (PwaeError, OSError, UnicodeDecodeError) as error:
        sys.exit(f"The plan cannot be put together: {error}")


if __name__ == "__main__":
    main()
