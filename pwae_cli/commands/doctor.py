"""``pwae doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwae_cli import console
from pwae_cli.options import Json

if TYPE_CHECKING:
    from pwae_core.stages.doctor import DoctorReport


def command(json: Json = False) -> None:
    """Show what is installed, and the machine.

    Ready to paste into an issue: it contains no path, user name or token.
    """
    from dataclasses import asdict

    from pwae_core.stages.doctor import doctor

    report = doctor(console.stdout())
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: DoctorReport) -> None:
    console.print_line(f"pwae {report.pwae}, {report.python}, {report.platform}")
    for topic in ("packages", "extras", "torch", "machine", "terminal"):
        console.print_line(f"{topic}:")
        for name, value in getattr(report, topic).items():
            console.print_line(f"  {name}: {value}")
    for note in report.notes:
        console.print_line(f"Note: {note}")
