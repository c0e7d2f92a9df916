"""The facts in a key's manifest, apart from which files were exported."""

from __future__ import annotations

KIND = "human-eval-key"
EXPORT = "export"
"""The letters that begin every item id of the export."""
SALT = "salt"
"""The source of the order and the ids; only the key holds it."""
WORDS = "words"
"""All words of the sheets as exported, so that column heads and ratings are recognised when they come back."""
CODES = "completion_code"
"""The setting for whether pages show completion codes."""
