"""PersonaWAE (Chan et al., EMNLP 2019): the library under the ``pwae`` command."""

__version__ = "0.2.0"
