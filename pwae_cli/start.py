"""Where the ``pwae`` command starts. Ctrl-C ends it quietly even while its modules are being imported."""

import sys


def main() -> None:
    """The console script."""
    try:
        from pwae_cli import app

        app.main()
    except KeyboardInterrupt:
        sys.exit(130)
