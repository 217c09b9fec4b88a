"""Known images as JSON lines, to move an index between machines or make one with other tools.

    {"name": "docker.io/library/debian", "diff_ids": ["sha256:…"], "tags": ["12"], "digest": …}

The fields are those of `Known`; `name` and `diff_ids` are needed. A line that is not one ends the
import: half an index would answer wrongly without anyone knowing.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from scantling.bases.index_writer import indexable
from scantling.bases.known import Known
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.text import neutral
from scantling.image.refs import is_digest

_DECODER: Final = msgspec.json.Decoder(Known)
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_NAME: Final = re.compile(r"[a-zA-Z0-9_.:\[\]-]{1,255}(?:/[a-z0-9._-]{1,255}){1,32}")


def read_lines(lines: Iterable[bytes], *, limits: Limits = DEFAULT) -> Iterator[Known]:
    """Yield the images in JSON lines; empty lines are skipped.

    Raises InputError (`base.unread`) that names the first line which is no known image.
    """
    for number, line in enumerate(lines, 1):
        if number > limits.records:
            raise _bad(number, f"more than {limits.records} lines")
        if line.strip():
            yield _known(line, number, limits)


def write_lines(images: Iterable[Known]) -> Iterator[bytes]:
    """Yield one line for each image, with its line feed."""
    for image in images:
        yield _ENCODER.encode(image) + b"\n"


def _known(line: bytes, number: int, limits: Limits) -> Known:
    if len(line) > limits.record_bytes:
        raise _bad(number, f"it is longer than {limits.record_bytes} bytes")
    try:
        image = _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _bad(number, neutral(str(error), limit=200)) from error
    if not _NAME.fullmatch(image.name):
        raise _bad(number, "its name is not registry/repository")
    if not all(map(is_digest, image.diff_ids)) or not indexable(image):
        raise _bad(number, "its diff_ids must be one or more sha256 digests")
    if len(image.diff_ids) > limits.layers:
        raise _bad(number, f"it has more than {limits.layers} layers")
    digests = (image.digest, image.list_digest, image.config_digest)
    if not all(is_digest(digest) for digest in digests if digest):
        raise _bad(number, "one of its digests is not a digest")
    return image


def _bad(number: int, why: str) -> InputError:
    return InputError("base.unread", f"line {number} is not a known image: {why}", offset=None)
