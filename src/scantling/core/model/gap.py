"""Gaps: what could not be read or judged. A gap is data in every output, never a log line."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class GapKind(StrEnum):
    """A blocking gap makes the verdict `unknown`; an info gap is shown and changes nothing."""

    BLOCKING = "blocking"
    INFO = "info"


class Gap(Struct, frozen=True, kw_only=True, order=True):
    """One thing that was not, or not fully, looked at.

    `layer` counts from 0 (None: not tied to a layer); `path` is the file inside the image; `offset`
    the byte position in the stream that broke; `limit` names the field of `core.limits.Limits`
    that stopped us; `count` how many alike were folded into this one.
    """

    code: str
    kind: GapKind
    detail: str
    path: str = ""
    layer: int | None = None
    offset: int | None = None
    limit: str = ""
    count: int = 1

    @property
    def advice(self) -> str:
        """Return what a person can do about it; one sentence."""
        return CODES[self.code][2]


_B: Final = GapKind.BLOCKING
_I: Final = GapKind.INFO

# code: kind, meaning, advice. Order: by stage of the scan. The manual's page is generated from it.
CODES: Final[dict[str, tuple[GapKind, str, str]]] = {
    # archives
    "tar.truncated": (_B, "a tar stream ends early", "Export or pull the image again."),
    "tar.header": (_B, "a tar header is damaged", "Export or pull the image again."),
    "tar.type": (_B, "a tar entry has an unknown type", "Rebuild the layer with a standard tool."),
    "tar.pax": (_B, "a tar extended header is invalid", "Rebuild the layer with a standard tool."),
    "tar.ambiguous": (_B, "readers could disagree on this tar entry", "Rebuild the layer."),
    "tar.sparse": (_B, "a sparse file map is invalid", "Rebuild the layer with a standard tool."),
    "tar.trailing": (_B, "data follows the end of a tar archive", "Rebuild the layer."),
    "tar.duplicate": (_B, "one layer has two entries for a path", "Rebuild the layer."),
    "tar.note": (_I, "a tar archive uses a rare but readable form", "Nothing to do."),
    "tree.conflict": (_B, "a path is both a file and a folder", "Rebuild the layer."),
    "path.escape": (_B, "a name points out of the image", "Do not trust this image."),
    "path.name": (_B, "a name is empty, too long or has a NUL byte", "Rebuild the layer."),
    "link.loop": (_B, "links lead in a circle", "Rebuild the layer."),
    "link.missing": (_B, "a hard link points to nothing", "Rebuild the layer."),
    "link.unread": (_B, "a needed file is a link to a file that was not read", "Report it to us."),
    "whiteout.invalid": (_B, "a deletion marker is malformed", "Rebuild the layer."),
    "whiteout.overlay": (_I, "an overlay-style deletion marker was not applied", "Nothing to do."),
    "gzip.corrupt": (_B, "a gzip stream is damaged", "Export or pull the image again."),
    "zstd.corrupt": (_B, "a zstd stream is damaged", "Export or pull the image again."),
    "zstd.window": (_B, "a zstd stream asks for too large a window", "Recompress the layer."),
    "zip.corrupt": (_B, "a zip archive is damaged", "Replace the file in the image."),
    "zip.overlap": (_B, "entries of a zip archive overlap", "Do not trust this file."),
    "zip.ambiguous": (_B, "readers could disagree on this zip archive", "Replace the file."),
    "zip.encrypted": (_B, "a zip archive has encrypted entries", "Check the file by other means."),
    "zip.method": (_B, "a zip entry uses an unsupported compression", "Repack the file."),
    # layers
    "layer.digest": (_B, "a layer's bytes do not have its digest", "Pull the image again."),
    "layer.diffid": (_B, "a layer's content does not have its diff ID", "Rebuild the image."),
    "layer.size": (_B, "a layer is not as long as declared", "Pull the image again."),
    "layer.mediatype": (_B, "a layer is not what its media type says", "Rebuild the image."),
    "layer.encrypted": (_B, "a layer is encrypted", "Decrypt the image before scanning."),
    "layer.unsupported": (_B, "a layer is of an unsupported kind", "Convert the image."),
    "layer.foreign": (_B, "a layer lives elsewhere and was not fetched", "Include its content."),
    "layer.missing": (_B, "a layer's bytes are not in the target", "Export the image again."),
    "layer.unread": (_B, "a layer could not be read to its end", "See the detail; scan again."),
    "image.empty": (_B, "the image has no layers and does not say it is scratch", "Check it."),
    "folder.mount": (_I, "another file system is mounted in the folder", "Scan it separately."),
    "file.unreadable": (_B, "a file cannot be opened", "Scan with the right to read it."),
    "cache.unusable": (_I, "the facts cache cannot be written", "Check its folder."),
    "image.unrecognized": (_B, "nothing in the image was recognized as a package", "Check it."),
    "base.unread": (_I, "what could name the base image was not read", "See the detail."),
    # limits
    "limit.bytes": (_B, "more bytes than allowed", "Raise the named limit if you trust the image."),
    "limit.ratio": (
        _B,
        "content expands too much",
        "Raise the named limit if you trust the image.",
    ),
    "limit.entries": (_B, "too many entries", "Raise the named limit if you trust the image."),
    "limit.file": (
        _B,
        "a wanted file is too large",
        "Raise the named limit if you trust the image.",
    ),
    "limit.nested": (_B, "archives are nested too deeply or too many", "Raise the named limit."),
    "limit.records": (_B, "a database has too many or too large records", "Raise the named limit."),
    "limit.time": (_B, "reading took too long", "Raise the named limit if you trust the image."),
    "limit.memory": (_B, "reading took too much memory", "Raise the named limit."),
    "limit.results": (_B, "a file yields too many results", "Raise the named limit."),
    # files
    "parse.failed": (_B, "a file that lists packages cannot be parsed", "Repair it in the image."),
    "parse.record": (_B, "a record of a package list cannot be parsed", "Repair it in the image."),
    "parse.conflict": (
        _B,
        "a file's claims about one package disagree",
        "Check which one is true.",
    ),
    "parse.note": (_I, "a file is unusual but readable", "Nothing to do."),
    "parser.crashed": (_B, "a parser died on a file", "Report it to us with the file."),
    "parser.bug": (_B, "our parser failed on a file", "Report it to us with the file."),
    "java.unidentified": (
        _B,
        "a Java archive does not say what it is",
        "Add Maven metadata to it.",
    ),
    "go.unversioned": (
        _B,
        "a Go module has no released version",
        "Build it from a tagged version.",
    ),
    "binary.opaque": (_I, "an executable belongs to no known package", "Record where it is from."),
    # operating system
    "os.unknown": (_B, "the distribution cannot be told", "Keep /etc/os-release in the image."),
    "os.no-package-db": (_B, "the package database is missing", "Keep it in the image."),
    "os.conflict": (_B, "package databases of different systems are present", "Check the image."),
    "os.no-source-names": (
        _B,
        "a package list does not name the source packages that advisories speak of",
        "Keep the package manager's own list in the image.",
    ),
    "os.end-of-life": (_B, "the distribution gets no more advisories", "Move to a supported one."),
    "os.extended-support": (_I, "the distribution is past its regular end", "Plan the move."),
    "os.no-release": (_B, "the database knows the distribution, not this release", "Update it."),
    # advisory data
    "coverage.none": (_B, "no advisory source covers these packages", "Add a source: db update."),
    "coverage.partial": (_B, "the only source covers part of these packages", "Run db update."),
    "coverage.fixes-only": (_I, "the source lists fixed vulnerabilities only", "Nothing to do."),
    "advisories.stale": (_B, "an advisory source is too old", "Run scantling db update."),
    "advisories.missing": (_B, "there is no advisory database", "Run scantling db update."),
    "advisories.unverified": (_B, "the database has no trusted signature", "Import a signed one."),
    "advisories.record": (_I, "an advisory could not be read when the database was built", "None."),
    "version.incomparable": (_B, "versions cannot be compared, so the match is open", "Check it."),
    # VEX: what is not applied can only make a scan report more
    "vex.unreadable": (_I, "a VEX document or statement could not be read", "Repair the document."),
    "vex.unused": (_I, "a VEX statement was not applied", "See the detail; correct the statement."),
    "sandbox.degraded": (
        _I,
        "the kernel offers less isolation than wanted",
        "Run scantling doctor.",
    ),
    "scan.interrupted": (_B, "the scan was stopped before its end", "Scan again."),
}


def gap(
    code: str,
    detail: str,
    *,
    path: str = "",
    layer: int | None = None,
    offset: int | None = None,
    limit: str = "",
    count: int = 1,
) -> Gap:
    """Return the gap of this code; its kind comes from the table. KeyError: an unknown code."""
    kind = CODES[code][0]
    return Gap(
        code=code,
        kind=kind,
        detail=detail,
        path=path,
        layer=layer,
        offset=offset,
        limit=limit,
        count=count,
    )
