"""JSON over HTTP for the REST APIs of forges.

Paths are made of segments that are percent-encoded one by one, bodies are JSON: nothing that a
branch is called can change where a request goes. What only reads is repeated when it fails for
the moment, what changes something only when the server certainly did nothing.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from scantling.core.errors import NetworkError
from scantling.core.limits import DEFAULT, MIB
from scantling.core.secret import Secret
from scantling.core.text import neutral, octets

if TYPE_CHECKING:  # Loading the HTTP library takes 0.1 s, and most jobs post nothing.
    from scantling.core.http import Http, Reply

_LIMIT_BYTES: Final = 16 * MIB
"""An answer; a page of a hundred long comments is 7 MB."""
_PAGE: Final = 100
_PAGES: Final = 100
_OK: Final = range(200, 300)
_MISSING: Final = 404
_MOST_CHARS: Final = 300
_REFUSED: Final = frozenset({401, 403, 404})

_Kind = TypeVar("_Kind")


class _Failure(msgspec.Struct):
    """How forges say what was wrong: GitHub, GitLab and Azure `message`, Bitbucket `error`."""

    message: object = ""
    error: object = ""


class Client:
    """One API with one token. `api` is the address without a slash at its end."""

    def __init__(
        self, http: "Http", api: str, token: Secret, *, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._http = http
        self._api = api
        self._authorization = Secret(f"Bearer {token.reveal()}")
        self._headers = headers or (("Accept", "application/json"),)

    def get(
        self, path: tuple[str, ...], kind: type[_Kind], query: Mapping[str, str] | None = None
    ) -> _Kind:
        """Return what is there. Raises NetworkError, also for an answer that is not a `kind`."""
        reply = self._http.request(
            "GET",
            self._url(path, query),
            limit_bytes=_LIMIT_BYTES,
            headers=self._headers,
            authorization=self._authorization,
        )
        return _decoded(reply, kind)

    def file(self, path: tuple[str, ...], query: Mapping[str, str] | None = None) -> bytes | None:
        """Return a stored file, None if there is none. Raises NetworkError."""
        reply = self._http.request(
            "GET",
            self._url(path, query),
            limit_bytes=DEFAULT.json_bytes,
            authorization=self._authorization,
        )
        if reply.status == _MISSING:
            return None
        if reply.status not in _OK:
            _decoded(reply, object)
        return reply.body

    def pages(
        self,
        path: tuple[str, ...],
        kind: type[_Kind],
        *,
        size: str = "per_page",
        query: Mapping[str, str] | None = None,
    ) -> Iterator[_Kind]:
        """Yield pages of up to a hundred items, at most a hundred pages; the caller stops it.

        `size` is what the API calls the number of items of a page.
        """
        for page in range(1, _PAGES + 1):
            asked = {**(query or {}), size: str(_PAGE), "page": str(page)}
            yield self.get(path, kind, asked)

    def send(
        self,
        method: str,
        path: tuple[str, ...],
        body: object,
        kind: type[_Kind],
        query: Mapping[str, str] | None = None,
    ) -> _Kind:
        """Change something and return the answer. Raises NetworkError."""
        return _decoded(self._sent(method, path, body, query), kind)

    def delete(self, path: tuple[str, ...], query: Mapping[str, str] | None = None) -> None:
        """Remove something. Raises NetworkError."""
        _decoded(self._sent("DELETE", path, None, query), object)

    def _sent(
        self, method: str, path: tuple[str, ...], body: object, query: Mapping[str, str] | None
    ) -> "Reply":
        return self._http.send(
            method,
            self._url(path, query),
            limit_bytes=_LIMIT_BYTES,
            headers=(*self._headers, ("Content-Type", "application/json")),
            authorization=self._authorization,
            body=b"" if body is None else msgspec.json.encode(body),
        )

    def _url(self, path: tuple[str, ...], query: Mapping[str, str] | None) -> str:
        segments = "/".join(quote(octets(segment), safe="") for segment in path)
        asked = (
            f"?{urlencode({name: octets(text) for name, text in query.items()})}" if query else ""
        )
        return f"{self._api}/{segments}{asked}"


def last_page(items: tuple[object, ...]) -> bool:
    """Return whether nothing can follow a page with these items."""
    return len(items) < _PAGE


def _decoded(reply: "Reply", kind: type[_Kind]) -> _Kind:
    host = reply.url.split("/")[2]
    if reply.status not in _OK:
        raise NetworkError(
            f"{neutral(host)} answered {reply.status}{_said(reply)}{_advice(reply.status)}",
            kind="status",
            status=reply.status,
        )
    try:
        return msgspec.json.decode(reply.body or b"null", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NetworkError(
            f"{neutral(host)} answered {reply.status} with something that its API does not say",
            kind="protocol",
        ) from None


def _said(reply: "Reply") -> str:
    try:
        failure = msgspec.json.decode(reply.body, type=_Failure)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    said = failure.message or failure.error
    if isinstance(said, dict):
        said = said.get("message") or said
    return f" ({neutral(str(said), limit=_MOST_CHARS)})" if said else ""


def _advice(status: int) -> str:
    return "; check what the token may do" if status in _REFUSED else ""
