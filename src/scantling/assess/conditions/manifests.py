"""Kubernetes manifests: which containers run, and how.

Reads Pods and everything with a pod template (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job,
CronJob, and kinds of others that are built alike), Lists, Services, and what routes to Services.
The output of `helm template` is read as it is; templates themselves are not YAML.

Fields that are not looked at may hold anything. A document that may run containers and is not as
the API has it is `Unread`: nothing is concluded from the silence of what was not read.

Source: Kubernetes API, v1 PodSpec, Container, SecurityContext, PodSecurityContext,
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from scantling.assess.conditions.workloads import Container, Manifests, Unread
from scantling.core import yaml
from scantling.core.errors import InputError
from scantling.core.limits import MIB

MANIFEST_BYTES: Final = 8 * MIB
"""The longest file of manifests; charts of hundreds of workloads have some hundred kilobytes."""

_MOST_CONTAINERS: Final = 10_000
_MOST_DEPTH: Final = 64
_WORKLOADS: Final = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    }
)
_ROUTES: Final = ("Ingress", "Route", "VirtualService", "IngressRoute", "Mapping")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
# Volumes whose content is the pod's own or comes from the API, never the node's file system.
_OWN_VOLUMES: Final = frozenset(
    {"configMap", "downwardAPI", "emptyDir", "name", "projected", "secret"}
)


class _Raw(msgspec.Struct, rename="camel"):
    """A struct with the API's names."""


class _Profile(_Raw):
    type: str = ""


class _Capabilities(_Raw):
    add: list[str] = []
    drop: list[str] = []


class _Security(_Raw):
    run_as_user: int | None = None
    run_as_non_root: bool | None = None
    privileged: bool = False
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool = False
    capabilities: _Capabilities = msgspec.field(default_factory=_Capabilities)
    seccomp_profile: _Profile = msgspec.field(default_factory=_Profile)
    app_armor_profile: _Profile = msgspec.field(default_factory=_Profile)


class _Variable(_Raw):
    name: str
    value: str | None = None
    value_from: dict[str, object] | None = None


class _Port(_Raw):
    container_port: int
    host_port: int = 0


class _Mount(_Raw):
    name: str


class _Container(_Raw):
    name: str
    image: str = ""
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[_Variable] = []
    env_from: list[dict[str, object]] = []
    ports: list[_Port] = []
    security_context: _Security = msgspec.field(default_factory=_Security)
    volume_mounts: list[_Mount] = []


class _HostPath(_Raw):
    path: str


class _Pod(_Raw):
    containers: list[_Container]
    init_containers: list[_Container] = []
    host_network: bool = False
    host_pid: bool = msgspec.field(default=False, name="hostPID")
    security_context: _Security = msgspec.field(default_factory=_Security)
    volumes: list[dict[str, object]] = []


class _Metadata(_Raw):
    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _ServicePort(_Raw):
    port: int = 0
    target_port: int | str = ""


class _ServiceSpec(_Raw):
    type: str = "ClusterIP"
    selector: dict[str, str] = {}
    ports: list[_ServicePort] = []
    external_i_ps: list[str] = msgspec.field(default_factory=list, name="externalIPs")


class _Service(_Raw):
    metadata: _Metadata
    spec: _ServiceSpec


class _Found(msgspec.Struct):
    """A pod on the way: `kind` of the workload, its names, and where it was read."""

    kind: str
    metadata: _Metadata
    labels: _Metadata
    pod: _Pod


def read_manifests(files: Iterable[tuple[str, bytes]]) -> Manifests:
    """Return what the files, as (name, content) pairs, run. Never raises for what they hold."""
    reader = _Reader()
    for name, data in files:
        try:
            documents = yaml.read_all(data, name=name, most_bytes=MANIFEST_BYTES)
        except InputError as error:
            reader.unread.append(Unread(reason=error.detail))
            continue
        for document in documents:
            reader.add(document, document.value, 0)
    return reader.result()


class _Reader:
    """Collects pods, services and routes of all documents, then puts them together."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []
        self._pods: list[_Found] = []
        self._services: list[_Service] = []
        self._routed: dict[str, str] = {}

    def add(self, document: yaml.Document, value: object, depth: int) -> None:
        """Note what a document holds."""
        value = _without_nulls(value, 0)
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            self._refuse(document, "not a Kubernetes document: it has no 'kind'")
            return
        kind: str = value["kind"]
        items = value.get("items")
        if kind.endswith("List") and isinstance(items, list) and depth == 0:
            for one in items:
                self.add(document, one, 1)
            return
        try:
            if kind == "Service":
                self._services.append(msgspec.convert(value, _Service))
            elif kind.endswith(_ROUTES):
                self._routed |= dict.fromkeys(_names_in(value.get("spec"), 0), kind)
            else:
                self._add_workload(document, kind, value)
        except msgspec.ValidationError as error:
            self._refuse(document, f"{kind}: {error}")

    def result(self) -> Manifests:
        """Return the containers once everything was added."""
        containers: list[Container] = []
        for found in self._pods:
            for one in (*found.pod.containers, *found.pod.init_containers):
                if len(containers) == _MOST_CONTAINERS:
                    self.unread.append(Unread(reason=f"more than {_MOST_CONTAINERS:,} containers"))
                    return Manifests(containers=tuple(containers), unread=tuple(self.unread))
                containers.append(self._container(found, one))
        return Manifests(containers=tuple(containers), unread=tuple(self.unread))

    def _add_workload(self, document: yaml.Document, kind: str, value: dict[str, object]) -> None:
        template = _template(kind, value)
        spec = template.get("spec") if template is not None else None
        if not isinstance(spec, dict) or "containers" not in spec:
            if kind in _WORKLOADS:
                self._refuse(document, f"{kind}: it has no list of containers")
            elif _has_image(value, 0):
                self._refuse(document, f"{kind}: it names an image, in a form that is not known")
            return
        self._pods.append(
            _Found(
                kind,
                msgspec.convert(value.get("metadata", {}), _Metadata),
                msgspec.convert((template or {}).get("metadata", {}), _Metadata),
                msgspec.convert(spec, _Pod),
            )
        )

    def _refuse(self, document: yaml.Document, reason: str) -> None:
        self.unread.append(Unread(reason=f"{document.name}:{document.first}: {reason}"))

    def _container(self, found: _Found, raw: _Container) -> Container:
        pod, own = found.pod, raw.security_context
        shared = pod.security_context
        user, non_root = own.run_as_user, own.run_as_non_root
        paths, unknown = _volumes(pod, raw)
        name = found.metadata.name or found.metadata.generate_name
        where = f" of {found.metadata.namespace}" if found.metadata.namespace else ""
        return Container(
            place=f"{found.kind} {name}{where}, container {raw.name}",
            image=raw.image,
            command=None if raw.command is None else tuple(raw.command),
            arguments=None if raw.args is None else tuple(raw.args),
            environment=tuple((one.name, _literal(one)) for one in raw.env),
            more_environment=bool(raw.env_from),
            ports=tuple(one.container_port for one in raw.ports),
            outside=tuple(self._outside(found, raw)),
            user=shared.run_as_user if user is None else user,
            non_root=shared.run_as_non_root if non_root is None else non_root,
            privileged=own.privileged,
            escalation=own.allow_privilege_escalation,
            read_only=own.read_only_root_filesystem,
            added=_capabilities(own.capabilities.add),
            dropped=_capabilities(own.capabilities.drop),
            seccomp=own.seccomp_profile.type or shared.seccomp_profile.type,
            apparmor=own.app_armor_profile.type
            or shared.app_armor_profile.type
            or found.labels.annotations.get(_APPARMOR + raw.name, ""),
            host_network=pod.host_network,
            host_pid=pod.host_pid,
            host_paths=paths,
            unknown_volumes=unknown,
        )

    def _outside(self, found: _Found, raw: _Container) -> Iterator[str]:
        """Yield by what the pod can be reached from beyond the cluster."""
        if found.pod.host_network:
            yield "the network of the node"
        for port in raw.ports:
            if port.host_port:
                yield f"port {port.host_port} of the node"
        labels = found.labels.labels.items()
        for service in self._services:
            spec, name = service.spec, service.metadata.name
            chosen = bool(spec.selector) and spec.selector.items() <= labels
            if not chosen or service.metadata.namespace != found.metadata.namespace:
                continue
            if spec.type in {"LoadBalancer", "NodePort"} or spec.external_i_ps:
                yield f"Service {name} ({spec.type})"
            if name in self._routed:
                yield f"{self._routed[name]} to Service {name}"


def _template(kind: str, value: dict[str, object]) -> dict[str, object] | None:
    """Return what holds the pod's spec: the document or the template in it; None: nothing."""
    if kind == "Pod":
        return value
    at: object = value
    steps = (
        ("spec", "jobTemplate", "spec", "template") if kind == "CronJob" else ("spec", "template")
    )
    for step in steps:
        at = at.get(step) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def _literal(variable: _Variable) -> str | None:
    """Return a variable's text; None if it is taken from elsewhere or put together."""
    if variable.value_from is not None:
        return None
    text = variable.value or ""
    return None if "$(" in text else text


def _capabilities(names: Iterable[str]) -> frozenset[str]:
    return frozenset(one.upper().removeprefix("CAP_") for one in names)


def _volumes(pod: _Pod, raw: _Container) -> tuple[tuple[str, ...], bool]:
    """Return the node's folders that are mounted, and whether other volumes may be anything."""
    mounted = {one.name for one in raw.volume_mounts}
    paths: list[str] = []
    unknown = False
    for volume in pod.volumes:
        if volume.get("name") not in mounted:
            continue
        if "hostPath" in volume:
            paths.append(msgspec.convert(volume["hostPath"], _HostPath).path)
        elif not volume.keys() <= _OWN_VOLUMES:
            unknown = True
    return tuple(paths), unknown


def _without_nulls(value: object, depth: int) -> object:
    """Return the value without keys that are null, which the API takes as not given."""
    if depth > _MOST_DEPTH:
        return value
    if isinstance(value, dict):
        return {
            key: _without_nulls(one, depth + 1) for key, one in value.items() if one is not None
        }
    if isinstance(value, list):
        return [_without_nulls(one, depth + 1) for one in value]
    return value


def _has_image(value: object, depth: int) -> bool:
    """Return whether some field is called as those that name images are."""
    if depth > _MOST_DEPTH:
        return True
    if isinstance(value, dict):
        if {"image", "containers"} & value.keys():
            return True
        return any(_has_image(one, depth + 1) for one in value.values())
    return isinstance(value, list) and any(_has_image(one, depth + 1) for one in value)


def _names_in(value: object, depth: int) -> Iterator[str]:
    """Yield every text called name, serviceName or host: a route names its Services by one."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            if key in {"host", "name", "serviceName"} and isinstance(one, str):
                yield one
            yield from _names_in(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _names_in(one, depth + 1)
