"""What the manifest of a key says besides what was exported."""

from __future__ import annotations

KIND = "human-eval-key"
EXPORT = "export"
"""The letters with which the export's item ids begin."""
SALT = "salt"
"""What order and ids come from, and what nothing else holds."""
