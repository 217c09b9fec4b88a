"""All facts that conditions may ask for: one table, and how each is looked up.

A fact is `holds` or `fails` only if that is certain. What the image's configuration says is only
the default of whoever runs it: without a container in the manifests, or the user's word that the
image runs as it is configured, it is `unknown`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from scantling.assess.conditions import image_facts, run_facts
from scantling.assess.conditions.model import Evidence, Fact
from scantling.assess.conditions.setting import Setting


class Spec(Struct, frozen=True, kw_only=True):
    """A kind of fact.

    `names` are the values it may have, of which `required` must be there. `justification` is the
    label (core.model.vex) if a finding does not matter because this fails. `meaning` is one
    sentence for the manual.
    """

    look: Callable[[Fact, Setting], Evidence]
    meaning: str
    justification: str
    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def takes(self) -> str:
        """Return the names of its values, empty if it takes none."""
        return ", ".join(self.names)

    def problem(self, fact: Fact) -> str:
        """Return what is missing, empty if nothing is."""
        given = {name.partition(".")[0] for name, values in fact.values if values}
        missing = [one for one in self.required if one not in given]
        return f"'{missing[0]}' is missing" if missing else ""


_ABSENT: Final = "vulnerable_code_not_present"
_IDLE: Final = "vulnerable_code_not_in_execute_path"
_OUT_OF_REACH: Final = "vulnerable_code_cannot_be_controlled_by_adversary"
_MITIGATED: Final = "inline_mitigations_already_exist"

FACTS: Final[Mapping[str, Spec]] = {
    "component": Spec(
        look=image_facts.component,
        meaning="the finding's package is one `with` the flawed code, or one known to be `without`"
        " it; names by package type, any other package is unknown",
        justification=_ABSENT,
        names=("with", "without"),
    ),
    "package": Spec(
        look=image_facts.package,
        meaning="the image has a package of this `type` with one of the `names`, and of `versions`"
        " (VERS) if given; it fails only if the image was read completely",
        justification=_IDLE,
        names=("type", "names", "versions"),
        required=("type", "names"),
    ),
    "file": Spec(
        look=image_facts.file,
        meaning="a package was found at this `path`; it never fails, since other files are not"
        " listed",
        justification=_IDLE,
        names=("path",),
        required=("path",),
    ),
    "architecture": Spec(
        look=image_facts.architecture,
        meaning="the image is for one of these processors, in Go's spelling",
        justification=_ABSENT,
        names=("is",),
        required=("is",),
    ),
    "label": Spec(
        look=image_facts.label,
        meaning="the image has a label of this `name`, and one of these values if `is` is given",
        justification=_IDLE,
        names=("name", "is"),
        required=("name",),
    ),
    "environment": Spec(
        look=run_facts.environment,
        meaning="a variable `name` is set, to one of the texts `is`, or to one that `begins` so,"
        " if given; what a program sets for itself is not seen",
        justification=_OUT_OF_REACH,
        names=("name", "is", "begins"),
        required=("name",),
    ),
    "port": Spec(
        look=run_facts.port,
        meaning="this port is declared; since a program may listen on any, it fails only if the"
        " user says so: `port-443`",
        justification=_OUT_OF_REACH,
        names=("is",),
        required=("is",),
    ),
    "exposed": Spec(
        look=run_facts.exposed,
        meaning="it can be reached from outside the cluster: Service, Ingress or route, port of the"
        " node; since manifests elsewhere may expose it, it fails only if the user says so:"
        " `exposed`",
        justification=_OUT_OF_REACH,
    ),
    "runs": Spec(
        look=run_facts.runs,
        meaning="the command line names this `program`; since programs start others, it fails only"
        " if the user says so: `runs-sshd`",
        justification=_IDLE,
        names=("program",),
        required=("program",),
    ),
    "root": Spec(
        look=run_facts.root,
        meaning="it runs as user 0",
        justification=_MITIGATED,
    ),
    "privileged": Spec(
        look=run_facts.privileged,
        meaning="the container is privileged",
        justification=_MITIGATED,
    ),
    "capability": Spec(
        look=run_facts.capability,
        meaning="the container may have the capability `name` (`SYS_ADMIN`)",
        justification=_MITIGATED,
        names=("name",),
        required=("name",),
    ),
    "privilege_escalation": Spec(
        look=run_facts.privilege_escalation,
        meaning="setuid programs and file capabilities raise privileges (no_new_privs is not set)",
        justification=_MITIGATED,
    ),
    "unconfined_syscalls": Spec(
        look=run_facts.unconfined_syscalls,
        meaning="the runtime's default seccomp profile does not apply",
        justification=_MITIGATED,
    ),
    "unconfined_apparmor": Spec(
        look=run_facts.unconfined_apparmor,
        meaning="the runtime's default AppArmor profile does not apply",
        justification=_MITIGATED,
    ),
    "writable_root": Spec(
        look=run_facts.writable_root,
        meaning="the root file system of the container can be written",
        justification=_MITIGATED,
    ),
    "host_network": Spec(
        look=run_facts.host_network,
        meaning="the container shares the network of the node",
        justification=_MITIGATED,
    ),
    "host_processes": Spec(
        look=run_facts.host_processes,
        meaning="the container sees the processes of the node",
        justification=_MITIGATED,
    ),
    "mount": Spec(
        look=run_facts.mount,
        meaning="a folder of the node is mounted that is, holds or lies within one of the `paths`",
        justification=_MITIGATED,
        names=("paths",),
        required=("paths",),
    ),
    "ask": Spec(
        look=image_facts.ask,
        meaning="what only the user knows: unknown until `--answer NAME=yes` or `no`",
        justification=_IDLE,
        names=("name", "question"),
        required=("name", "question"),
    ),
}
"""Kinds of facts by their names in documents."""
