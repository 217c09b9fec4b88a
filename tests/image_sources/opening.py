"""What the tests of this folder share: opening a target and reading its layers."""

import base64
import os
from pathlib import Path
from typing import Any

import httpx2

from scantling.core.http import Http, HttpSettings
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.endpoint import insecure_places
from scantling.image.open import open_image
from scantling.image.pull import pull
from scantling.image.refs import parse_registry
from scantling.testing.images import MemoryImage, json_bytes
from scantling.testing.registries import FakeRegistry

SMALL = MemoryImage(
    layers=(
        {"etc/os-release": b"ID=debian\n", "usr/lib/a": b"a" * 5000},
        {"etc/passwd": b"root:x:0:0\n"},
    ),
    config={"config": {"User": "app", "Env": ["A=b"], "Labels": {"b": "2", "a": "1"}}},
)
PASSWORD = "pass-w0rd"
DEFAULT = ImageOptions(platform="linux/amd64")


_OPEN: list[OpenImage] = []


def _kept(image: OpenImage) -> OpenImage:
    _OPEN.append(image)
    return image


def close_all() -> None:
    """Close what the test opened; closing twice is fine."""
    while _OPEN:
        _OPEN.pop().close()


def opened(target: Path | str, options: ImageOptions = DEFAULT) -> OpenImage:
    """Open a target."""
    return _kept(open_image(str(target), options, Quiet()))


def stored_layers(image: OpenImage) -> list[bytes]:
    """Read the stored bytes of all layers."""
    found = []
    for blob in image.blobs:
        part = blob.open()
        found.append(os.pread(part.fd, part.length_bytes, part.offset_bytes))
        os.close(part.fd)
    return found


class Fake:
    """A fake registry and a client of it whose names resolve as told and who never waits."""

    def __init__(self, **settings: Any) -> None:
        self.server = FakeRegistry(**settings)
        self.addresses: dict[str, tuple[str, ...]] = {}
        self.resolved: list[str] = []
        self.waits: list[float] = []

    def http(self, *insecure: str) -> Http:
        """Return a client; `insecure` are `host:port`."""
        return Http(
            HttpSettings(insecure_hosts=frozenset(insecure)),
            transport=httpx2.MockTransport(self.server),
            resolve=self.resolve,
            sleep=self.waits.append,
            jitter=lambda: 1.0,
        )

    def resolve(self, host: str, _port: int) -> tuple[str, ...]:
        """Return the addresses of a name; a public one unless told otherwise."""
        self.resolved.append(host)
        return self.addresses.get(host, ("93.184.216.34",))

    def open(self, text: str, options: ImageOptions = DEFAULT) -> OpenImage:
        """Open a registry reference."""
        return _kept(pull(self.http(), parse_registry(text), text, options, Quiet()))

    def open_insecure(self, text: str) -> OpenImage:
        """Open a reference of a registry that the user called insecure."""
        ref = parse_registry(text)
        options = ImageOptions(platform=DEFAULT.platform, insecure_registry=True)
        http = self.http(*insecure_places(ref, options))
        return _kept(pull(http, ref, text, options, Quiet()))


def login_file(path: Path, content: object) -> str:
    """Write a file of logins and return its path."""
    path.write_bytes(json_bytes(content))
    return str(path)


def auths(registry: str, user: str = "reader", password: str = PASSWORD) -> dict[str, Any]:
    """Return the stored form of a login."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"auths": {registry: {"auth": pair}}}
