"""One repository at one registry or mirror: its address, its login, and requests below it.

1. https, or http where that is allowed and https is not spoken. A certificate that is not trusted
   is no reason to do without one.
2. A 401 is answered once with the right login (`tokens`); a second 401 is final.

Importing this loads the HTTP client.

Source: OCI distribution-spec 1.1, "Definitions" (`/v2/<name>/`).
"""

from typing import Final

from scantling.core.addresses import Reach, literal_reach
from scantling.core.errors import NetworkError
from scantling.core.http import Http, Reply
from scantling.core.secret import Secret
from scantling.image.api import ImageOptions
from scantling.image.credentials import Login, find_login
from scantling.image.refs import RegistryRef
from scantling.image.tokens import Visitor, authorize

ERROR_BYTES: Final = 65_536
"""The longest answer of which only the status is of interest."""

_HUB_API: Final = "registry-1.docker.io"
_UNAUTHORIZED: Final = 401


class Endpoint:
    """Where a repository is asked, and what has been learned about the place.

    `place` is `host[:port]`, for a mirror with its own prefix of names. `actions` is what a login
    is asked for: `pull`, or `pull,push`. Raises NetworkError, RegistryError.
    """

    def __init__(
        self,
        http: Http,
        place: str,
        repository: str,
        options: ImageOptions,
        *,
        actions: str = "pull",
    ) -> None:
        registry, _, prefix = place.partition("/")
        repository = f"{prefix.rstrip('/')}/{repository}".lstrip("/")
        base = _base(http, registry, options)
        self._http = http
        self._visitor = Visitor(
            registry=registry,
            base=base,
            repository=repository,
            login=find_login(registry, repository, options.auth_file),
            token_hosts=options.token_hosts,
            actions=actions,
        )
        self.authorization: Secret | None = None

    @property
    def login(self) -> Login | None:
        """The login for the place, None if there is none."""
        return self._visitor.login

    @property
    def base(self) -> str:
        """The address of the registry: `https://host[:port]`."""
        return self._visitor.base

    def url(self, path: str) -> str:
        """Return the address of what is at `path` below the repository."""
        return f"{self._visitor.base}/v2/{self._visitor.repository}/{path}"

    def ask(
        self,
        method: str,
        url: str,
        *,
        limit_bytes: int,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> Reply:
        """Return the answer, whatever its status below 500, logging in once if that is asked for.

        `url` is one of this registry: the login is sent there. Raises NetworkError, RegistryError.
        """

        def once() -> Reply:
            return self._http.request(
                method,
                url,
                limit_bytes=limit_bytes,
                headers=headers,
                authorization=self.authorization,
                body=body,
            )

        reply = once()
        if reply.status == _UNAUTHORIZED and self.log_in(reply.challenges):
            reply = once()
        return reply

    def log_in(self, challenges: tuple[str, ...]) -> bool:
        """Answer a 401; False if there is no answer, or the one there was is refused."""
        fresh = authorize(self._http, self._visitor, challenges)
        if fresh is None or fresh == self.authorization:
            return False
        self.authorization = fresh
        return True


def insecure_places(ref: RegistryRef, options: ImageOptions) -> frozenset[str]:
    """Return the `host:port`s for which the options allow plain http and unverified TLS."""
    if not options.insecure_registry:
        return frozenset()
    mirrors = [mirror for registry, mirror in options.mirrors if registry == ref.registry]
    places = [place.partition("/")[0] for place in (*mirrors, ref.registry)]
    return frozenset(
        port
        for place in places
        for port in ((place,) if _has_port(place) else (f"{place}:443", f"{place}:80"))
    )


def _base(http: Http, registry: str, options: ImageOptions) -> str:
    """Return the address; rule 1 of the module."""
    host = _HUB_API if registry == "docker.io" else registry
    secure = f"https://{host}"
    if not options.insecure_registry and not _is_local(host):
        return secure
    try:
        http.request("GET", f"{secure}/v2/", limit_bytes=ERROR_BYTES)
    except NetworkError as error:
        closed = error.kind == "unreachable" and not _has_port(host)
        if closed or error.kind in {"tls", "protocol"}:
            return f"http://{host}"
        raise
    return secure


def _is_local(host: str) -> bool:
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    return literal_reach(name.strip("[]")) is Reach.LOOPBACK


def _has_port(place: str) -> bool:
    return ":" in place.rpartition("]")[2]
