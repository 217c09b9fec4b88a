"""Text from images is data: it is shown, never obeyed.

Names and descriptions read from an image may carry terminal escapes, CI workflow commands,
line breaks or invisible characters. `neutral` makes them visible and inert; every output uses it
on every string that came from outside, and then adds the escaping of its own syntax.
"""

import re
from typing import Final

# C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width and tag characters,
# surrogates (undecodable bytes kept by surrogateescape) and the byte-order mark.
ACTIVE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# Orders to CI systems that read output: `##[command]`, `##vso[`, `##teamcity[` anywhere in a line,
# `::command::` at its start. Source: GitHub Actions runner, ActionCommand; Azure, logging commands.
_ORDER: Final = re.compile(r"^[ ]*+::|##(?=\[|vso\[|teamcity\[)")


def neutral(text: str, *, limit: int = 1024) -> str:
    r"""Return `text` on one line, inert in a terminal and in a CI log, at most `limit` characters.

    Active characters become `\xNN`, `\uNNNN` or `\UNNNNNNNN`; the first character of a CI order is
    separated by a backslash. A cut is marked by an ellipsis. Inert text is returned unchanged.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text
    text = ACTIVE.sub(_visible, text)
    return _ORDER.sub(lambda order: order[0][:-1] + "\\" + order[0][-1], text)


def octets(text: str) -> bytes:
    """Return the bytes of a text that may hold undecodable bytes or lone surrogates; never fails.

    Bytes kept by surrogateescape come back as they were; other surrogates get their WTF-8 bytes.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - surrogateescape: one undecodable byte
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
