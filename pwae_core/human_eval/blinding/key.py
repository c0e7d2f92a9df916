"""What the manifest of a key says besides what was exported."""

from __future__ import annotations

KIND = "human-eval-key"
EXPORT = "export"
"""The letters with which the export's item ids begin."""
SALT = "salt"
"""What order and ids come from, and what nothing else holds."""
WORDS = "words"
"""All words of the sheets, as they were exported: what heads and ratings are called when they come back."""
CODES = "completion_code"
"""The setting that says whether pages show completion codes."""
