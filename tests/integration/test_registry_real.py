"""The distribution project's registry on loopback: logins, tokens, TLS, broken connections."""

import base64
import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from scantling.core.errors import RegistryError
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.open import open_image
from scantling.testing.images import MemoryImage, json_bytes
from scantling.testing.registries import DockerRegistry, copy_image, free_port, process

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not DockerRegistry.is_installed(),
        reason="docker-registry or skopeo is not installed: the real registry was NOT tested",
    ),
]

HERE = Path(__file__).parent
LOGIN = "reader:pass-w0rd"
IMAGE = MemoryImage(layers=({"etc/os-release": b"ID=debian\n", "noise": os.urandom(3_000_000)},))


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def options(tmp_path: Path) -> ImageOptions:
    """Return options with nobody logged in."""
    return _options(tmp_path, "")


def _options(folder: Path, login: str, place: str = "") -> ImageOptions:
    content = {"auths": {place: {"auth": base64.b64encode(login.encode()).decode()}}}
    path = folder / "logins.json"
    path.write_bytes(json_bytes(content if login else {}))
    return ImageOptions(platform="linux/amd64", auth_file=str(path))


def _read(place: str, options: ImageOptions) -> bytes:
    """Open the image, download its only layer, close everything."""
    image: OpenImage = open_image(f"registry:{place}/example/app", options, Quiet())
    try:
        part = image.blobs[0].open()
        data = os.pread(part.fd, part.length_bytes, part.offset_bytes)
        os.close(part.fd)
    finally:
        image.close()
    return data


def _push(folder: Path, place: str, login: str = "") -> None:
    IMAGE.write_layout(folder / "app")
    copy_image(f"oci:{folder / 'app'}", f"docker://{place}/example/app:latest", login=login)


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a registry with user name and password; return its place."""
    if not shutil.which("htpasswd"):
        pytest.skip("htpasswd is not installed: logins at the real registry were NOT tested")
    folder = tmp_path_factory.mktemp("basic")
    user, _, word = LOGIN.partition(":")
    made = subprocess.run(["htpasswd", "-Bbn", user, word], check=True, capture_output=True)
    (folder / "htpasswd").write_bytes(made.stdout)
    auth = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    with DockerRegistry.run(folder, auth=auth) as running:
        _push(folder, running.place, LOGIN)
        yield running.place


def test_the_right_password_opens_the_image(basic: str, tmp_path: Path) -> None:
    assert _read(basic, _options(tmp_path, LOGIN, basic)) == IMAGE.layer_blobs()[0].data


def test_a_wrong_password_is_refused(basic: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"the password or token of .* is wrong") as caught:
        _read(basic, _options(tmp_path, "reader:canary", basic))

    assert "canary" not in str(caught.value)


def test_nobody_is_told_to_log_in(basic: str, options: ImageOptions) -> None:
    with pytest.raises(RegistryError, match="with docker login or podman login"):
        _read(basic, options)


# Tokens


def _key_pair(folder: Path) -> tuple[Path, Path]:
    """Write a private key and a certificate for loopback; return their paths."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(made.public_bytes(encoding))
    return folder / "key.pem", folder / "cert.pem"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a registry that wants tokens, and its token service; return the registry's place."""
    folder = tmp_path_factory.mktemp("token")
    key, certificate = _key_pair(folder)
    port = free_port()
    auth = {
        "token": {
            "realm": f"http://127.0.0.1:{port}/token",
            "service": "test-registry",
            "issuer": "test-issuer",
            "rootcertbundle": str(certificate),
        }
    }
    server = [sys.executable, str(HERE / "token_server.py"), str(port), str(key), str(certificate)]
    with (
        process([*server, "test-registry", LOGIN], port),
        DockerRegistry.run(folder, auth=auth) as running,
    ):
        _push(folder, running.place, LOGIN)
        yield running.place


def test_a_token_opens_the_image(guarded: str, tmp_path: Path) -> None:
    assert _read(guarded, _options(tmp_path, LOGIN, guarded)) == IMAGE.layer_blobs()[0].data


def test_the_token_service_refuses_a_wrong_password(guarded: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"the password or token of .* is wrong"):
        _read(guarded, _options(tmp_path, "reader:wrong", guarded))


# Broken connections


def test_a_download_through_a_cutting_proxy_is_resumed(
    tmp_path: Path, options: ImageOptions
) -> None:
    with DockerRegistry.run(tmp_path) as running:
        _push(tmp_path, running.place)
        port = free_port()
        target = running.place.rpartition(":")[2]
        command = [sys.executable, str(HERE / "cutting_proxy.py"), str(port), target, "700000"]
        with process(command, port):
            data = _read(f"127.0.0.1:{port}", options)

    assert data == IMAGE.layer_blobs()[0].data


def test_a_registry_that_is_not_there_is_named(options: ImageOptions) -> None:
    place = f"127.0.0.1:{free_port()}"

    with pytest.raises(RegistryError, match=f"cannot connect to {place} .*is it running"):
        _read(place, options)


# TLS


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Run a registry with its own certificate; return its place and the certificate."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = _key_pair(folder)
    with DockerRegistry.run(folder, tls=(certificate, key)) as running:
        _push(folder, running.place)
        yield running.place, certificate


def test_an_unknown_certificate_is_refused(
    encrypted: tuple[str, Path], options: ImageOptions
) -> None:
    with pytest.raises(RegistryError, match=r"is not trusted .*--ca-file"):
        _read(encrypted[0], options)


def test_a_named_certificate_is_trusted(encrypted: tuple[str, Path], tmp_path: Path) -> None:
    place, certificate = encrypted
    base = _options(tmp_path, "")
    options = ImageOptions(
        platform=base.platform, auth_file=base.auth_file, ca_file=str(certificate)
    )

    assert _read(place, options) == IMAGE.layer_blobs()[0].data


def test_an_unknown_certificate_is_accepted_where_the_user_says_so(
    encrypted: tuple[str, Path], tmp_path: Path
) -> None:
    base = _options(tmp_path, "")
    options = ImageOptions(platform=base.platform, auth_file=base.auth_file, insecure_registry=True)

    assert _read(encrypted[0], options) == IMAGE.layer_blobs()[0].data
