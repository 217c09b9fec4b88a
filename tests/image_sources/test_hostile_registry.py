"""Hostile registries. Numbers are rows of the hostile-input catalog."""

import os
from collections.abc import Callable, Iterator

import httpx2
import pytest

from scantling.core.errors import RegistryError, TargetError
from scantling.core.limits import Limits
from scantling.image.api import ImageOptions
from scantling.testing.images import Blob, MemoryImage, json_bytes

from .opening import DEFAULT, SMALL, Fake, stored_layers

PLACE = "registry.example.com"
NAME = f"{PLACE}/example/app"
LAYER = SMALL.layer_blobs()[0]


@pytest.fixture
def fake() -> Fake:
    served = Fake()
    served.server.push(SMALL, "example/app")
    return served


def _answer(
    fake: Fake, word: str, answer: Callable[[httpx2.Request], httpx2.Response | None]
) -> None:
    fake.server.hooks.append(lambda request: answer(request) if word in str(request.url) else None)


class Breaking(httpx2.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx2.RemoteProtocolError("peer closed connection")


class Endless(httpx2.SyncByteStream):
    """A body that never ends; `sent` counts what was taken."""

    sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 65_536
            yield bytes(65_536)


# Content


def test_h159_a_manifest_that_is_not_the_one_asked_for_is_refused(fake: Fake) -> None:
    other = MemoryImage(layers=({"other": b""},)).manifest_blob()
    _answer(fake, "/manifests/", lambda _: httpx2.Response(200, content=other.data))

    with pytest.raises(RegistryError, match="cannot be trusted"):
        fake.open(f"{NAME}@{SMALL.manifest_blob().digest}")


def test_h159_a_configuration_that_is_not_the_one_asked_for_is_refused(fake: Fake) -> None:
    data = SMALL.config_blob().data.replace(b"amd64", b"arm64")
    _answer(fake, SMALL.config_blob().digest, lambda _: httpx2.Response(200, content=data))

    with pytest.raises(TargetError, match="does not have the digest"):
        fake.open(NAME)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LAYER.data[:-1], "bytes instead of"),
        (LAYER.data + b"x", "sends more than the"),
        (LAYER.data[:-1] + b"x", "the content cannot be trusted"),
        (b"", "0 bytes instead of"),
    ],
    ids=["shorter", "longer", "changed", "empty"],
)
def test_h160_a_layer_that_is_not_the_one_asked_for_is_refused(
    fake: Fake, data: bytes, words: str
) -> None:
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(200, content=data))

    with pytest.raises(RegistryError, match=words):
        fake.open(NAME).blobs[0].open()


def test_h160_an_endless_layer_is_left_at_the_first_byte_too_many(fake: Fake) -> None:
    body = Endless()
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(200, stream=body))

    with pytest.raises(RegistryError, match=f"more than the {len(LAYER.data)} bytes"):
        fake.open(NAME).blobs[0].open()

    assert body.sent <= 65_536


def test_an_endless_manifest_is_left_at_the_limit(fake: Fake) -> None:
    body = Endless()
    _answer(fake, "/manifests/", lambda _: httpx2.Response(200, stream=body))

    with pytest.raises(RegistryError, match="more than the 4194304 bytes"):
        fake.open(NAME)

    assert body.sent < 5_000_000


@pytest.mark.parametrize(
    "header", ["sha256:" + "0" * 64, "sha256:../../x", "md5:0", SMALL.config_blob().digest, "x"]
)
def test_h161_a_digest_header_that_is_not_the_bodys_is_refused(fake: Fake, header: str) -> None:
    blob = SMALL.manifest_blob()
    headers = {"Docker-Content-Digest": header, "Content-Type": blob.media_type}
    _answer(fake, "/manifests/", lambda _: httpx2.Response(200, content=blob.data, headers=headers))

    with pytest.raises(RegistryError, match="which it has not"):
        fake.open(NAME)


def test_h162_a_tag_is_asked_once_and_pinned(fake: Fake) -> None:
    arm = MemoryImage(layers=({"a": b""},), architecture="arm64")
    fake.server.push_index((arm, SMALL), "example/app", "latest")

    image = fake.open(NAME)
    stored_layers(image)

    assert len(fake.server.asked("/manifests/latest")) == 1
    others = [str(request.url) for request in fake.server.requests[1:]]
    assert all("sha256:" in url for url in others)


def test_h171_a_blob_that_is_encoded_is_not_decoded(fake: Fake) -> None:
    encoded = {"Content-Encoding": ", ".join(["gzip"] * 10)}
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(200, stream=Endless(), headers=encoded))

    with pytest.raises(RegistryError, match="encoded as gzip, gzip"):
        fake.open(NAME).blobs[0].open()

    assert fake.server.requests[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        ("application/vnd.oci.image.index.v1+json", "media type says index"),
        ("application/vnd.docker.distribution.manifest.v2+json", "a media type other than"),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
    ],
    ids=["H175_index", "H175_docker", "H176"],
)
def test_a_media_type_header_that_contradicts_the_content_is_refused(
    fake: Fake, media_type: str, words: str
) -> None:
    fake.server.put_manifest(
        Blob(data=SMALL.manifest_blob().data, media_type=media_type), "example/app", "latest"
    )

    with pytest.raises(TargetError, match=words):
        fake.open(NAME)


@pytest.mark.parametrize("media_type", ["application/json", "text/plain; charset=utf-8", ""])
def test_a_media_type_header_that_says_nothing_is_accepted(fake: Fake, media_type: str) -> None:
    blob = Blob(data=SMALL.manifest_blob().data, media_type=media_type)
    fake.server.put_manifest(blob, "example/app", "latest")

    assert fake.open(NAME).image.digest == SMALL.manifest_blob().digest


def test_h177_a_foreign_layer_is_never_fetched(fake: Fake) -> None:
    layers = [
        LAYER.descriptor(urls=["https://evil.example.net/layer"]),
        SMALL.layer_blobs()[1].descriptor(),
    ]
    manifest = {
        "schemaVersion": 2,
        "config": SMALL.config_blob().descriptor(),
        "layers": layers,
    }
    fake.server.put_manifest(
        Blob(data=json_bytes(manifest), media_type=SMALL.manifest_blob().media_type),
        "example/app",
        "latest",
    )

    image = fake.open(NAME)

    assert [(gap.code, gap.layer) for gap in image.gaps] == [("layer.foreign", 0)]
    with pytest.raises(TargetError):
        image.blobs[0].open()
    assert fake.server.asked("evil") == []


def test_a_layer_larger_than_allowed_is_not_downloaded(fake: Fake) -> None:
    options = ImageOptions(
        platform=DEFAULT.platform, limits=Limits(layer_compressed_bytes=len(LAYER.data) - 1)
    )

    with pytest.raises(RegistryError, match="raise the limit layer_compressed_bytes"):
        fake.open(NAME, options).blobs[0].open()

    assert fake.server.asked(LAYER.digest) == []


# Where we are sent


@pytest.mark.parametrize(
    ("location", "addresses"),
    [
        ("https://169.254.169.254/latest/meta-data/", ("169.254.169.254",)),
        ("https://[::ffff:169.254.169.254]/", ("::ffff:169.254.169.254",)),
        ("https://[fe80::1]/", ("fe80::1",)),
        ("https://[64:ff9b::a9fe:a9fe]/", ("64:ff9b::a9fe:a9fe",)),
        ("https://[2002:a9fe:a9fe::]/", ("2002:a9fe:a9fe::",)),
        ("https://[fd00:ec2::254]/", ("fd00:ec2::254",)),
        ("https://metadata.google.internal/", ("169.254.169.254",)),
        ("https://0x7f.1/", ("127.0.0.1",)),
        ("https://2130706433/", ("127.0.0.1",)),
        ("https://localhost./", ("127.0.0.1",)),
        ("https://[::1]/", ("::1",)),
        ("https://0.0.0.0/", ("0.0.0.0",)),  # noqa: S104 - a redirect
        ("https://10.0.0.1/", ("10.0.0.1",)),
        ("https://100.64.0.1/", ("100.64.0.1",)),
        ("https://harmless.example.net/", ("192.168.1.1",)),
        ("https://mixed.example.net/", ("93.184.216.34", "10.0.0.1")),
    ],
)
def test_h163_a_redirect_to_a_nearer_network_is_refused(
    fake: Fake, location: str, addresses: tuple[str, ...]
) -> None:
    host = httpx2.URL(location).host
    fake.addresses[host] = addresses
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(307, headers={"Location": location}))

    with pytest.raises(RegistryError, match="address, which is not followed"):
        fake.open(NAME).blobs[0].open()

    assert all(request.url.host == PLACE for request in fake.server.requests)


def test_h163_a_private_registry_may_redirect_to_a_private_store(fake: Fake) -> None:
    fake.addresses |= {PLACE: ("10.0.0.1",), "store.example.net": ("10.0.0.2",)}

    def store(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.host == PLACE:
            return httpx2.Response(
                307, headers={"Location": "https://store.example.net/" + LAYER.digest}
            )
        return httpx2.Response(200, content=LAYER.data)

    _answer(fake, LAYER.digest, store)

    os.close(fake.open(NAME).blobs[0].open().fd)


@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "224.0.0.1", "::"])
def test_h163_not_even_the_user_reaches_a_metadata_service(fake: Fake, address: str) -> None:
    fake.addresses[PLACE] = (address,)

    with pytest.raises(RegistryError, match="link-local, metadata or reserved address"):
        fake.open(NAME)

    assert fake.server.requests == []


def test_h163_a_name_is_resolved_once(fake: Fake) -> None:
    image = fake.open(NAME)
    fake.addresses[PLACE] = ("169.254.169.254",)

    stored_layers(image)

    assert fake.resolved == [PLACE]


@pytest.mark.parametrize(
    "location",
    [
        f"http://{PLACE}/layer",
        "file:///etc/passwd",
        "gopher://store.example.net/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "https://user:word@store.example.net/",
        "https://",
        "https://store.example.net:notaport/",
        "//",
    ],
)
def test_h164_a_redirect_that_is_no_https_address_is_refused(fake: Fake, location: str) -> None:
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(307, headers={"Location": location}))

    with pytest.raises(RegistryError, match="cannot read layer"):
        fake.open(NAME).blobs[0].open()

    assert all(request.url.host == PLACE for request in fake.server.requests)


@pytest.mark.parametrize(("cross", "most"), [(True, 2), (False, 6)])
def test_h165_redirects_end(fake: Fake, *, cross: bool, most: int) -> None:
    seen: list[httpx2.Request] = []

    def again(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        host = f"store{len(seen)}.example.net" if cross else PLACE
        location = f"https://{host}/{LAYER.digest}/{len(seen)}"
        return httpx2.Response(302, headers={"Location": location})

    _answer(fake, LAYER.digest, again)

    with pytest.raises(RegistryError, match="redirects too often"):
        fake.open(NAME).blobs[0].open()

    assert len(seen) == most


# Failures that may pass


def test_h169_an_endless_401_is_asked_twice_at_most(fake: Fake) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="{fake.server.realm}"'}
    _answer(fake, "/v2/", lambda _: httpx2.Response(401, headers=challenge))

    with pytest.raises(RegistryError, match=r"there is no login for it|is wrong"):
        fake.open(NAME)

    assert len(fake.server.asked("/v2/")) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_h169_a_failing_server_is_asked_a_few_times_with_growing_waits(
    fake: Fake, status: int
) -> None:
    _answer(fake, "/v2/", lambda _: httpx2.Response(status))

    with pytest.raises(RegistryError, match=f"answered {status}"):
        fake.open(NAME)

    assert len(fake.server.requests) == 4
    assert fake.waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [429, 503])
def test_h169_a_server_that_recovers_is_used(fake: Fake, status: int) -> None:
    answers = [httpx2.Response(status, headers={"Retry-After": "7"})]
    _answer(fake, "/v2/", lambda _: answers.pop() if answers else None)

    assert fake.open(NAME).image.layers
    assert fake.waits == [7.0]


@pytest.mark.parametrize("wait", ["315360000", "61", "999999999999"])
def test_h169_a_wait_of_years_is_not_waited(fake: Fake, wait: str) -> None:
    _answer(fake, "/v2/", lambda _: httpx2.Response(429, headers={"Retry-After": wait}))

    with pytest.raises(RegistryError, match=f"limits requests.*wait {wait} seconds"):
        fake.open(NAME)

    assert fake.waits == []


@pytest.mark.parametrize("wait", ["-5", "soon", "9" * 400, "1.5", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_h169_a_strange_wait_is_our_own(fake: Fake, wait: str) -> None:
    _answer(fake, "/v2/", lambda _: httpx2.Response(503, headers={"Retry-After": wait}))

    with pytest.raises(RegistryError):
        fake.open(NAME)

    assert fake.waits == [1.0, 2.0, 4.0]


def test_h167_headers_without_end_are_refused(fake: Fake) -> None:
    _answer(fake, "/v2/", lambda _: httpx2.Response(200, headers={"X": "y" * 100_000}))

    with pytest.raises(RegistryError, match="too many headers"):
        fake.open(NAME)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx2.ConnectError("secret words"), "cannot connect to registry.example.com:443"),
        (httpx2.ConnectTimeout("secret words"), "does not answer"),
        (httpx2.ReadTimeout("secret words"), "is silent or too slow"),
        (httpx2.RemoteProtocolError("secret words"), "broke off its answer"),
        (httpx2.LocalProtocolError("secret words"), "cannot be sent"),
        (httpx2.ProxyError("secret words"), "the proxy refuses"),
    ],
)
def test_a_broken_connection_is_explained(
    fake: Fake, error: httpx2.TransportError, words: str
) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise error

    _answer(fake, "/v2/", fail)

    with pytest.raises(RegistryError, match=words) as caught:
        fake.open(NAME)

    assert "secret words" not in str(caught.value)


def test_a_name_without_address_is_explained(fake: Fake) -> None:
    def fail(host: str, _port: int) -> tuple[str, ...]:
        raise OSError(-2, "Name or service not known")

    fake.resolve = fail  # type: ignore[method-assign]

    with pytest.raises(RegistryError, match=r"the name registry\.example\.com cannot be resolved"):
        fake.open(NAME)


# Resuming


def test_h171_a_download_that_breaks_off_is_resumed(fake: Fake) -> None:
    cuts = [3000, 100]

    def cut(request: httpx2.Request) -> httpx2.Response | None:
        if not cuts:
            return None
        whole = fake.server.served(request)
        part = Breaking(whole.content[: cuts.pop()])
        return httpx2.Response(whole.status_code, headers=whole.headers, stream=part)

    big = MemoryImage(layers=({"noise": os.urandom(20_000)},))
    fake.server.push(big, "example/app")
    _answer(fake, big.layer_blobs()[0].digest, cut)

    assert stored_layers(fake.open(NAME)) == [big.layer_blobs()[0].data]
    asked = [one.headers.get("range") for one in fake.server.asked(big.layer_blobs()[0].digest)]
    assert asked == [None, "bytes=100-", "bytes=3100-"]


def _broken_once(fake: Fake, then: Callable[[httpx2.Request], httpx2.Response]) -> None:
    first = [True]

    def answer(request: httpx2.Request) -> httpx2.Response:
        if first:
            first.clear()
            return httpx2.Response(200, stream=Breaking(LAYER.data[:50]))
        return then(request)

    _answer(fake, LAYER.digest, answer)


def test_h172_a_server_that_ignores_the_range_sends_the_whole_again(fake: Fake) -> None:
    _broken_once(fake, lambda _: httpx2.Response(200, content=LAYER.data))

    assert stored_layers(fake.open(NAME))[0] == LAYER.data


@pytest.mark.parametrize(
    "content_range", ["bytes 51-99/100", "bytes 0-9/10", "", "bytes x-y/z", "items 50-99/100"]
)
def test_h172_a_wrong_range_starts_again(fake: Fake, content_range: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "range" in request.headers:
            headers = {"Content-Range": content_range}
            return httpx2.Response(206, headers=headers, content=LAYER.data[50:])
        return httpx2.Response(200, content=LAYER.data)

    _broken_once(fake, answer)

    assert stored_layers(fake.open(NAME))[0] == LAYER.data


def test_h172_two_halves_of_different_content_are_fetched_again_whole(fake: Fake) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "range" in request.headers:
            rest = bytes(len(LAYER.data) - 50)
            headers = {"Content-Range": f"bytes 50-{len(LAYER.data) - 1}/{len(LAYER.data)}"}
            return httpx2.Response(206, headers=headers, content=rest)
        return httpx2.Response(200, content=LAYER.data)

    _broken_once(fake, answer)

    assert stored_layers(fake.open(NAME))[0] == LAYER.data


def test_h171_a_download_that_never_gets_further_ends(fake: Fake) -> None:
    _answer(fake, LAYER.digest, lambda _: httpx2.Response(200, stream=Breaking(b"")))

    with pytest.raises(RegistryError, match="broke off"):
        fake.open(NAME).blobs[0].open()

    assert len(fake.server.asked(LAYER.digest)) == 4


def test_h170_a_download_that_creeps_ends(fake: Fake) -> None:
    big = MemoryImage(layers=({"noise": os.urandom(20_000)},))
    fake.server.push(big, "example/app")

    def creep(request: httpx2.Request) -> httpx2.Response:
        whole = fake.server.served(request)
        return httpx2.Response(
            whole.status_code, headers=whole.headers, stream=Breaking(whole.content[:1])
        )

    _answer(fake, big.layer_blobs()[0].digest, creep)

    with pytest.raises(RegistryError, match="broke off"):
        fake.open(NAME).blobs[0].open()

    assert len(fake.server.asked(big.layer_blobs()[0].digest)) == 20


# Mirrors


def _mirrored(*mirrors: str) -> ImageOptions:
    pairs = tuple((PLACE, mirror) for mirror in mirrors)
    return ImageOptions(platform=DEFAULT.platform, mirrors=pairs)


def test_mirrors_are_asked_before_the_registry(fake: Fake) -> None:
    image = fake.open(NAME, _mirrored("mirror.example.net"))

    stored_layers(image)

    assert {request.url.host for request in fake.server.requests} == {"mirror.example.net"}


def test_a_mirror_may_keep_everything_below_a_folder(fake: Fake) -> None:
    fake.server.push(SMALL, "hub/example/app")

    image = fake.open(NAME, _mirrored("mirror.example.net/hub"))

    assert image.image.layers
    assert "/v2/hub/example/app/" in str(fake.server.requests[0].url)


@pytest.mark.parametrize("status", [404, 401, 500])
def test_a_mirror_that_fails_is_passed_over(fake: Fake, status: int) -> None:
    _answer(fake, "mirror.example.net", lambda _: httpx2.Response(status))

    image = fake.open(NAME, _mirrored("mirror.example.net"))

    assert stored_layers(image) == [blob.data for blob in SMALL.layer_blobs()]


def test_a_mirror_that_lies_is_passed_over(fake: Fake) -> None:
    image = fake.open(NAME, _mirrored("mirror.example.net"))
    _answer(fake, f"mirror.example.net/v2/example/app/blobs/{LAYER.digest}",
            lambda _: httpx2.Response(200, content=bytes(len(LAYER.data))))  # fmt: skip

    assert stored_layers(image)[0] == LAYER.data


def test_when_all_places_fail_all_are_named(fake: Fake) -> None:
    _answer(fake, "/v2/", lambda _: httpx2.Response(404))

    with pytest.raises(
        RegistryError, match=r"registry\.example\.com has no .*mirror\.example\.net"
    ):
        fake.open(NAME, _mirrored("mirror.example.net"))


# Plain http


@pytest.mark.parametrize("insecure", [True, False])
def test_plain_http_is_spoken_only_where_the_user_allows_it(fake: Fake, *, insecure: bool) -> None:
    def plain_only(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.scheme == "https":
            raise httpx2.RemoteProtocolError("no TLS")
        return None

    fake.server.hooks.append(plain_only)

    if insecure:
        assert fake.open_insecure(NAME).image.layers
        return
    with pytest.raises(RegistryError):
        fake.open(NAME)
    assert all(request.url.scheme == "https" for request in fake.server.requests)


def test_a_registry_on_this_machine_may_speak_plain_http(fake: Fake) -> None:
    fake.addresses["localhost"] = ("127.0.0.1",)

    def plain_only(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.scheme == "https":
            raise httpx2.RemoteProtocolError("no TLS")
        return None

    fake.server.hooks.append(plain_only)

    assert fake.open("localhost:5000/example/app").image.layers
