"""One download: received into a scratch file, resumed where it broke off, checked at its end.

Only `core.http` imports this; it decides when to try again.
"""

import hashlib
import os
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Final

import httpx2
from msgspec import Struct

from scantling.core.errors import NetworkError
from scantling.core.scratch import ScratchFile
from scantling.core.text import neutral

_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_RANGE: Final = re.compile(r"bytes (?P<start>[0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_OK: Final = 200
_PARTIAL: Final = 206
_FORBIDDEN: Final = 403
_BAD_RANGE: Final = 416


class PassingError(Exception):
    """A failure that may pass; `wait_s` is what the server asked for, 0 if nothing."""

    def __init__(self, error: NetworkError, wait_s: int = 0) -> None:
        super().__init__()
        self.error = error
        self.wait_s = wait_s


class Downloaded(Struct, frozen=True, kw_only=True):
    """A body in a nameless scratch file, position 0. The holder closes `fd`.

    `digest` is `sha256:…` (or the algorithm asked for) of the stored bytes; `fingerprint` the ETag
    or Last-Modified for the next conditional request, empty if the server gives none; `encoding`
    is a Content-Encoding that was *not* undone, as a rule empty.
    """

    fd: int
    size_bytes: int
    digest: str
    fingerprint: str
    url: str
    encoding: str = ""


class Wanted(Struct, frozen=True, kw_only=True):
    """What a download must be. Empty `digest` and None `size_bytes`: not known beforehand."""

    limit_bytes: int
    digest: str = ""
    size_bytes: int | None = None


class Transfer:
    """The state of one download across its tries."""

    def __init__(
        self, file: ScratchFile, wanted: Wanted, on_bytes: Callable[[int], object]
    ) -> None:
        self.file = file
        self._wanted = wanted
        self._on_bytes = on_bytes
        self._algorithm = wanted.digest.partition(":")[0] or "sha256"
        self._hash = hashlib.new(self._algorithm)
        self._validator = ""
        self._encoding = ""
        self._resumed = False

    @property
    def started(self) -> bool:
        """Whether bytes of an earlier try are kept."""
        return self.file.size_bytes > 0

    def conditions(self, fingerprint: str) -> tuple[tuple[str, str], ...]:
        """Return the request headers: conditional the first time, a range when resuming."""
        if not self.started:
            return _conditional(fingerprint)
        ranged = ("Range", f"bytes={self.file.size_bytes}-")
        if self._validator.startswith('"'):
            return (ranged, ("If-Range", self._validator))
        return (ranged,)

    def receive(self, response: httpx2.Response) -> None:
        """Append the body. Raises PassingError if it breaks off, NetworkError if it is wrong."""
        self._place(response)
        self._encoding = response.headers.get("content-encoding", "").strip().lower()
        if self._encoding == "identity":
            self._encoding = ""
        if self._encoding and self._wanted.digest:
            raise NetworkError(
                f"{_host(response)} sent a blob encoded as {neutral(self._encoding)}, which was "
                "not asked for",
                kind="protocol",
            )
        for part in limited(response, self._most_bytes() - self.file.size_bytes):
            self._hash.update(part)
            self.file.write(part)
            self._on_bytes(self.file.size_bytes)

    def result(self, url: str) -> Downloaded:
        """Return the finished download. Raises NetworkError unless it is as wanted."""
        digest = f"{self._algorithm}:{self._hash.hexdigest()}"
        wrong = ""
        if self._wanted.size_bytes not in {None, self.file.size_bytes}:
            wrong = f"{self.file.size_bytes} bytes instead of {self._wanted.size_bytes}"
        elif self._wanted.digest not in {"", digest}:
            wrong = f"{digest} instead of {self._wanted.digest}"
        if wrong:
            error = NetworkError(
                f"{neutral(httpx2.URL(url).host)} sent {wrong}; the content cannot be trusted",
                kind="digest",
            )
            if self._resumed:  # perhaps two different bodies were joined; one whole one may do
                self._restart()
                self._resumed = False
                raise PassingError(error)
            raise error
        os.lseek(self.file.fd, 0, os.SEEK_SET)
        return Downloaded(
            fd=self.file.fd,
            size_bytes=self.file.size_bytes,
            digest=digest,
            fingerprint=self._validator,
            url=url,
            encoding=self._encoding,
        )

    def _place(self, response: httpx2.Response) -> None:
        """Make the file end where the body starts. A server may ignore the range."""
        status = response.status_code
        headers = response.headers
        validator: str = headers.get("etag", "") or headers.get("last-modified", "")
        if status == _BAD_RANGE and self.started:
            self._restart()
            raise PassingError(
                NetworkError(f"{_host(response)} cannot resume the download", kind="protocol")
            )
        if status == _PARTIAL and self.started:
            found = _RANGE.fullmatch(response.headers.get("content-range", ""))
            same = not self._validator or validator in {"", self._validator}
            if found and int(found["start"]) == self.file.size_bytes and same:
                self._resumed = True
                return
            self._restart()
            raise PassingError(
                NetworkError(f"{_host(response)} resumed at a wrong place", kind="protocol")
            )
        if status != _OK:
            raise status_error(response)
        if self.started:
            self._restart()
        self._validator = validator if validator.isprintable() and validator.isascii() else ""

    def _restart(self) -> None:
        self.file.restart()
        self._hash = hashlib.new(self._algorithm)

    def _most_bytes(self) -> int:
        if self._wanted.size_bytes is None:
            return self._wanted.limit_bytes
        return min(self._wanted.size_bytes, self._wanted.limit_bytes)


def limited(response: httpx2.Response, limit_bytes: int) -> Iterator[bytes]:
    """Yield the body as it comes. Raises NetworkError at the first byte beyond the limit."""
    seen = 0
    try:
        for part in _stored(response):
            seen += len(part)
            if seen > limit_bytes:
                raise NetworkError(
                    f"{_host(response)} sends more than the {limit_bytes} bytes expected",
                    kind="limit",
                )
            yield part
    except httpx2.TransportError as error:
        raise explained(error, response.request) from None


def _stored(response: httpx2.Response) -> Iterator[bytes]:
    """Return the body as it was sent; nothing is undone."""
    stream = response.stream
    assert isinstance(stream, httpx2.SyncByteStream), "the client is synchronous"  # noqa: S101
    return iter(stream)


def raise_for_passing(response: httpx2.Response) -> None:
    """Raise PassingError for a status that may pass (429, 5xx; 403 with Retry-After).

    Source: GitHub Docs, "Rate limits for the REST API": secondary limits are 403 or 429.
    """
    asked = response.headers.get("retry-after", "")
    if response.status_code in _PASSING or (response.status_code == _FORBIDDEN and asked):
        wait_s = int(asked) if _SECONDS.fullmatch(asked) else 0
        raise PassingError(status_error(response, wait_s), wait_s)


def status_error(response: httpx2.Response, wait_s: int = 0) -> NetworkError:
    """Return the error for an answer that is not the wanted one."""
    status = response.status_code
    later = f"; it asks to wait {wait_s} seconds" if wait_s else ""
    return NetworkError(
        f"{_host(response)} answered {status} {_WORDS.get(status, '')}".rstrip() + later,
        kind="status",
        status=status,
        challenges=tuple(response.headers.get_list("www-authenticate")),
    )


_WORDS: Final = {
    400: "(bad request)",
    401: "(not logged in)",
    403: "(forbidden)",
    404: "(not found)",
    407: "(the proxy wants a login)",
    408: "(time-out)",
    410: "(gone)",
    429: "(too many requests)",
    451: "(not available for legal reasons)",
    500: "(server error)",
    502: "(bad gateway)",
    503: "(not available now)",
    504: "(gateway time-out)",
}


def explained(error: httpx2.TransportError, request: httpx2.Request) -> PassingError | NetworkError:
    """Return the failure as a sentence; a PassingError if trying again may help.

    The library's own text is used only where it cannot repeat a header that we sent.
    """
    place = f"{neutral(request.url.host)}:{port_of(request.url)}"
    if request.extensions["route"].proxy:
        place += " through the proxy of the environment"
    tls = _cause(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return NetworkError(
            f"the certificate of {place} is not trusted ({tls.verify_message}); if it is yours, "
            "name its authority with --ca-file",
            kind="certificate",
        )
    if tls is not None and isinstance(error, httpx2.ConnectError):
        return NetworkError(
            f"{place} does not speak TLS with us ({tls.args[-1]}); is it a plain http server?",
            kind="tls",
        )
    match error:
        case httpx2.ProxyError():
            return NetworkError(f"the proxy refuses the way to {place}", kind="unreachable")
        case httpx2.ConnectTimeout():
            found = NetworkError(f"{place} does not answer; is it reachable?", kind="unreachable")
        case httpx2.ConnectError():
            reason = _cause(error, OSError)
            word = reason.strerror if isinstance(reason, OSError) and reason.strerror else "failed"
            found = NetworkError(
                f"cannot connect to {place} ({word.lower()}); is it running and reachable?",
                kind="unreachable",
            )
        case httpx2.TimeoutException():
            found = NetworkError(f"{place} is silent or too slow", kind="timeout")
        case httpx2.LocalProtocolError() | httpx2.UnsupportedProtocol():
            return NetworkError(f"the request to {place} cannot be sent", kind="protocol")
        case _:
            found = NetworkError(f"{place} broke off its answer", kind="protocol")
    return PassingError(found)


def port_of(url: httpx2.URL) -> int:
    """Return the port, also when the URL leaves it to its scheme."""
    return url.port or (443 if url.scheme == "https" else 80)


def _cause(error: BaseException, kind: type[OSError]) -> OSError | None:
    """Return the first cause of `error` that is of this kind; the library wraps several times."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None or isinstance(seen, kind):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _conditional(fingerprint: str) -> tuple[tuple[str, str], ...]:
    if not fingerprint:
        return ()
    if fingerprint.startswith(('"', 'W/"')):
        return (("If-None-Match", fingerprint),)
    return (("If-Modified-Since", fingerprint),)


def _host(response: httpx2.Response) -> str:
    return neutral(response.request.url.host)
