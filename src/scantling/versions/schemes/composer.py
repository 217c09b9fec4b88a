"""PHP Composer versions: normalized as Composer's Semver library does, compared as PHP does.

`v1.2` is `1.2.0.0`, `1.2b3` is `1.2.0.0-beta3`, `1.2.x-dev` is `1.2.9999999.9999999-dev`; dates
keep their parts. At each place: dev < alpha < beta < RC < end < number < patch. A branch
(`dev-main`) and an alias have no order and no key; build metadata is ignored.
"""

import re
from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.encoding import MAX_CHARS, finish, number_marks

_STABILITY: Final = (
    r"[._-]?(?:(?P<word>stable|beta|b|rc|alpha|a|patch|pl|p)(?P<numbers>(?:[.-]?[0-9]+)*+)?)?"
    r"(?P<dev>[.-]?dev)?"
)
_CLASSIC: Final = re.compile(
    r"v?(?P<core>[0-9]{1,5}+(?:\.[0-9]++){0,3}+)" + _STABILITY, re.IGNORECASE | re.ASCII
)
_DATE: Final = re.compile(
    r"v?(?P<core>[0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){0,2})" + _STABILITY,
    re.IGNORECASE | re.ASCII,
)
_BRANCH: Final = re.compile(
    r"v?(?P<core>[0-9]++(?:\.(?:[0-9]++|[x*])){0,3}+)[.-]?dev", re.IGNORECASE | re.ASCII
)
_METADATA: Final = re.compile(r"(?P<version>[^,\s+]++)\+[^\s]++")
_STABILITY_FLAG: Final = re.compile(r"@(?:stable|RC|beta|alpha|dev)$", re.IGNORECASE)
_RUNS: Final = re.compile(r"[0-9]++")
_NUMBERS: Final = 4
_WILD: Final = "9999999"
_WORDS: Final = {
    "a": "\x02", "alpha": "\x02", "b": "\x03", "beta": "\x03", "rc": "\x04",
    "p": "\xfe", "pl": "\xfe", "patch": "\xfe",
}  # fmt: skip
_DEV: Final = "\x01"
_END: Final = "\x05"
_NUMBER: Final = number_marks(6)


def _key(text: str) -> bytes | None:
    if len(text) > MAX_CHARS or not text.isascii():
        return None
    text = _STABILITY_FLAG.sub("", text.strip())
    metadata = _METADATA.fullmatch(text)
    if metadata is not None:
        text = metadata["version"]
    match = _CLASSIC.fullmatch(text)
    if match is not None:
        parts = match["core"].split(".")
        return _finish(parts + ["0"] * (_NUMBERS - len(parts)), match)
    match = _DATE.fullmatch(text)
    if match is not None:
        return _finish(_RUNS.findall(match["core"]), match)
    match = _BRANCH.fullmatch(text)
    if match is None:
        return None
    parts = [_WILD if part in "xX*" else part for part in match["core"].split(".")]
    parts += [_WILD] * (_NUMBERS - len(parts))
    return finish(_row(parts) + _DEV + _END)


def _finish(parts: list[str], match: re.Match[str]) -> bytes:
    word = (match["word"] or "stable").lower()
    key = _row(parts)
    if word != "stable":
        key += _WORDS[word] + _row(_RUNS.findall(match["numbers"] or ""))
        key += _DEV if match["dev"] else ""
    elif match["dev"]:
        key += _DEV
    return finish(key + _END)


def _row(parts: list[str]) -> str:
    return "".join([_NUMBER[len(part.lstrip("0"))] + part.lstrip("0") for part in parts])


PLUGIN: Final = Scheme(
    name="composer",
    key=_key,
    vers="composer",
    source="Composer VersionParser::normalize, https://github.com/composer/semver; "
    "PHP version_compare, https://www.php.net/version_compare",
)
