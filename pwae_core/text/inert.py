"""Text from the data on a terminal or a page: characters that either would obey instead of showing are replaced."""

OBEYED = (
    *range(32),
    *range(127, 160),
    0x061C,
    *range(0x200E, 0x2010),  # marks, embeddings, overrides and isolates of direction
    *range(0x2028, 0x202F),  # line and paragraph separators among them
    *range(0x2066, 0x2070),
    *range(0xFFF9, 0xFFFC),
)
"""Code points of control characters, of those that turn the direction of text around, and of line separators."""

REPLACED = {code: "\ufffd" for code in OBEYED if chr(code) not in "\t\n"}


def inert(text: str) -> str:
    """``text`` with a replacement character for each of ``OBEYED`` but tabs and line ends."""
    return text.translate(REPLACED)
