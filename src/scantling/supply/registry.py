"""A repository in a registry as a place for attestations: small blobs and manifests, both ways.

Mirrors are not asked: they may lag behind, and nothing is ever pushed to one. What comes back by
digest is verified. An upload goes to the registry's own address only: the login is sent along.

Importing this loads the HTTP client.

Source: OCI distribution-spec 1.1, "Pull", "Push" (POST, then PUT), "Listing Referrers".
"""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from scantling.core.errors import NetworkError, RegistryError
from scantling.core.http import Http, HttpSettings, Reply
from scantling.core.scratch import Scratch
from scantling.core.text import neutral
from scantling.image.api import ImageOptions
from scantling.image.descriptors import digest_of as hashed
from scantling.image.endpoint import Endpoint, insecure_places
from scantling.image.refs import RegistryRef, is_digest
from scantling.image.trouble import explained
from scantling.supply.oci import parse_referrers
from scantling.supply.places import INDEX, MANIFEST, Listed, digest_of

_DOCKER: Final = "application/vnd.docker.distribution.manifest"
_ACCEPT: Final = f"{MANIFEST}, {INDEX}, {_DOCKER}.v2+json, {_DOCKER}.list.v2+json"
_NEXT: Final = re.compile(r'<(?P<url>[^<>]++)>;[^,]*?\brel="?next\b')
_PAGES: Final = 20
_OK: Final = 200
_CREATED: Final = 201
_ACCEPTED: Final = 202
_NOT_FOUND: Final = 404
_NO_API: Final = frozenset({400, 404, 405, 406})
"""What registries without the referrers API answer."""


class RegistryPlace:
    """The repository of `ref`; close it when done. `write` asks for the right to push."""

    def __init__(
        self, ref: RegistryRef, options: ImageOptions, *, write: bool, http: Http | None = None
    ) -> None:
        self._http = http or Http(
            HttpSettings(ca_file=options.ca_file, insecure_hosts=insecure_places(ref, options)),
            scratch=Scratch(quota_bytes=options.limits.scratch_bytes),
        )
        self._ref = ref
        self._options = options
        self._actions = "pull,push" if write else "pull"
        self._found: Endpoint | None = None

    @property
    def name(self) -> str:
        """`host/repository`."""
        return f"{self._ref.registry}/{self._ref.repository}"

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def manifest(self, name: str) -> bytes | None:
        """Return the manifest of a tag or digest, None if there is none. Raises RegistryError."""
        what = f"the manifest {name}"
        reply = self._ask("GET", f"manifests/{name}", what, headers=(("Accept", _ACCEPT),))
        if reply.status == _NOT_FOUND:
            return None
        self._check(reply, _OK, what)
        return self._verified(reply.body, name, what) if is_digest(name) else reply.body

    def blob(self, digest: str, limit_bytes: int) -> bytes:
        """Return a blob, verified. Raises RegistryError."""
        what = f"the blob {digest}"
        reply = self._ask("GET", f"blobs/{digest}", what, limit_bytes=limit_bytes)
        self._check(reply, _OK, what)
        return self._verified(reply.body, digest, what)

    def put_blob(self, data: bytes) -> None:
        """Keep a blob unless it is there. Raises RegistryError."""
        digest = digest_of(data)
        what = f"to write the blob {digest}"
        if self._ask("HEAD", f"blobs/{digest}", what).status == _OK:
            return
        begun = self._ask("POST", "blobs/uploads/", what)
        self._check(begun, _ACCEPTED, what)
        joint = "&" if "?" in begun.headers.get("location", "") else "?"
        done = self._send(
            "PUT",
            self._own(begun.headers.get("location", ""), begun.url) + f"{joint}digest={digest}",
            what,
            headers=(("Content-Type", "application/octet-stream"),),
            body=data,
        )
        self._check(done, _CREATED, what)

    def put_manifest(self, name: str, data: bytes, media_type: str) -> bool:
        """Keep a manifest; return whether the registry knows its subject. Raises RegistryError."""
        what = f"to write the manifest {name}"
        reply = self._ask(
            "PUT", f"manifests/{name}", what, headers=(("Content-Type", media_type),), body=data
        )
        self._check(reply, _CREATED, what)
        return "oci-subject" in reply.headers

    def referrers(self, digest: str) -> tuple[Listed, ...] | None:
        """Return what refers to a digest; None: no such API. Raises RegistryError."""
        what = f"what refers to {digest}"
        url = self._endpoint().url(f"referrers/{digest}")
        found: list[Listed] = []
        for _ in range(_PAGES):
            reply = self._send("GET", url, what, headers=(("Accept", INDEX),))
            kind = reply.headers.get("content-type", "").partition(";")[0].strip()
            if not found and (reply.status in _NO_API or (reply.status == _OK and kind != INDEX)):
                return None
            self._check(reply, _OK, what)
            found += parse_referrers(reply.body, what)
            following = _NEXT.search(reply.headers.get("link", ""))
            if following is None:
                return tuple(found)
            url = self._own(following["url"], url)
        raise RegistryError(f"{self.name}: {what} does not end after {_PAGES} pages")

    def _endpoint(self) -> Endpoint:
        if self._found is None:
            try:
                self._found = Endpoint(
                    self._http,
                    self._ref.registry,
                    self._ref.repository,
                    self._options,
                    actions=self._actions,
                )
            except NetworkError as error:
                raise RegistryError(f"cannot reach {self._ref.registry}: {error}") from error
        return self._found

    def _ask(
        self,
        method: str,
        path: str,
        what: str,
        *,
        limit_bytes: int = 0,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Reply:
        url = self._endpoint().url(path)
        return self._send(method, url, what, limit_bytes=limit_bytes, headers=headers, body=body)

    def _send(
        self,
        method: str,
        url: str,
        what: str,
        *,
        limit_bytes: int = 0,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Reply:
        most = limit_bytes or self._options.limits.manifest_bytes
        at = self._endpoint()
        try:
            return at.ask(method, url, limit_bytes=most, headers=headers, body=body)
        except NetworkError as error:
            raise explained(error, self._ref.registry, self._ref, what, at.login) from error

    def _check(self, reply: Reply, wanted: int, what: str) -> None:
        """Raise RegistryError unless the answer has the wanted status."""
        if reply.status == wanted:
            return
        if wanted != _OK and reply.status in {401, 403}:
            raise RegistryError(
                f"{self._ref.registry} does not let this login push to {self._ref.repository}; log "
                "in with docker login or podman login as somebody who may"
            )
        error = NetworkError(f"status {reply.status}", kind="status", status=reply.status)
        login = self._endpoint().login
        raise explained(error, self._ref.registry, self._ref, what, login)

    def _own(self, location: str, base: str) -> str:
        """Return where the registry sends us if that is itself. Raises RegistryError."""
        url = urljoin(base, location)
        own, there = urlsplit(self._endpoint().base), urlsplit(url)
        if not location or (own.scheme, own.netloc) != (there.scheme, there.netloc):
            shown = neutral(there.netloc, limit=200) or "nowhere"
            raise RegistryError(
                f"{self._ref.registry} sends us to {shown}, where its login does not belong"
            )
        return url

    def _verified(self, data: bytes, digest: str, what: str) -> bytes:
        if hashed(data, like=digest) != digest:
            raise RegistryError(
                f"{self._ref.registry} sent something else for {what}; it cannot be trusted"
            )
        return data
