"""From a target to an open image: hop 3 of a scan."""

from scantling.core.errors import TargetError
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.refs import PREFIXES
from scantling.image.registry import SOURCES


def open_image(reference: str, options: ImageOptions, progress: Progress) -> OpenImage:
    """Return the image that `reference` names; `refs` says how it is written.

    Layers are not read; a registry's are downloaded when a blob is opened. The caller closes it.
    Raises TargetError (RegistryError for a registry) with a sentence: what, where, what to do next;
    UsageError for an impossible platform.
    """
    if not reference.strip():
        raise TargetError("no target is given; name an image, an archive or a folder")
    try:
        for source in SOURCES.values():
            if source.claims(reference):
                return source.open(reference, options, progress)
    except OSError as error:
        raise TargetError(
            f"cannot read {neutral(reference, limit=200)}: {error.strerror or error}; check the "
            "disk and its rights"
        ) from error
    raise TargetError(
        f"{neutral(reference, limit=200)} is neither a file nor an image reference; kinds of "
        f"targets are {', '.join(f'{prefix}:' for prefix in PREFIXES)}"
    )
