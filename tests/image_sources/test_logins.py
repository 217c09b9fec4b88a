"""Logins: where they are found, to whom they are shown, and that they never show up."""

import base64
import copy
import logging
import traceback
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scantling.core.errors import NetworkError, RegistryError, TargetError
from scantling.core.secret import Secret
from scantling.image.api import ImageOptions
from scantling.image.credentials import find_login
from scantling.image.tokens import belongs, challenges_in

from .opening import DEFAULT, SMALL, Fake, auths, login_file, stored_layers

PLACE = "registry.example.com"
CANARY = "pass-w0rd"


def _options(path: Path, content: object, **more: Any) -> ImageOptions:
    return ImageOptions(
        platform=DEFAULT.platform, auth_file=login_file(path / "auth.json", content), **more
    )


def _served(auth: str) -> Fake:
    fake = Fake(auth=auth)
    fake.server.push(SMALL, "example/app")
    return fake


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_a_stored_login_opens_the_image(tmp_path: Path, auth: str) -> None:
    fake = _served(auth)

    image = fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    assert stored_layers(image) == [blob.data for blob in SMALL.layer_blobs()]


def test_an_identity_token_is_exchanged(tmp_path: Path) -> None:
    fake = _served("token")
    content = {"auths": {PLACE: {"identitytoken": "good-identity"}}}

    image = fake.open(f"{PLACE}/example/app", _options(tmp_path, content))

    assert image.image.digest == SMALL.manifest_blob().digest
    assert fake.server.asked("/token")[0].method == "POST"


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_a_wrong_password_is_said_once_and_not_tried_for_ever(tmp_path: Path, auth: str) -> None:
    fake = _served(auth)
    options = _options(tmp_path, auths(PLACE, password="canary-wrong"))

    with pytest.raises(RegistryError, match=r"the password or token of .* is wrong"):
        fake.open(f"{PLACE}/example/app", options)

    assert len(fake.server.requests) <= 3


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_without_a_login_the_advice_is_to_log_in(auth: str) -> None:
    with pytest.raises(RegistryError, match=r"log in to registry\.example\.com with docker login"):
        _served(auth).open(f"{PLACE}/example/app")


def test_an_expired_token_is_renewed_in_the_middle_of_a_scan(tmp_path: Path) -> None:
    fake = _served("")
    tokens = ["old", "new"]

    def guard(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.path == "/token":
            return httpx2.Response(200, json={"token": tokens.pop(0), "expires_in": -1})
        sent = request.headers.get("authorization", "")
        if not sent or (sent == "Bearer old" and SMALL.layer_blobs()[0].digest in str(request.url)):
            challenge = f'Bearer realm="{fake.server.realm}"'
            return httpx2.Response(401, headers={"WWW-Authenticate": challenge})
        return None

    fake.server.hooks.append(guard)
    image = fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    assert stored_layers(image) == [blob.data for blob in SMALL.layer_blobs()]
    assert tokens == []


def test_the_scope_asked_for_is_ours(tmp_path: Path) -> None:
    fake = _served("token")

    fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    asked = fake.server.asked("/token")[0].url.params
    assert asked["scope"] == "repository:example/app:pull"
    assert asked["service"] == PLACE


# To whom a login is shown


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example.net/token",
        "https://registry.example.com.evil.example.net/",
        "http://auth.example.com/token",
        "ftp://auth.example.com/token",
        "https:///token",
        "",
        "https://auth.example.com\r\nX: y/",
    ],
)
def test_h166_a_login_is_not_sent_to_a_strange_realm(tmp_path: Path, realm: str) -> None:
    fake = Fake()
    challenge = f'Bearer realm="{realm}"'.encode()
    fake.server.hooks.append(
        lambda _: httpx2.Response(401, headers=[(b"WWW-Authenticate", challenge)])
    )

    with pytest.raises((RegistryError, NetworkError)) as caught:
        fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    assert CANARY not in str(caught.value)
    assert all(request.url.host == PLACE for request in fake.server.requests)
    assert not any("authorization" in request.headers for request in fake.server.requests)


def test_h166_the_user_can_allow_a_realm(tmp_path: Path) -> None:
    fake = _served("token")
    fake.server.realm = "https://sso.example.net/token"
    options = _options(tmp_path, auths(PLACE), token_hosts=((PLACE, "sso.example.net"),))

    assert fake.open(f"{PLACE}/example/app", options).image.layers


def test_h166_a_realm_on_a_nearer_network_is_refused(tmp_path: Path) -> None:
    fake = _served("token")
    fake.addresses["auth.example.com"] = ("10.0.0.1",)

    with pytest.raises(RegistryError, match=r"auth\.example\.com is at a private address"):
        fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))


@pytest.mark.parametrize(
    ("realm", "registry", "expected"),
    [
        ("auth.docker.io", "docker.io", True),
        ("registry.example.com", "registry.example.com:5000", True),
        ("auth.example.com", "registry.example.com", True),
        ("example.com", "registry.example.com", True),
        ("AUTH.example.com.", "registry.example.com", True),
        ("auth.docker.io", "registry.example.com", False),
        ("example.com.evil.org", "registry.example.com", False),
        ("evil.co.uk", "registry.co.uk", False),
        ("auth.example.co.uk", "registry.example.co.uk", True),
        ("evil.github.io", "registry.github.io", False),
        ("evil.azurecr.io", "mine.azurecr.io", False),
        ("mine.azurecr.io", "mine.azurecr.io", True),
        ("com", "registry.com", False),
        ("10.0.0.2", "10.0.0.1", False),
        ("10.0.0.1", "10.0.0.1:5000", True),
        ("localhost", "localhost:5000", True),
    ],
)
def test_h166_which_realm_belongs_to_a_registry(
    realm: str, registry: str, *, expected: bool
) -> None:
    assert belongs(realm, registry) is expected


def test_h165_a_blob_store_on_another_host_sees_no_login(tmp_path: Path) -> None:
    fake = _served("basic")
    store = SMALL.layer_blobs()[0]

    def redirect(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.host == "store.example.net":
            return httpx2.Response(200, content=store.data)
        if "/blobs/" in request.url.path and store.digest in request.url.path:
            location = "https://store.example.net/signed?x=1"
            return httpx2.Response(307, headers={"Location": location})
        return None

    fake.server.hooks.append(redirect)
    image = fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    image.blobs[0].open()

    (asked,) = fake.server.asked("store.example.net")
    assert "authorization" not in asked.headers
    assert "cookie" not in asked.headers


def test_h165_a_login_does_not_come_back_with_a_redirect_to_its_own_origin(tmp_path: Path) -> None:
    fake = _served("basic")
    image = fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    def bounce(request: httpx2.Request) -> httpx2.Response | None:
        if "/blobs/" in request.url.path:
            headers = {"Location": f"https://{PLACE}:444/elsewhere"}
            return httpx2.Response(302, headers=headers)
        return httpx2.Response(200) if request.url.path == "/elsewhere" else None

    fake.server.hooks.append(bounce)

    with pytest.raises(RegistryError):
        image.blobs[0].open()
    (asked,) = fake.server.asked("/elsewhere")
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ('Bearer realm="https://a/",service="b",scope="c,d"', ["bearer"]),
        ('Basic realm="a", Bearer realm="https://b/"', ["basic", "bearer"]),
        ("Negotiate, Basic", ["negotiate", "basic"]),
        ('Bearer realm="a"b', ["bearer", "b"]),
        ('Bearer realm="never ends', ["bearer"]),
        ("", []),
        ("=,=,=", []),
        ('"', []),
    ],
)
def test_h167_challenges_are_read_without_guessing(header: str, schemes: list[str]) -> None:
    assert [each.scheme for each in challenges_in((header,))] == schemes


def test_h167_bearer_is_preferred_to_basic(tmp_path: Path) -> None:
    fake = _served("token")
    both = [
        (b"WWW-Authenticate", b'Basic realm="x"'),
        (b"WWW-Authenticate", f'Bearer realm="{fake.server.realm}"'.encode()),
    ]
    fake.server.hooks.append(
        lambda request: (
            httpx2.Response(401, headers=both) if "authorization" not in request.headers else None
        )
    )

    assert fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE))).image.layers


@pytest.mark.parametrize(
    "reply",
    [
        httpx2.Response(200, content=b'{"token":"' + b"x" * 2_000_000 + b'"}'),
        httpx2.Response(200, json={"token": 5}),
        httpx2.Response(200, json=["token"]),
        httpx2.Response(200, content=b"[" * 100_000),
        httpx2.Response(200, json={"token": ""}),
        httpx2.Response(200, json={"token": "a\r\nX-Evil: 1"}),
        httpx2.Response(200, json={"token": "x" * 60_000}),
        httpx2.Response(500),
        httpx2.Response(302, headers={"Location": "https://evil.example.net/"}),
    ],
    ids=["huge", "number", "list", "deep", "empty", "newline", "long", "500", "redirect"],
)
def test_h168_a_bad_token_reply_is_an_error(tmp_path: Path, reply: httpx2.Response) -> None:
    fake = _served("token")
    fake.server.hooks.append(lambda request: reply if request.url.path == "/token" else None)

    with pytest.raises(RegistryError) as caught:
        fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    assert CANARY not in str(caught.value)
    assert "X-Evil" not in str(caught.value)


# Files and helpers


@pytest.mark.parametrize(
    ("registry", "key"),
    [
        ("docker.io", "https://index.docker.io/v1/"),
        ("docker.io", "docker.io"),
        ("registry.example.com", "registry.example.com"),
        ("registry.example.com", "https://registry.example.com/v2/"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("registry.example.com", "registry.example.com/example"),
        ("registry.example.com", "registry.example.com/example/app"),
    ],
)
def test_a_login_is_found_under_its_registrys_name(tmp_path: Path, registry: str, key: str) -> None:
    found = find_login(registry, "example/app", login_file(tmp_path / "a.json", auths(key)))

    assert found is not None
    assert (found.user, found.secret) == ("reader", Secret(CANARY))


@pytest.mark.parametrize(
    "key", ["example.com", "registry.example.com:5000", "xregistry.example.com"]
)
def test_a_login_for_another_registry_is_not_used(tmp_path: Path, key: str) -> None:
    path = login_file(tmp_path / "a.json", auths(key))

    assert find_login(PLACE, "example/app", path) is None


def test_the_files_of_docker_and_podman_are_looked_at_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    (run / "containers").mkdir(parents=True)
    login_file(run / "containers/auth.json", auths(PLACE, user="podman"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    found = find_login(PLACE, "example/app")
    assert found is not None
    assert found.user == "podman"

    login_file(tmp_path / "config.json", auths(PLACE, user="docker"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    found = find_login(PLACE, "example/app")
    assert found is not None
    assert found.user == "docker"


def _helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    "content",
    [{"credsStore": "test"}, {"credHelpers": {PLACE: "test"}, "credsStore": "missing"}],
    ids=["store", "helper"],
)
def test_a_credential_helper_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    script = (
        'read -r name; [ "$1" = get ] && echo "{\\"Username\\":\\"$name\\",\\"Secret\\":\\"s\\"}"'
    )
    _helper(tmp_path, monkeypatch, script)

    found = find_login(PLACE, "example/app", login_file(tmp_path / "a.json", content))

    assert found is not None
    assert (found.user, found.secret) == (PLACE, Secret("s"))


def test_a_helper_that_knows_nothing_leaves_us_anonymous(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _helper(tmp_path, monkeypatch, "echo credentials not found in native keychain; exit 1")
    path = login_file(tmp_path / "a.json", {"credsStore": "test"})

    assert find_login(PLACE, "example/app", path) is None


@pytest.mark.parametrize("script", ["echo canary; exit 3", "echo '{canary'"], ids=["fails", "lies"])
def test_a_helper_that_fails_is_named_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    _helper(tmp_path, monkeypatch, script)
    path = login_file(tmp_path / "a.json", {"credsStore": "test"})

    with pytest.raises(RegistryError, match="docker-credential-test") as caught:
        find_login(PLACE, "example/app", path)

    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["../../bin/sh", "a b", "-x", "a;b", ""])
def test_a_helpers_name_is_no_path(tmp_path: Path, name: str) -> None:
    path = login_file(tmp_path / "a.json", {"credHelpers": {PLACE: name}})

    if not name:
        assert find_login(PLACE, "example/app", path) is None
        return
    with pytest.raises(RegistryError, match="is not installed"):
        find_login(PLACE, "example/app", path)


@pytest.mark.parametrize(
    "content",
    [b"canary", b'{"auths":{"x":{"auth":5, "password":"canary"}}}', b"\xff", b"[" * 10_000],
)
def test_a_broken_file_of_logins_is_named_without_its_content(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(RegistryError, match="not a valid file of logins") as caught:
        find_login(PLACE, "example/app", str(tmp_path / "a.json"))

    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("auth", ["canary", base64.b64encode(b"canary").decode(), "Y2FuYXJ5Og=%"])
def test_a_broken_login_is_not_repeated(tmp_path: Path, auth: str) -> None:
    path = login_file(tmp_path / "a.json", {"auths": {PLACE: {"auth": auth}}})

    with pytest.raises(RegistryError, match="log in again") as caught:
        find_login(PLACE, "example/app", path)

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_named_file_of_logins_must_exist(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="check --auth-file"):
        find_login(PLACE, "example/app", str(tmp_path / "none"))


# A secret stays one


@pytest.mark.parametrize("way", [str, "{}".format, copy.deepcopy])
def test_a_secret_cannot_be_formatted_or_stored(way: Any) -> None:
    with pytest.raises(TypeError):
        way(Secret(CANARY))


def test_a_secret_shows_nothing_in_representations_and_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.warning("%r", Secret(CANARY))  # noqa: LOG015 - any logger

    assert CANARY not in caplog.text
    assert CANARY not in repr({"a": [Secret(CANARY)]})


@pytest.mark.parametrize("auth", ["basic", "token"])
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_no_error_ever_repeats_a_login(
    tmp_path: Path, auth: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    fake = _served(auth)
    encoded = base64.b64encode(f"reader:{CANARY}".encode()).decode()

    def echo(request: httpx2.Request) -> httpx2.Response | None:
        sent = request.headers.get("authorization")
        return httpx2.Response(status, content=sent, headers={"X": sent}) if sent else None

    fake.server.hooks.append(echo)

    with caplog.at_level(logging.DEBUG), pytest.raises(TargetError) as caught:
        fake.open(f"{PLACE}/example/app", _options(tmp_path, auths(PLACE)))

    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert CANARY not in shown
    assert encoded not in shown
