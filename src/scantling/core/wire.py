"""The lowest layer of the HTTP client: connections to addresses that were judged before.

A name is resolved once, by `core.http`; this transport connects to those addresses only, with the
name kept for TLS and the Host header, so a name that changes its mind between check and use (DNS
rebinding) gains nothing. A peer that sends too slowly is left, whatever it sends: the pace is
measured on the socket, below headers, chunks and compression. Only `core.http` imports this.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore2
import httpx2
from msgspec import Struct

_MINIMUM_BYTES_S: Final = 10 * 1024
_WINDOW_S: Final = 60.0
_HEADER_S: Final = 60.0
_CONNECTIONS: Final = 8
_ADDRESSES: Final = 6
"""Addresses of one name that are tried before giving up."""

_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class Route(Struct, frozen=True, kw_only=True):
    """How one request travels: to `addresses`, or through `proxy` which resolves the name."""

    addresses: tuple[str, ...] = ()
    proxy: str = ""
    verify: bool = True


class Pace:
    """The slowest that a peer may be: headers within a minute, then 10 KiB/s over each minute.

    Source: limit L23 of the design's hostile-input study.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._deadline = 0.0
        self._since = 0.0
        self._bytes = 0
        self._in_body = False

    def begin(self) -> None:
        """A request starts."""
        self._since = self._monotonic()
        self._deadline = self._since + _HEADER_S
        self._bytes = 0
        self._in_body = False

    def body(self) -> None:
        """The headers are complete."""
        self._in_body = True
        self._since = self._monotonic()
        self._bytes = 0

    def advance(self, size_bytes: int) -> None:
        """`size_bytes` arrived. Raises httpcore2.ReadTimeout if that is too slow."""
        now = self._monotonic()
        self._bytes += size_bytes
        if not self._in_body:
            if now > self._deadline:
                raise httpcore2.ReadTimeout("the answer's headers took more than a minute")
            return
        if now - self._since >= _WINDOW_S:
            if self._bytes < _MINIMUM_BYTES_S * (now - self._since):
                raise httpcore2.ReadTimeout("the peer sends less than 10 KiB per second")
            self._since = now
            self._bytes = 0


class Wire(httpx2.BaseTransport):
    """Send requests along the `Route` in their extension `route`.

    `context` makes the TLS settings, for verified or unverified peers. `pace` and `backend` are
    for tests.
    """

    def __init__(
        self,
        context: Callable[[bool], ssl.SSLContext],
        *,
        pace: Pace | None = None,
        backend: httpcore2.NetworkBackend | None = None,
    ) -> None:
        self._context = context
        self._pace = pace or Pace()
        self._backend = backend or httpcore2.SyncBackend()
        self._pins: dict[tuple[str, int], tuple[str, ...]] = {}
        self._pools: dict[tuple[str, bool], httpcore2.ConnectionPool] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, its body still to be read. Raises httpx2.TransportError."""
        route: Route = request.extensions["route"]
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        self._pins[request.url.raw_host.decode("ascii"), port] = route.addresses
        raw = httpcore2.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.read(),  # lint: RD001 our own request
            extensions={"timeout": request.extensions["timeout"]},
        )
        self._pace.begin()
        with _as_httpx():
            answer = self._pool(route).handle_request(raw)
        self._pace.body()
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer)
        )

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, route: Route) -> httpcore2.ConnectionPool:
        key = (route.proxy, route.verify)
        if key not in self._pools:
            self._pools[key] = self._new_pool(route)
        return self._pools[key]

    def _new_pool(self, route: Route) -> httpcore2.ConnectionPool:
        context = self._context(route.verify)
        if not route.proxy:
            return httpcore2.ConnectionPool(
                ssl_context=context,
                max_connections=_CONNECTIONS,
                network_backend=_Backend(self._backend, self._pace, self._pins),
            )
        try:
            proxy = httpx2.Proxy(route.proxy)
        except (httpx2.InvalidURL, ValueError):
            # The text is not repeated: it may hold a password.
            raise httpx2.ProxyError("the proxy's address is not valid") from None
        return httpcore2.HTTPProxy(
            proxy_url=httpcore2.URL(
                scheme=proxy.url.raw_scheme,
                host=proxy.url.raw_host,
                port=proxy.url.port,
                target=b"/",
            ),
            proxy_auth=proxy.raw_auth,
            ssl_context=context,
            max_connections=_CONNECTIONS,
            network_backend=_Backend(self._backend, self._pace, None),
        )


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Connects to pinned addresses; `pins` None is for proxies, which the user named."""

    def __init__(
        self,
        inner: httpcore2.NetworkBackend,
        pace: Pace,
        pins: dict[tuple[str, int], tuple[str, ...]] | None,
    ) -> None:
        self._inner = inner
        self._pace = pace
        self._pins = pins

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = (host,) if self._pins is None else self._pins.get((host, port), ())
        failure: Exception = httpcore2.ConnectError(f"no address was admitted for {host}")
        for address in addresses[:_ADDRESSES]:
            try:
                stream = self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._pace)
        raise failure


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, timeout)
        self._pace.advance(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._pace)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise the library's outer error for its inner one; the two trees use the same names."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        outer: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__)
        raise outer(str(error)) from error
