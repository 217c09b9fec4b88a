"""An OCI image layout in a tar, plain or compressed with gzip or zstd.

Written by `skopeo copy … oci-archive:app.tar` or `docker buildx build --output type=oci`. Target:
`app.tar`, `oci-archive:app.tar`, `app.tar:TAG`, `app.tar@sha256:…`. A tar without a prefix is
looked at by the docker-archive source, which reads it as this kind if it is one.

Source: OCI image-spec 1.1, image-layout.md.
"""

from typing import Final

from scantling.core.progress import Progress
from scantling.image.api import ImageOptions, OpenImage, Source
from scantling.image.archive import open_archive
from scantling.image.layout import Place, open_layout
from scantling.image.refs import split_prefix


def _claims(reference: str) -> bool:
    return split_prefix(reference)[0] == "oci-archive"


def _open(reference: str, options: ImageOptions, progress: Progress) -> OpenImage:
    archive, found = open_archive(reference, options, progress)
    place = Place(reference=reference, kind="oci-archive", chosen=found, options=options)
    try:
        return open_layout(archive, place, archive.close)
    except BaseException:
        archive.close()
        raise


PLUGIN: Final = Source(name="oci-archive", claims=_claims, open=_open)
