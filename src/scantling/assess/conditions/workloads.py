"""What manifests say about the containers that run an image, as values."""

from msgspec import Struct


class Container(Struct, frozen=True, kw_only=True):
    """One container of one workload; what a pod says for all its containers is resolved.

    `None` is "not said". `environment` pairs names with texts, or with None where the value comes
    from elsewhere; `more_environment`: whole sets of variables come from elsewhere. `command` and
    `arguments` replace the image's entrypoint and command. `outside` says by what the workload can
    be reached from beyond the cluster. `host_paths` are folders of the node; `unknown_volumes`:
    others are mounted that may be anything.
    """

    place: str
    image: str
    command: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    environment: tuple[tuple[str, str | None], ...] = ()
    more_environment: bool = False
    ports: tuple[int, ...] = ()
    outside: tuple[str, ...] = ()
    user: int | None = None
    non_root: bool | None = None
    privileged: bool = False
    escalation: bool | None = None
    read_only: bool = False
    added: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    seccomp: str = ""
    apparmor: str = ""
    host_network: bool = False
    host_pid: bool = False
    host_paths: tuple[str, ...] = ()
    unknown_volumes: bool = False


class Unread(Struct, frozen=True, kw_only=True):
    """A document that may run the image and cannot be read. `reason` begins with its place."""

    reason: str


class Manifests(Struct, frozen=True, kw_only=True):
    """All containers of the documents, in their order, and what could not be read."""

    containers: tuple[Container, ...] = ()
    unread: tuple[Unread, ...] = ()
