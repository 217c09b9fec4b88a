"""The HTTP client as feeds use it; registries are in image_sources."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.core.addresses import Reach, judge, literal_reach, reach_of
from scantling.core.errors import NetworkError, TargetError
from scantling.core.http import Downloaded, Http, HttpSettings, NotModified, Wanted
from scantling.core.scratch import Scratch
from scantling.core.wire import Pace, Route, Wire

URL = "https://feeds.example.com/all.json"
BODY = b"a feed" * 1000
PUBLIC = "93.184.216.34"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _http(answer: Any, settings: HttpSettings = HttpSettings(), **more: Any) -> Http:  # noqa: B008
    return Http(
        settings,
        transport=httpx2.MockTransport(answer),
        resolve=lambda _host, _port: (PUBLIC,),
        sleep=lambda _seconds: None,
        **more,
    )


def _served(request: httpx2.Request) -> httpx2.Response:
    if request.headers.get("if-none-match") == '"v1"':
        return httpx2.Response(304)
    return httpx2.Response(200, content=BODY, headers={"ETag": '"v1"'})


def test_a_download_says_what_it_is() -> None:
    got = _http(_served).download(URL, wanted=Wanted(limit_bytes=10_000))

    assert isinstance(got, Downloaded)
    assert os.read(got.fd, 10_000) == BODY
    assert got.size_bytes == len(BODY)
    assert got.digest == f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    assert got.fingerprint == '"v1"'
    assert os.fstat(got.fd).st_nlink == 0
    os.close(got.fd)


def test_what_has_not_changed_is_not_downloaded_again() -> None:
    got = _http(_served).download(URL, wanted=Wanted(limit_bytes=10_000), fingerprint='"v1"')

    assert got == NotModified(fingerprint='"v1"')


@pytest.mark.parametrize(
    ("fingerprint", "header"),
    [
        ('"v1"', "if-none-match"),
        ('W/"v1"', "if-none-match"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "if-modified-since"),
    ],
)
def test_a_fingerprint_is_sent_as_what_it_is(fingerprint: str, header: str) -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(304)

    _http(answer).download(URL, wanted=Wanted(limit_bytes=1), fingerprint=fingerprint)

    assert seen[0].headers[header] == fingerprint


def test_not_modified_without_a_condition_is_an_error() -> None:
    with pytest.raises(NetworkError, match="answered 304"):
        _http(lambda _: httpx2.Response(304)).download(URL, wanted=Wanted(limit_bytes=1))


def test_last_modified_is_the_fingerprint_where_there_is_no_etag() -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    headers = {"Last-Modified": date}
    http = _http(lambda _: httpx2.Response(200, content=b"x", headers=headers))

    got = http.download(URL, wanted=Wanted(limit_bytes=1))

    assert isinstance(got, Downloaded)
    assert got.fingerprint == date
    os.close(got.fd)


@pytest.mark.parametrize("status", [204, 301, 400, 401, 403, 404, 410])
def test_any_other_answer_is_an_error_with_its_status(status: int) -> None:
    http = _http(lambda _: httpx2.Response(status, headers={"Location": "https://a.example/"}))

    with pytest.raises(NetworkError) as caught:
        http.download(URL, wanted=Wanted(limit_bytes=1))

    assert caught.value.status == (0 if status == 301 else status)


def test_a_body_above_its_limit_is_left() -> None:
    with pytest.raises(NetworkError, match="more than the 5 bytes"):
        _http(_served).download(URL, wanted=Wanted(limit_bytes=5))


def test_an_encoded_feed_is_stored_as_it_came() -> None:
    headers = {"Content-Encoding": "x-gzip"}
    http = _http(lambda _: httpx2.Response(200, stream=_Once(b"\x1f\x8bzip"), headers=headers))

    got = http.download(URL, wanted=Wanted(limit_bytes=100))

    assert isinstance(got, Downloaded)
    assert (os.read(got.fd, 100), got.encoding) == (b"\x1f\x8bzip", "x-gzip")
    os.close(got.fd)


class _Once(httpx2.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data


@pytest.mark.parametrize(
    "url",
    [
        "http://feeds.example.com/",
        "ftp://a/",
        "file:///etc/passwd",
        "https://u:p@a/",
        "",
        "\n",
        "a",
    ],
)
def test_only_https_is_spoken(url: str) -> None:
    with pytest.raises(NetworkError):
        _http(_served).request("GET", url, limit_bytes=1)


def test_a_header_that_would_end_its_line_is_not_sent_or_shown() -> None:
    with pytest.raises(NetworkError, match="cannot send") as caught:
        _http(_served).request("GET", URL, limit_bytes=1, headers=(("X", "canary\r\nY: z"),))

    assert "canary" not in str(caught.value)


# Proxies


def _route(url: str, settings: HttpSettings = HttpSettings()) -> Route:  # noqa: B008
    seen: list[Route] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["route"])
        return httpx2.Response(200)

    http = Http(
        settings,
        transport=httpx2.MockTransport(answer),
        resolve=lambda host, _port: ("127.0.0.1" if host == "localhost" else PUBLIC,),
    )
    http.request("GET", url, limit_bytes=1)
    return seen[0]


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "internal.example.com,.example.org")

    assert _route(URL) == Route(proxy="http://proxy.example.com:3128")
    assert _route("https://internal.example.com/").addresses == (PUBLIC,)
    assert _route("https://a.example.org/").addresses == (PUBLIC,)
    assert _route("https://localhost/").addresses == ("127.0.0.1",)
    assert _route(URL, HttpSettings(use_proxies=False)).addresses == (PUBLIC,)


def test_a_proxy_does_not_open_the_way_to_literal_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")

    for host in ("169.254.169.254", "metadata.google.internal", "[fe80::1]", "0xa9fea9fe"):
        with pytest.raises(NetworkError, match="address, which is not followed"):
            _route(f"https://{host}/")


@pytest.mark.parametrize("proxy", ["socks5://proxy.example.com", "http://[", "http://a:b@:x"])
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_text(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    http = Http(resolve=lambda _host, _port: (PUBLIC,), sleep=lambda _seconds: None)

    with pytest.raises(NetworkError, match="proxy") as caught:
        http.request("GET", URL, limit_bytes=1)

    assert proxy not in str(caught.value)
    http.close()


# The wire


class _Stream(httpcore2.NetworkStream):
    def __init__(
        self, parts: Iterable[bytes], clock: list[float], sent: list[bytes] | None = None
    ) -> None:
        self._parts = iter(parts)
        self._clock = clock
        self._sent = [] if sent is None else sent

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._clock[0] += 10
        return next(self._parts, b"")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._sent.append(bytes(buffer))

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:  # noqa: ARG002
        return None


class _Backend(httpcore2.NetworkBackend):
    """Answers on one address; each read takes ten seconds of a made-up clock."""

    def __init__(self, parts: Iterable[bytes], works: str = PUBLIC) -> None:
        self.clock = [0.0]
        self.asked: list[str] = []
        self.sent: list[bytes] = []
        self._parts = parts
        self._works = works

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> _Stream:  # noqa: ARG002
        self.asked.append(host)
        if host != self._works:
            raise httpcore2.ConnectError("refused")
        return _Stream(self._parts, self.clock, self.sent)


def _over(backend: _Backend, addresses: tuple[str, ...] = (PUBLIC,)) -> bytes:
    wire = Wire(
        lambda verify: httpx2.create_ssl_context(verify=verify),
        pace=Pace(lambda: backend.clock[0]),
        backend=backend,
    )
    http = Http(
        HttpSettings(insecure_hosts=frozenset({"plain.example.com:80"}), tries=1),
        transport=wire,
        resolve=lambda _host, _port: addresses,
    )
    try:
        return http.request("GET", "http://plain.example.com/", limit_bytes=10**9).body
    finally:
        http.close()


def test_through_a_proxy_only_the_proxy_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:word@proxy.example.com:3128")
    backend = _Backend(
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], works="proxy.example.com"
    )

    assert _over(backend) == b"ok"
    assert backend.asked == ["proxy.example.com"]
    sent = b"".join(backend.sent)
    assert sent.startswith(b"GET http://plain.example.com/ HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk" in sent


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"


def test_a_connection_goes_to_the_address_that_was_judged() -> None:
    backend = _Backend([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])

    assert _over(backend, ("93.184.216.1", PUBLIC)) == b"ok"
    assert backend.asked == ["93.184.216.1", PUBLIC]


def test_h170_headers_that_drip_are_left() -> None:
    drip = (bytes([byte]) for byte in HEAD)

    with pytest.raises(NetworkError, match="silent or too slow"):
        _over(_Backend(drip))


@pytest.mark.parametrize("size", [1, 10_000])
def test_h170_a_body_that_drips_is_left(size: int) -> None:
    with pytest.raises(NetworkError, match="silent or too slow"):
        _over(_Backend([HEAD, *[bytes(size)] * (300_000 // size)]))


def test_h170_chunks_that_never_begin_are_left() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    with pytest.raises(NetworkError, match="silent or too slow"):
        _over(_Backend([head, *[b"0"] * 100]))


def test_a_body_that_is_just_fast_enough_arrives() -> None:
    assert len(_over(_Backend([HEAD, *[bytes(150_000)] * 2]))) == 300_000


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n" + bytes(30)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
        [b"SSH-2.0-OpenSSH\r\n"],
        [b""],
        [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000],
    ],
    ids=["short", "two_lengths", "chunks", "negative", "ssh", "nothing", "header"],
)
def test_h171_broken_http_is_an_error(parts: list[bytes]) -> None:
    with pytest.raises(NetworkError):
        _over(_Backend(parts))


# Addresses


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1::1", Reach.PUBLIC),
        ("10.1.2.3", Reach.PRIVATE),
        ("172.31.0.1", Reach.PRIVATE),
        ("192.168.0.1", Reach.PRIVATE),
        ("100.127.0.1", Reach.PRIVATE),
        ("fd12::1", Reach.PRIVATE),
        ("fec0::1", Reach.PRIVATE),
        ("127.9.9.9", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("::127.0.0.1", Reach.LOOPBACK),
        ("64:ff9b::7f00:1", Reach.LOOPBACK),
        ("2002:a00:1::", Reach.PRIVATE),
        ("169.254.0.1", Reach.FORBIDDEN),
        ("::ffff:169.254.169.254", Reach.FORBIDDEN),
        ("fe80::1", Reach.FORBIDDEN),
        ("fe80::1%eth0", Reach.FORBIDDEN),
        ("ff02::1", Reach.FORBIDDEN),
        ("255.255.255.255", Reach.FORBIDDEN),
        ("240.0.0.1", Reach.FORBIDDEN),
        ("0.0.0.0", Reach.FORBIDDEN),  # noqa: S104 - refused
        ("not an address", Reach.FORBIDDEN),
    ],
)
def test_h163_how_near_an_address_is(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach


def test_a_name_is_as_near_as_its_nearest_address_and_forbidden_ones_are_left_out() -> None:
    found = judge("a.example.com", ("93.184.216.34", "10.0.0.1", "169.254.169.254"))

    assert found.addresses == ("93.184.216.34", "10.0.0.1")
    assert found.reach is Reach.PRIVATE


@given(text=st.text(max_size=40))
def test_any_text_has_a_reach_and_no_answer_is_more_open_than_its_address(text: str) -> None:
    assert reach_of(text) in Reach
    assert literal_reach(text) in {None, *Reach}


@given(number=st.integers(0, 2**32 - 1))
def test_an_embedded_address_is_at_least_as_near(number: int) -> None:
    plain = f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    for outer in (f"::ffff:{plain}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert reach_of(outer) >= reach_of(plain)


# Scratch space


def test_scratch_files_have_no_name_and_a_quota(tmp_path: Path) -> None:
    scratch = Scratch(str(tmp_path), quota_bytes=100)
    file = scratch.file()
    file.write(b"x" * 60)
    second = scratch.file()

    with pytest.raises(TargetError, match="more than 100 bytes of scratch space"):
        second.write(b"x" * 60)

    assert list(tmp_path.iterdir()) == []
    os.close(second.fd)
    file.restart()
    file.write(b"y")
    assert os.pread(file.fd, 10, 0) == b"y"
    file.close()


def _sent(*answers: httpx2.Response | Exception) -> tuple[int, list[int | str]]:
    """Send a change to a server that answers so, one answer each; return tries and the outcome."""
    left, seen = [*answers], list[int | str]()

    def answer(_: httpx2.Request) -> httpx2.Response:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    try:
        reply = _http(answer).send("POST", URL, limit_bytes=100, body=b"{}")
        seen.append(reply.status)
    except NetworkError as error:
        seen.append(error.kind)
    return len(answers) - len(left), seen


def test_a_change_is_sent_again_only_if_the_server_did_nothing() -> None:
    done = httpx2.Response(201)
    wait = {"Retry-After": "1"}

    assert _sent(httpx2.ConnectError("refused"), done) == (2, [201])
    assert _sent(httpx2.Response(429), done) == (2, [201])
    assert _sent(httpx2.Response(403, headers=wait), done) == (2, [201])
    assert _sent(httpx2.Response(403), done) == (1, [403])
    assert _sent(httpx2.Response(502), done) == (1, ["status"])
    assert _sent(httpx2.Response(503, headers=wait), done) == (1, ["status"])
    assert _sent(httpx2.ReadTimeout("silent"), done) == (1, ["timeout"])
    assert _sent(httpx2.RemoteProtocolError("broke off"), done) == (1, ["protocol"])


def test_a_change_never_follows_a_redirect() -> None:
    moved = httpx2.Response(307, headers={"Location": "https://feeds.example.com/other"})

    assert _sent(moved, httpx2.Response(201)) == (1, ["forbidden"])


def test_a_scratch_file_that_its_taker_closed_does_not_count(tmp_path: Path) -> None:
    scratch = Scratch(str(tmp_path), quota_bytes=100)

    for _ in range(5):
        file = scratch.file()
        file.write(b"x" * 60)
        os.close(file.fd)

    one, other = scratch.file(), scratch.file()
    one.write(b"x" * 60)
    with pytest.raises(TargetError, match="more than 100 bytes"):
        other.write(b"x" * 60)
    os.close(one.fd)
    os.close(other.fd)


def test_scratch_space_falls_back_to_memory() -> None:
    file = Scratch("/proc").file()

    file.write(b"kept")

    assert os.pread(file.fd, 10, 0) == b"kept"
    file.close()


def test_a_scratch_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(TargetError, match="point TMPDIR to a writable folder"):
        Scratch("/nowhere/at/all").file()
