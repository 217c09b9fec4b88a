"""Registries for tests: one in memory that can misbehave, and the real one on loopback.

`FakeRegistry` is called like an HTTP server: `httpx2.MockTransport(fake)` makes a transport of it.
`DockerRegistry` runs the distribution project's own server, where it is installed.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
from msgspec import Struct

from scantling.testing.images import Blob, MemoryImage, index_blob

_START_S: Final = 15.0
_STEP_S: Final = 0.05
_PARTS: Final = 2

Hook = Callable[[httpx2.Request], httpx2.Response | None]


class FakeRegistry:
    """A registry that serves `push`ed images under every host name.

    `auth` is empty, `basic` or `token`; then `user` and `password` are needed. `hooks` see each
    request first and may answer in its place. `requests` are all requests, in order. It can be
    pushed to; `lists_referrers` says whether it has the API of that name.
    """

    realm: str = "https://auth.example.com/token"

    def __init__(
        self,
        *,
        auth: str = "",
        user: str = "reader",
        password: str = "",
        lists_referrers: bool = False,
    ) -> None:
        self.lists_referrers = lists_referrers
        self.auth = auth
        self.user = user
        self.password = password or "pass-w0rd"
        self.hooks: list[Hook] = []
        self.requests: list[httpx2.Request] = []
        self._manifests: dict[tuple[str, str], Blob] = {}
        self._blobs: dict[tuple[str, str], Blob] = {}

    def push(self, image: MemoryImage, repository: str, tag: str = "latest") -> None:
        """Store an image."""
        for blob in image.blobs():
            self._blobs[repository, blob.digest] = blob
        self.put_manifest(image.manifest_blob(), repository, tag)

    def push_index(self, images: tuple[MemoryImage, ...], repository: str, tag: str) -> None:
        """Store a multi-platform image."""
        for image in images:
            self.push(image, repository, f"{image.architecture}-only")
        self.put_manifest(index_blob(images), repository, tag)

    def put_manifest(self, blob: Blob, repository: str, tag: str = "") -> None:
        """Store a manifest or index as it is, under its digest and a tag."""
        self._manifests[repository, blob.digest] = blob
        if tag:
            self._manifests[repository, tag] = blob

    def put_blob(self, blob: Blob, repository: str) -> None:
        """Store a blob as it is."""
        self._blobs[repository, blob.digest] = blob

    def asked(self, word: str) -> list[httpx2.Request]:
        """Return the requests with `word` in their URL."""
        return [request for request in self.requests if word in str(request.url)]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.requests.append(request)
        for hook in self.hooks:
            answer = hook(request)
            if answer is not None:
                return answer
        if request.url.path == "/token":
            return self._token(request)
        if not self._is_welcome(request):
            return httpx2.Response(401, headers={"WWW-Authenticate": self._challenge(request)})
        return self.served(request)

    def served(self, request: httpx2.Request) -> httpx2.Response:
        """Return the true content of a URL, whatever the hooks and the login."""
        path = request.url.path
        if path == "/v2/":
            return httpx2.Response(200)
        if request.method in {"POST", "PUT"}:
            return self._written(request)
        if self.lists_referrers and "/referrers/" in path:
            return self._referrers(path)
        for kind, store in (("/manifests/", self._manifests), ("/blobs/", self._blobs)):
            repository, found, name = path.removeprefix("/v2/").partition(kind)
            blob = store.get((repository, name)) if found else None
            if blob is not None:
                return serve(blob, request)
        return httpx2.Response(404, json={"errors": [{"code": "NOT_FOUND"}]})

    def _written(self, request: httpx2.Request) -> httpx2.Response:
        """Keep what is pushed: POST then PUT for a blob, PUT for a manifest."""
        path = request.url.path.removeprefix("/v2/")
        if request.method == "POST" and path.endswith("/blobs/uploads/"):
            return httpx2.Response(202, headers={"Location": f"/v2/{path}7?state=1"})
        kind = request.headers.get("content-type", "")
        blob = Blob(data=request.content, media_type=kind)
        repository, is_blob, _ = path.partition("/blobs/uploads/")
        if is_blob:
            if request.url.params.get("digest") != blob.digest:
                return httpx2.Response(400, json={"errors": [{"code": "DIGEST_INVALID"}]})
            self.put_blob(blob, repository)
            return httpx2.Response(201)
        repository, _, name = path.partition("/manifests/")
        self.put_manifest(blob, repository, "" if ":" in name else name)
        subject = json.loads(blob.data).get("subject", {}).get("digest", "")
        listed = {"OCI-Subject": subject} if subject and self.lists_referrers else {}
        return httpx2.Response(201, headers=listed)

    def _referrers(self, path: str) -> httpx2.Response:
        repository, _, digest = path.removeprefix("/v2/").partition("/referrers/")
        found = {}
        for (where, _), blob in self._manifests.items():
            content = json.loads(blob.data)
            if where == repository and content.get("subject", {}).get("digest") == digest:
                found[blob.digest] = blob.descriptor(
                    artifactType=content.get("artifactType", ""),
                    annotations=content.get("annotations", {}),
                )
        media_type = "application/vnd.oci.image.index.v1+json"
        value = {"schemaVersion": 2, "mediaType": media_type, "manifests": [*found.values()]}
        return httpx2.Response(
            200, headers={"Content-Type": media_type}, content=json.dumps(value).encode()
        )

    def _is_welcome(self, request: httpx2.Request) -> bool:
        sent = request.headers.get("authorization", "")
        match self.auth:
            case "basic":
                return bool(sent == self._basic())
            case "token":
                return bool(sent == "Bearer good-token")
            case _:
                return True

    def _challenge(self, request: httpx2.Request) -> str:
        if self.auth == "basic":
            return 'Basic realm="registry"'
        scope = "repository:somebody/else:push"
        service = request.url.host
        return f'Bearer realm="{self.realm}",service="{service}",scope="{scope}"'

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        sent = request.headers.get("authorization", "")
        if sent and sent != self._basic():
            return httpx2.Response(401)
        good = bool(sent) or b"refresh_token=good-identity" in request.content
        return httpx2.Response(200, json={"token": "good-token" if good else "anonymous"})

    def _basic(self) -> str:
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def serve(blob: Blob, request: httpx2.Request) -> httpx2.Response:
    """Return a blob as a registry does, a range of it if one is asked for."""
    headers = {
        "Content-Type": blob.media_type,
        "Docker-Content-Digest": blob.digest,
        "ETag": f'"{blob.digest}"',
    }
    asked = request.headers.get("range", "").removeprefix("bytes=").split("-")
    if len(asked) == _PARTS and asked[0]:
        start = int(asked[0])
        headers["Content-Range"] = f"bytes {start}-{len(blob.data) - 1}/{len(blob.data)}"
        return httpx2.Response(206, headers=headers, content=blob.data[start:])
    return httpx2.Response(200, headers=headers, content=blob.data)


class Running(Struct, frozen=True, kw_only=True):
    """A server on loopback. `place` is `127.0.0.1:port`."""

    place: str
    pid: int


class DockerRegistry:
    """The distribution project's registry; `is_installed` says whether it can run."""

    @staticmethod
    def is_installed() -> bool:
        """Return whether the server and the tool that fills it are there."""
        return bool(shutil.which("docker-registry") and shutil.which("skopeo"))

    @staticmethod
    @contextmanager
    def run(
        folder: Path,
        *,
        auth: dict[str, dict[str, str]] | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> Iterator[Running]:
        """Run a registry that keeps its content in `folder`.

        `auth` is that part of its settings, `tls` a certificate and its key (PEM).
        """
        port = free_port()
        config: dict[str, object] = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "content")}},
            "http": {"addr": f"127.0.0.1:{port}", **_tls(tls)},
        }
        if auth is not None:
            config["auth"] = auth
        # JSON is YAML.
        (folder / "registry.yml").write_text(json.dumps(config))
        command = ["docker-registry", "serve", str(folder / "registry.yml")]
        with process(command, port) as pid:
            yield Running(place=f"127.0.0.1:{port}", pid=pid)


@contextmanager
def process(command: list[str], port: int) -> Iterator[int]:
    """Run a server until it listens on `port`; yield its pid; stop it at the end."""
    output = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 - our own
    try:
        _wait_for(server, port)
        yield server.pid
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_image(source: str, target: str, *, login: str = "") -> None:
    """Copy an image with skopeo; `login` is `user:password` for the target."""
    command = ["skopeo", "copy", "--quiet", "--all", "--dest-tls-verify=false", source, target]
    if login:
        command[2:2] = ["--dest-creds", login]
    environment = {**os.environ, "no_proxy": "127.0.0.1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603


def _tls(pair: tuple[Path, Path] | None) -> dict[str, object]:
    if pair is None:
        return {}
    return {"tls": {"certificate": str(pair[0]), "key": str(pair[1])}}


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_STEP_S)
        else:
            return
    raise AssertionError(f"a test server did not start on port {port}")
