"""Texts that an earlier program garbled: escapes in place of characters, a wrong encoding, lost characters.

They are counted, not repaired: what they were is a guess, and only the share in a file tells an accident from a habit.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Garbled = dict[str, Any]
SHARE = 0.01
"""The share of a file's texts from which on a warning is given."""
LONGEST_EXAMPLE = 40

ESCAPES = r"\\(?:[nrt]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})"
"""``\\n``, ``\\u4f60``, ``\\xe4``, as ``mysql --batch`` or a string printed by a program has them."""

_TAIL = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
WRONG_ENCODING = (
    f"[ÂÃ]{_TAIL}|(?:[Ä-ß]{_TAIL}){{2}}|[à-ï]{_TAIL}{{2}}|ð{_TAIL}{{3}}"  # UTF-8 taken for Latin-1
    "|(?:[\u00b0-\u00b6\u00b8-\u00f7][\u00a1-\u00fe]){3}"  # GBK taken for Latin-1; not rows of middle dots
    "|[锛銆鈥鐨鏄鎴鍦鍚杩鍙鐪]"  # UTF-8 taken for GBK: its ，。’的是我在同这可真; the rest is in real texts too
)
"""``donâ€™t``, ``ä½\u00a0å¥½``, ``ÄãºÃÂð``, ``浣犲ソ锛``."""

LOST = "\ufffd|锟斤拷"
"""The mark for a character that could not be read, and that mark in UTF-8 taken for GBK."""

KINDS = {
    "escapes": (ESCAPES, "hold escapes in place of characters", "Undo the escapes in the file"),
    "wrong encoding": (
        WRONG_ENCODING,
        "look as if their bytes had been read in a wrong encoding",
        "Export the file again as UTF-8",
    ),
    "lost": (LOST, "have lost characters, for which a mark is left", "Export the file again as UTF-8"),
}


def counted(texts: pa.ChunkedArray) -> Garbled:
    """The number of ``texts``, and of garbled ones of each kind with an example."""
    found: Garbled = {"texts": len(texts) - texts.null_count}
    texts = texts.filter(pc.match_substring_regex(texts, "|".join(pattern for pattern, _, _ in KINDS.values())))
    for kind, (pattern, _, _) in KINDS.items():
        garbled = texts.filter(pc.match_substring_regex(texts, pattern))
        found[kind] = [len(garbled), pc.min(garbled).as_py() or ""]
    return found


def together(one: Garbled, other: Garbled) -> Garbled:
    """What ``counted`` says of two pieces of a file, as it says it of both."""
    if not one or not other:
        return one or other
    found: Garbled = {"texts": one["texts"] + other["texts"]}
    for kind in KINDS:
        (first, example), (second, another) = one[kind], other[kind]
        found[kind] = [first + second, min(filter(None, (example, another)), default="")]
    return found


def judged(source: str, found: Garbled) -> list[str]:
    """A warning for each kind, if a hundredth of the file's texts or more are garbled so."""
    return [
        f"{source}: {found[kind][0]:,} of {found['texts']:,} texts {fact}, such as "
        f"'{' '.join(found[kind][1].split())[:LONGEST_EXAMPLE]}'. {remedy}: as they are, they become words."
        for kind, (_, fact, remedy) in KINDS.items()
        if found[kind][0] >= max(1, SHARE * found["texts"])
    ]
