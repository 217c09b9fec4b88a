"""In-toto statements attached to an image by BuildKit: an attestation manifest beside it.

The manifest is listed in the image's index under the platform `unknown/unknown`; its layers are
statements. They are content by digest and not signed: they say what the builder says.

Source: BuildKit, docs/attestations/attestation-storage.md.
"""

from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import TargetError
from scantling.core.limits import Limits
from scantling.core.text import neutral
from scantling.image.choice import Read
from scantling.image.descriptors import Descriptor, verify
from scantling.image.refs import is_digest

_STATEMENT: Final = "application/vnd.in-toto+json"


class _Layer(Struct):
    mediaType: str  # noqa: N815 - the specification's spelling
    digest: str
    size: int


class _Attestation(Struct):
    layers: list[_Layer]


def read_statements(
    attestations: tuple[Descriptor, ...], read: Read, limits: Limits
) -> tuple[bytes, ...]:
    """Return the statements in the attestation manifests, in their order, digests verified.

    Raises TargetError when one is damaged, missing or too long.
    """
    found = []
    for node in attestations:
        data = _checked(node, read, limits)
        try:
            manifest = msgspec.json.decode(data, type=_Attestation)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise TargetError(
                f"the attestation {node.digest} is not valid: {neutral(str(error), limit=200)}"
            ) from error
        for layer in manifest.layers[: limits.layers]:
            if layer.mediaType == _STATEMENT and is_digest(layer.digest):
                inner = Descriptor(
                    digest=layer.digest, size_bytes=layer.size, media_type=layer.mediaType
                )
                found.append(_checked(inner, read, limits))
    return tuple(found)


def _checked(node: Descriptor, read: Read, limits: Limits) -> bytes:
    what = f"the attestation {node.digest}"
    if node.size_bytes > limits.manifest_bytes:
        raise TargetError(
            f"{what} is longer than {limits.manifest_bytes} bytes; raise the limit manifest_bytes "
            "if you trust the image"
        )
    try:
        return verify(read(node, what), node, what)
    except FileNotFoundError as error:
        raise TargetError(f"{what} is not in the target; export the image again") from error
