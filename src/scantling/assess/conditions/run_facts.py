"""Facts about how the image is run: by a container of the manifests, or as it is configured.

Source: Kubernetes, "Configure a Security Context for a Pod or Container",
https://kubernetes.io/docs/tasks/configure-pod-container/security-context/.
"""

from typing import Final

from scantling.assess.conditions.model import Evidence, Fact
from scantling.assess.conditions.setting import Setting, answered, fails, holds, unknown

# What runtimes give a container that asks for nothing; some give less, so they may be there.
# Source: Docker and containerd, the default list of capabilities.
_DEFAULT: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_NO_CONTAINER: Final = "no manifest says how the image is run"


def environment(fact: Fact, setting: Setting) -> Evidence:
    """Look for a variable, in the container first, then in the image."""
    name, container = fact.one("name"), setting.container
    if container is not None:
        own = dict(container.environment)
        if name in own:
            return _variable(fact, name, own[name])
        if container.more_environment:
            return unknown(fact, f"{name} may be among variables that come from elsewhere")
    default = dict(one.partition("=")[::2] for one in setting.image.config.environment)
    if not setting.defaults_count:
        shown = f"the image sets {name}" if name in default else f"the image does not set {name}"
        return unknown(fact, f"{shown}, and {_NO_CONTAINER}")
    if name in default:
        return _variable(fact, name, default[name])
    return fails(fact, f"{name} is not set")


def _variable(fact: Fact, name: str, value: str | None) -> Evidence:
    wanted, begins = fact.all("is"), fact.all("begins")
    if not (wanted or begins):
        return holds(fact, f"{name} is set")
    if value is None:
        return unknown(fact, f"the value of {name} comes from elsewhere")
    if value in wanted or (begins and value.startswith(begins)):
        return holds(fact, f"{name} is set so")
    return fails(fact, f"{name} is set to something else")


def port(fact: Fact, setting: Setting) -> Evidence:
    """Look whether a port is declared; a program may listen on any other as well."""
    wanted = {fact.one("is")}
    declared = {one.partition("/")[0] for one in setting.image.config.exposed_ports}
    if setting.container is not None:
        declared |= {str(one) for one in setting.container.ports}
    if setting.defaults_count and (found := sorted(wanted & declared)):
        return holds(fact, f"port {', '.join(found)} is declared")
    first = min(wanted)
    return answered(fact, setting, f"port-{first}", f"does anything listen on port {first}")


def exposed(fact: Fact, setting: Setting) -> Evidence:
    """Look whether it can be reached from outside the cluster."""
    if setting.container is not None and setting.container.outside:
        return holds(fact, f"it can be reached by {', '.join(setting.container.outside)}")
    return answered(fact, setting, "exposed", "can it be reached from outside the cluster")


def runs(fact: Fact, setting: Setting) -> Evidence:
    """Look for a program in the command line."""
    program, config = fact.one("program"), setting.image.config
    line = (*config.entrypoint, *config.command)
    if setting.container is not None:
        command, arguments = setting.container.command, setting.container.arguments
        # A command without arguments drops the image's own arguments as well.
        rest = arguments if arguments is not None else (() if command is not None else None)
        line = (
            *(config.entrypoint if command is None else command),
            *(config.command if rest is None else rest),
        )
    words = {word.rpartition("/")[2] for part in line for word in part.split()}
    if setting.defaults_count and program in words:
        return holds(fact, f"the command line has {program}")
    return answered(fact, setting, f"runs-{program}", f"is {program} ever started")


def root(fact: Fact, setting: Setting) -> Evidence:
    """Look whether it runs as user 0."""
    container = setting.container
    if container is not None and container.user is not None:
        said = f"it runs as user {container.user}"
        return fails(fact, said) if container.user > 0 else holds(fact, said)
    if container is not None and container.non_root:
        return fails(fact, "the cluster refuses to run it as root (runAsNonRoot)")
    user = setting.image.config.user.partition(":")[0]
    if not setting.defaults_count:
        return unknown(fact, f"the image's user is {user or 'root'}, and {_NO_CONTAINER}")
    if user in {"", "0", "root"}:
        return holds(fact, "it runs as root")
    if user.isascii() and user.isdigit() and user.strip("0"):
        return fails(fact, f"it runs as user {user}")
    return unknown(fact, f"which number the user {user} has is not known")


def privileged(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the container is privileged."""
    if setting.container is None:
        return unknown(fact, _NO_CONTAINER)
    if setting.container.privileged:
        return holds(fact, "the container is privileged")
    return fails(fact, "the container is not privileged")


def capability(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the container may have a capability."""
    container = setting.container
    if container is None:
        return unknown(fact, _NO_CONTAINER)
    name = fact.one("name").upper().removeprefix("CAP_")
    if container.privileged:
        return holds(fact, f"the container is privileged, which gives {name}")
    if {name, "ALL"} & container.added:
        return holds(fact, f"the container is given {name}")
    if {name, "ALL"} & container.dropped:
        return fails(fact, f"the container gives up {name}")
    if name in _DEFAULT:
        return unknown(fact, f"whether the runtime gives {name} is not known")
    return fails(fact, f"the container is not given {name}")


def privilege_escalation(fact: Fact, setting: Setting) -> Evidence:
    """Look whether setuid programs raise privileges.

    Source: https://docs.kernel.org/userspace-api/no_new_privs.html; the cluster leaves
    no_new_privs unset for privileged containers and for those with CAP_SYS_ADMIN.
    """
    container = setting.container
    if container is None:
        return unknown(fact, _NO_CONTAINER)
    if container.privileged or {"SYS_ADMIN", "ALL"} & container.added:
        return holds(fact, "the container is privileged or has SYS_ADMIN")
    if container.escalation is False:
        return fails(fact, "allowPrivilegeEscalation is false: setuid programs raise nothing")
    return holds(fact, "allowPrivilegeEscalation is not false")


def unconfined_syscalls(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the runtime's seccomp profile is off."""
    container = setting.container
    if container is None:
        return unknown(fact, _NO_CONTAINER)
    if container.privileged:
        return holds(fact, "the container is privileged, which turns seccomp off")
    if container.seccomp == "RuntimeDefault":
        return fails(fact, "the seccomp profile is RuntimeDefault")
    if container.seccomp == "Unconfined":
        return holds(fact, "the seccomp profile is Unconfined")
    if container.seccomp:
        return unknown(fact, f"what the seccomp profile {container.seccomp} allows is not known")
    return unknown(fact, "no seccomp profile is named: the node decides")


def unconfined_apparmor(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the runtime's AppArmor profile is off; not every node has AppArmor."""
    container = setting.container
    if container is None:
        return unknown(fact, _NO_CONTAINER)
    if container.privileged or container.apparmor.lower() == "unconfined":
        return holds(fact, "no AppArmor profile applies")
    if container.apparmor in {"RuntimeDefault", "runtime/default"}:
        return fails(fact, "the AppArmor profile is the runtime's")
    return unknown(fact, "which AppArmor profile applies is not known")


def writable_root(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the root file system can be written."""
    if setting.container is None:
        return unknown(fact, _NO_CONTAINER)
    if setting.container.read_only:
        return fails(fact, "the root file system is read-only")
    return holds(fact, "the root file system can be written")


def host_network(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the node's network is shared."""
    return _shared(fact, setting, "network", shared=_field(setting, "host_network"))


def host_processes(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the node's processes are seen."""
    return _shared(fact, setting, "processes", shared=_field(setting, "host_pid"))


def _field(setting: Setting, name: str) -> bool:
    return bool(getattr(setting.container, name, False))


def _shared(fact: Fact, setting: Setting, what: str, *, shared: bool) -> Evidence:
    if setting.container is None:
        return unknown(fact, _NO_CONTAINER)
    if shared:
        return holds(fact, f"it shares the {what} of the node")
    return fails(fact, f"it does not share the {what} of the node")


def mount(fact: Fact, setting: Setting) -> Evidence:
    """Look for folders of the node."""
    container, wanted = setting.container, fact.all("paths")
    if container is None:
        return unknown(fact, _NO_CONTAINER)
    for has in container.host_paths:
        for path in wanted:
            if _meet(has, path):
                return holds(fact, f"{has} of the node is mounted")
    if container.unknown_volumes:
        return unknown(fact, "volumes are mounted that may be anything")
    return fails(fact, f"{' or '.join(wanted)} of the node is not mounted")


def _meet(one: str, other: str) -> bool:
    """Return whether one of two paths is the other or holds it; `/var/run` is a link to `/run`."""
    if ".." in one.split("/"):
        return True
    first, second = (_plain(path) for path in (one, other))
    return first.startswith(second) or second.startswith(first)


def _plain(path: str) -> str:
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if parts[:2] == ["var", "run"]:
        parts = parts[1:]
    return "/" + "".join(f"{part}/" for part in parts)
