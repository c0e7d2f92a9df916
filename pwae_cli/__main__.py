"""``python -m pwae_cli``: the ``pwae`` command, for launchers that need a module."""

from pwae_cli.start import main

if __name__ == "__main__":
    main()
