"""The one way out: HTTP for registries and advisory feeds, by our rules.

1. Only https; plain http to this machine or to a host the user called insecure.
2. A name is resolved once and judged (`core.addresses`), then those addresses are used.
3. Redirects are followed by us: five within the origin, one to another (a blob store), never from
   https to http, never to a nearer network. Credentials are sent to the first origin only.
4. Time-outs, a minimum speed, 64 KiB of headers, and a limit of bytes on every body.
5. Bodies arrive as they are stored (`Accept-Encoding: identity`); nothing is decompressed here.
6. Failures that may pass are tried again with growing, random waits; a broken download resumes.
   What changes something is tried again only if the server did nothing for certain (`send`).

Proxies: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment are honored,
since many networks have no other way out; the proxy then resolves names, so rule 2 holds for
literal addresses only. This machine is never reached through a proxy. `.netrc` is not read.
Certificates: the system's, or `SSL_CERT_FILE`/`SSL_CERT_DIR`, or `HttpSettings.ca_file`.

Importing this module loads the HTTP library (about 0.1 s); import it where a request is certain.
"""

import random
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

import httpx2
from msgspec import Struct
from msgspec.structs import replace

from scantling.core import addresses
from scantling.core.addresses import Reach
from scantling.core.errors import NetworkError
from scantling.core.limits import KIB
from scantling.core.scratch import Scratch
from scantling.core.secret import Secret
from scantling.core.text import neutral
from scantling.core.transfer import (
    Downloaded,
    PassingError,
    Transfer,
    Wanted,
    explained,
    limited,
    port_of,
    raise_for_passing,
)
from scantling.core.version import __version__
from scantling.core.wire import Route, Wire

__all__ = ["Downloaded", "Http", "HttpSettings", "NotModified", "Reply", "Wanted"]

_CONNECT_S: Final = 10.0
_IDLE_S: Final = 30.0
_HEADERS_BYTES: Final = 64 * KIB
_SAME_ORIGIN: Final = 5
_CROSS_ORIGIN: Final = 1
_WAIT_LIMIT_S: Final = 60
_TRIES_IN_ALL: Final = 20
"""Even a download that moves on with each try ends."""
_REDIRECT: Final = frozenset({301, 302, 303, 307, 308})
_REFUSED: Final = frozenset({403, 429})
"""Answers of a server that did nothing and asks to wait."""

_Result = TypeVar("_Result")


class HttpSettings(Struct, frozen=True, kw_only=True):
    """How to reach the network. `insecure_hosts` are `host:port`: plain http, unverified TLS."""

    ca_file: str = ""
    insecure_hosts: frozenset[str] = frozenset()
    use_proxies: bool = True
    tries: int = 4
    """Tries without any progress before giving up."""


class Reply(Struct, frozen=True, kw_only=True):
    """A short answer, read whole. Header names are lower case; a repeated one is joined by `, `.

    `challenges` are the values of WWW-Authenticate, one each.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    challenges: tuple[str, ...] = ()


class _Call(Struct, frozen=True, kw_only=True):
    """What to ask; `within` is how near the server may be."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    authorization: Secret | None = None
    body: bytes = b""
    within: Reach = Reach.LOOPBACK


class NotModified(Struct, frozen=True, kw_only=True):
    """The server still has what `fingerprint` names."""

    fingerprint: str


class Http:
    """A client with its connections, resolved names and scratch space; close it when done.

    `transport`, `resolve`, `sleep` and `jitter` are for tests.
    """

    def __init__(
        self,
        settings: HttpSettings = HttpSettings(),  # noqa: B008 - frozen
        *,
        scratch: Scratch | None = None,
        transport: httpx2.BaseTransport | None = None,
        resolve: Callable[[str, int], tuple[str, ...]] = addresses.resolve,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._scratch = scratch or Scratch()
        self._transport = transport or Wire(self._tls_context)
        self._resolve = resolve
        self._sleep = sleep
        self._jitter = jitter
        self._hosts: dict[tuple[str, int], addresses.Host] = {}
        self._proxies = getproxies_environment() if settings.use_proxies else {}

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        limit_bytes: int,
        headers: tuple[tuple[str, str], ...] = (),
        authorization: Secret | None = None,
        body: bytes = b"",
        within: Reach = Reach.LOOPBACK,
    ) -> Reply:
        """Return the answer, whatever its status below 500 (429 and 408 excepted).

        `within` is how near the server may be; a URL that a stranger gave gets the reach of the
        server that gave it. Raises NetworkError.
        """

        call = _Call(
            url=url,
            method=method,
            headers=headers,
            authorization=authorization,
            body=body,
            within=within,
        )

        return self._retrying(lambda: self._reply(call, limit_bytes), lambda: 0)

    def send(
        self,
        method: str,
        url: str,
        *,
        limit_bytes: int,
        headers: tuple[tuple[str, str], ...] = (),
        authorization: Secret | None = None,
        body: bytes = b"",
    ) -> Reply:
        """Change something once and return the answer, as `request` does otherwise.

        It is tried again only where the server did nothing for certain: it could not be reached, or
        it refused with 429 (or 403 and `Retry-After`, as GitHub does). Raises NetworkError; after
        one of another kind nobody knows whether the change was made.
        """
        call = _Call(
            url=url, method=method, headers=headers, authorization=authorization, body=body
        )

        def once() -> Reply:
            try:
                return self._reply(call, limit_bytes)
            except PassingError as failure:
                if failure.error.kind != "unreachable" and failure.error.status not in _REFUSED:
                    raise failure.error from None
                raise

        return self._retrying(once, lambda: 0)

    def download(
        self,
        url: str,
        *,
        wanted: Wanted,
        fingerprint: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        authorization: Secret | None = None,
        on_bytes: Callable[[int], object] = int,
    ) -> Downloaded | NotModified:
        """Return the body in a scratch file, or NotModified if `fingerprint` is still current.

        A body that breaks off is resumed where it stopped. `on_bytes` is told the bytes so far.
        Raises NetworkError, also for any status but 200, and when size or digest are not as wanted.
        """
        transfer = Transfer(self._scratch.file(), wanted, on_bytes)

        def once() -> Downloaded | NotModified:
            sent = (*headers, *transfer.conditions(fingerprint))
            call = _Call(url=url, headers=sent, authorization=authorization)
            with self._exchange(call) as response:
                if response.status_code == 304 and fingerprint and not transfer.started:  # noqa: PLR2004
                    return NotModified(fingerprint=fingerprint)
                raise_for_passing(response)
                transfer.receive(response)
            return transfer.result(str(response.request.url))

        try:
            outcome = self._retrying(once, lambda: transfer.file.size_bytes)
        except BaseException:
            transfer.file.close()
            raise
        if isinstance(outcome, NotModified):
            transfer.file.close()
        return outcome

    def reach(self, url: str) -> Reach:
        """Return how near the server of `url` is. Raises NetworkError if it has no address."""
        return self._admit(_parsed(url), Reach.LOOPBACK)[1]

    def _reply(self, call: _Call, limit_bytes: int) -> Reply:
        with self._exchange(call) as response:
            raise_for_passing(response)
            return Reply(
                url=str(response.request.url),
                status=response.status_code,
                headers=dict(response.headers),
                body=b"".join(limited(response, limit_bytes)),
                challenges=tuple(response.headers.get_list("www-authenticate")),
            )

    def _retrying(self, once: Callable[[], _Result], progress: Callable[[], int]) -> _Result:
        tries, left = 0, _TRIES_IN_ALL
        before = progress()
        while True:
            try:
                return once()
            except PassingError as failure:
                left -= 1
                tries = 1 if progress() > before else tries + 1
                before = progress()
                if not left or tries >= self._settings.tries or failure.wait_s > _WAIT_LIMIT_S:
                    raise failure.error from None
                # Full jitter: many clients that failed together must not come back together.
                self._sleep(max(failure.wait_s, self._jitter() * 0.5 * 2**tries))

    @contextmanager
    def _exchange(self, call: _Call) -> Iterator[httpx2.Response]:
        """Yield the first answer that is not a redirect; rules 1 to 4 of the module."""
        target = _parsed(call.url)
        same, crossed = 0, 0
        while True:
            route, reach = self._admit(target, call.within)
            response = self._send(call, target, route)
            try:
                if response.status_code not in _REDIRECT:
                    yield response
                    return
                following = _location(target, response)
            finally:
                response.close()
            if _origin(following) == _origin(target):
                same += 1
            else:
                crossed += 1
                # No credentials, and never again, wherever the chain leads.
                call = replace(call, authorization=None, within=min(call.within, reach))
            if same > _SAME_ORIGIN or crossed > _CROSS_ORIGIN or call.body:
                raise NetworkError(f"{neutral(target.host)} redirects too often", kind="forbidden")
            target = following

    def _send(self, call: _Call, target: httpx2.URL, route: Route) -> httpx2.Response:
        sent = [
            ("User-Agent", f"scantling/{__version__}"),
            ("Accept-Encoding", "identity"),
            *call.headers,
        ]
        if call.authorization is not None:
            sent.append(("Authorization", call.authorization.reveal()))
        _check_headers(sent)
        request = httpx2.Request(
            call.method,
            target,
            headers=sent,
            content=call.body or None,
            extensions={
                "timeout": httpx2.Timeout(_IDLE_S, connect=_CONNECT_S).as_dict(),
                "route": route,
            },
        )
        try:
            response = self._transport.handle_request(request)
        except httpx2.TransportError as error:
            raise explained(error, request) from None
        response.request = request
        if sum(len(name) + len(value) for name, value in response.headers.raw) > _HEADERS_BYTES:
            response.close()
            raise NetworkError(f"{neutral(target.host)} sends too many headers", kind="limit")
        return response

    def _admit(self, target: httpx2.URL, within: Reach) -> tuple[Route, Reach]:
        """Return the way to `target`. Raises NetworkError if we do not go there."""
        host, port = target.host, port_of(target)
        insecure = f"{host}:{port}" in self._settings.insecure_hosts
        proxy = self._proxy(target)
        if proxy:
            reach = addresses.literal_reach(host) or Reach.PUBLIC
            route = Route(proxy=proxy, verify=not insecure)
        else:
            found = self._lookup(host, port)
            reach = found.reach
            route = Route(addresses=found.addresses, verify=not insecure)
        if reach > within:
            raise NetworkError(
                f"{neutral(host)} is at a {reach.word} address, which is not followed "
                "from where it was named",
                kind="forbidden",
            )
        if target.scheme != "https" and not insecure and reach is not Reach.LOOPBACK:
            raise NetworkError(
                f"plain http to {neutral(host)} is refused; use https, or declare the host "
                "insecure if you accept the risk",
                kind="forbidden",
            )
        return route, reach

    def _lookup(self, host: str, port: int) -> addresses.Host:
        key = (host, port)
        if key not in self._hosts:
            try:
                found = self._resolve(host, port)
            except (OSError, UnicodeError) as error:
                raise NetworkError(
                    f"the name {neutral(host)} cannot be resolved; check its spelling and the "
                    "name server",
                    kind="dns",
                ) from error
            self._hosts[key] = addresses.judge(host, found)
        return self._hosts[key]

    def _proxy(self, target: httpx2.URL) -> str:
        if not self._proxies or addresses.literal_reach(target.host) is Reach.LOOPBACK:
            return ""
        if proxy_bypass_environment(f"{target.host}:{port_of(target)}", self._proxies):
            return ""
        proxy = self._proxies.get(target.scheme) or self._proxies.get("all", "")
        proxy = proxy if "://" in proxy or not proxy else f"http://{proxy}"
        if proxy and not proxy.startswith(("http://", "https://")):
            raise NetworkError(
                "the environment names a proxy that is neither http nor https; set HTTPS_PROXY to "
                "one that is, or unset it",
                kind="unreachable",
            )
        return proxy

    def _tls_context(self, verify: bool) -> ssl.SSLContext:  # noqa: FBT001 - a callback
        if self._settings.ca_file and verify:
            try:
                return ssl.create_default_context(cafile=self._settings.ca_file)
            except OSError as error:
                raise NetworkError(
                    f"cannot read certificates from {self._settings.ca_file}: {error}",
                    kind="certificate",
                ) from error
        return httpx2.create_ssl_context(verify=verify)


def _parsed(url: str) -> httpx2.URL:
    """Return `url`. Raises NetworkError for anything but http(s) without a user in it."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise NetworkError("an address is not a valid URL", kind="forbidden") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise NetworkError(
            f"only https addresses are used, not {neutral(parsed.scheme, limit=20)}:",
            kind="forbidden",
        )
    if parsed.userinfo:
        raise NetworkError(
            f"the address of {neutral(parsed.host)} has a user name in it, which is not used",
            kind="forbidden",
        )
    return parsed


def _location(target: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    """Return where a redirect leads. Raises NetworkError if we do not go there."""
    try:
        following = _parsed(str(target.join(response.headers.get("location", ""))))
    except httpx2.InvalidURL as error:
        raise NetworkError(
            f"{neutral(target.host)} redirects to an invalid address", kind="forbidden"
        ) from error
    if target.scheme == "https" and following.scheme != "https":
        raise NetworkError(
            f"{neutral(target.host)} redirects from https to http, which is not followed",
            kind="forbidden",
        )
    return following


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return (url.scheme, url.host.rstrip(".").lower(), port_of(url))


def _check_headers(headers: list[tuple[str, str]]) -> None:
    """Refuse what would end a header line, without repeating it."""
    if not all(value.isascii() and value.isprintable() for _, value in headers):
        raise NetworkError(
            "a password, token or header has characters that HTTP cannot send", kind="protocol"
        )
