"""Conditions are weighed where the image runs; only what is certain makes a statement."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.assess.conditions.document import read_conditions
from scantling.assess.conditions.evaluate import Told, evaluate
from scantling.assess.conditions.manifests import read_manifests
from scantling.assess.conditions.model import Condition, Evaluated, Truth
from scantling.assess.conditions.workloads import Manifests
from scantling.assess.vex.apply import Effect, apply
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import ImageConfig
from scantling.core.model.inventory import Package
from scantling.core.model.vex import JUSTIFICATIONS, VexStatement, VexStatus
from scantling.testing.reports import DJANGO, IMAGE, OPENSSL, finding

_NAME = "registry.example.com/team/shop:1.2"
_IMAGE = replace(
    IMAGE,
    tags=(_NAME,),
    config=ImageConfig(
        user="1000",
        entrypoint=("/usr/sbin/nginx",),
        command=("-g", "daemon off;"),
        environment=("PROXY=none", "EMPTY="),
        exposed_ports=("8080/tcp",),
        labels=(("tier", "web"),),
    ),
)
_OPEN = finding(DJANGO, "CVE-2024-1", aliases=("GHSA-a",))
_TODAY = date(2026, 8, 23)


def _condition(needs: str, **fields: str) -> Condition:
    lines = [
        "schema: scantling.conditions/1",
        "conditions:",
        "  - id: one",
        "    title: It needs something",
        "    vulnerabilities: [CVE-2024-1]",
        "    author: Example",
        "    sources: [{url: 'https://example.com/a', says: so}]",
        *(f"    {key}: {value}" for key, value in fields.items()),
        f"    needs: {needs}",
    ]
    [condition] = read_conditions("\n".join(lines).encode(), origin="test.yaml")
    return condition


def _pod(container: str = "", pod: str = "", image: str = _NAME) -> Manifests:
    text = f"""\
kind: Pod
metadata: {{name: shop, labels: {{app: shop}}}}
spec:
  {pod or "hostNetwork: false"}
  containers:
    - name: app
      image: {image}
      {container or "stdin: false"}
"""
    manifests = read_manifests([("pod.yaml", text.encode())])
    assert not manifests.unread
    return manifests


def _evaluate(
    needs: str,
    manifests: Manifests | None = None,
    *,
    about: Finding = _OPEN,
    gaps: tuple[Gap, ...] = (),
    packages: tuple[Package, ...] = (DJANGO, OPENSSL),
    told: Told | None = None,
    **fields: str,
) -> Evaluated:
    return evaluate(
        [about],
        _IMAGE,
        packages,
        manifests or Manifests(),
        [_condition(needs, **fields)],
        gaps=gaps,
        told=told or Told(trusted=True),
    )


def _truth(needs: str, manifests: Manifests | None = None, **more: object) -> Truth:
    [explanation] = _evaluate(needs, manifests, **more).explanations  # type: ignore[arg-type]
    return explanation.truth


_H, _F, _U = Truth.HOLDS, Truth.FAILS, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("needs", "truth"),
    [
        ("{component: {with: {pypi: [django]}}}", _H),
        ("{component: {without: {pypi: [Django]}}}", _F),
        ("{component: {without: {deb: [django]}}}", _U),
        ("{package: {type: deb, names: [libssl3]}}", _H),
        ("{package: {type: deb, names: [debian/libssl3], versions: 'vers:deb/<4'}}", _H),
        ("{package: {type: deb, names: [libssl3], versions: 'vers:deb/>=4'}}", _F),
        ("{package: {type: deb, names: [nscd]}}", _F),
        ("{file: {path: /var/lib/dpkg/status}}", _H),
        ("{file: {path: /usr/sbin/nscd}}", _U),
        ("{architecture: {is: [amd64]}}", _H),
        ("{architecture: {is: [arm64, s390x]}}", _F),
        ("{label: {name: tier}}", _H),
        ("{label: {name: tier, is: [db]}}", _F),
        ("{label: {name: other}}", _F),
        ("{ask: {name: q, question: really}}", _U),
    ],
)
def test_facts_of_the_image_need_no_manifests(needs: str, truth: Truth) -> None:
    assert _truth(needs) is truth


@pytest.mark.parametrize(
    ("needs", "container", "truth"),
    [
        ("{environment: {name: A}}", "env: [{name: A, value: x}]", _H),
        ("{environment: {name: A, is: [x]}}", "env: [{name: A, value: x}]", _H),
        ("{environment: {name: A, begins: y}}", "env: [{name: A, value: x}]", _F),
        ("{environment: {name: A, is: [x]}}", "env: [{name: A, valueFrom: {fieldRef: {}}}]", _U),
        ("{environment: {name: A, is: [x]}}", "env: [{name: A, value: $(B)}]", _U),
        ("{environment: {name: A}}", "envFrom: [{secretRef: {name: s}}]", _U),
        ("{environment: {name: PROXY, is: [none]}}", "", _H),
        ("{environment: {name: A}}", "", _F),
        ("{port: {is: 8080}}", "", _H),
        ("{port: {is: 22}}", "ports: [{containerPort: 22}]", _H),
        ("{port: {is: 443}}", "", _U),
        ("{exposed: {}}", "", _U),
        ("{exposed: {}}", "ports: [{containerPort: 80, hostPort: 80}]", _H),
        ("{runs: {program: nginx}}", "", _H),
        ("{runs: {program: nginx}}", "command: [/bin/app]", _U),
        ("{runs: {program: sshd}}", "args: [-c, exec /usr/sbin/sshd -D]", _H),
        ("{root: {}}", "", _F),
        ("{root: {}}", "securityContext: {runAsUser: 0}", _H),
        ("{root: {}}", "securityContext: {runAsNonRoot: true}", _F),
        ("{privileged: {}}", "", _F),
        ("{privileged: {}}", "securityContext: {privileged: true}", _H),
        ("{capability: {name: SYS_ADMIN}}", "", _F),
        ("{capability: {name: CAP_SYS_ADMIN}}", "securityContext: {privileged: true}", _H),
        ("{capability: {name: NET_RAW}}", "", _U),
        ("{capability: {name: NET_RAW}}", "securityContext: {capabilities: {drop: [ALL]}}", _F),
        ("{capability: {name: BPF}}", "securityContext: {capabilities: {add: [CAP_BPF]}}", _H),
        ("{privilege_escalation: {}}", "", _H),
        ("{privilege_escalation: {}}", "securityContext: {allowPrivilegeEscalation: false}", _F),
        (
            "{privilege_escalation: {}}",
            "securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [SYS_ADMIN]}}",
            _H,
        ),
        ("{unconfined_syscalls: {}}", "", _U),
        (
            "{unconfined_syscalls: {}}",
            "securityContext: {seccompProfile: {type: RuntimeDefault}}",
            _F,
        ),
        ("{unconfined_syscalls: {}}", "securityContext: {seccompProfile: {type: Localhost}}", _U),
        ("{unconfined_syscalls: {}}", "securityContext: {seccompProfile: {type: Unconfined}}", _H),
        ("{unconfined_apparmor: {}}", "securityContext: {appArmorProfile: {type: Unconfined}}", _H),
        ("{unconfined_apparmor: {}}", "", _U),
        ("{writable_root: {}}", "securityContext: {readOnlyRootFilesystem: true}", _F),
        ("{writable_root: {}}", "", _H),
        ("{host_network: {}}", "", _F),
        ("{host_processes: {}}", "", _F),
        ("{mount: {paths: [/var/run/docker.sock]}}", "", _F),
    ],
)
def test_facts_of_a_container_come_from_its_manifest(
    needs: str, container: str, truth: Truth
) -> None:
    assert _truth(needs, _pod(container)) is truth


@pytest.mark.parametrize(
    ("needs", "pod", "truth"),
    [
        ("{host_network: {}}", "hostNetwork: true", _H),
        ("{host_processes: {}}", "hostPID: true", _H),
        ("{root: {}}", "securityContext: {runAsUser: 0}", _H),
        (
            "{unconfined_syscalls: {}}",
            "securityContext: {seccompProfile: {type: RuntimeDefault}}",
            _F,
        ),
        ("{mount: {paths: [/run/docker.sock]}}", "volumes: [{name: v, hostPath: {path: /}}]", _H),
        (
            "{mount: {paths: [/var/run/docker.sock]}}",
            "volumes: [{name: v, hostPath: {path: /run/docker.sock}}]",
            _H,
        ),
        ("{mount: {paths: [/etc]}}", "volumes: [{name: v, hostPath: {path: /data/../etc}}]", _H),
        ("{mount: {paths: [/etc]}}", "volumes: [{name: v, hostPath: {path: /data}}]", _F),
        ("{mount: {paths: [/etc]}}", "volumes: [{name: v, persistentVolumeClaim: {}}]", _U),
        ("{mount: {paths: [/etc]}}", "volumes: [{name: v, emptyDir: {}}]", _F),
    ],
)
def test_what_a_pod_says_holds_for_its_containers(needs: str, pod: str, truth: Truth) -> None:
    manifests = _pod("volumeMounts: [{name: v, mountPath: /v}]", pod)

    assert _truth(needs, manifests) is truth


_RUN_FACTS = (
    "{environment: {name: PROXY}}",
    "{environment: {name: OTHER}}",
    "{port: {is: 8080}}",
    "{exposed: {}}",
    "{runs: {program: nginx}}",
    "{root: {}}",
    "{privileged: {}}",
    "{capability: {name: SYS_ADMIN}}",
    "{privilege_escalation: {}}",
    "{unconfined_syscalls: {}}",
    "{unconfined_apparmor: {}}",
    "{writable_root: {}}",
    "{host_network: {}}",
    "{host_processes: {}}",
    "{mount: {paths: [/etc]}}",
)


@pytest.mark.parametrize("needs", _RUN_FACTS)
def test_without_a_manifest_nobody_knows_how_the_image_is_run(needs: str) -> None:
    assert _truth(needs) is _U
    assert _truth(needs, _pod("", image="registry.example.com/other:1")) is _U
    assert _truth(f"{{not: {needs}}}") is _U


def test_the_user_can_say_that_the_image_runs_as_configured() -> None:
    told = Told(as_configured=True, trusted=True)

    assert _truth("{root: {}}", told=told) is _F
    assert _truth("{environment: {name: PROXY}}", told=told) is _H
    assert _truth("{privileged: {}}", told=told) is _U


@pytest.mark.parametrize(
    ("needs", "truth"),
    [
        ("{all: [{ask: {name: y, question: q}}, {ask: {name: u, question: q}}]}", _U),
        ("{all: [{ask: {name: n, question: q}}, {ask: {name: u, question: q}}]}", _F),
        ("{any: [{ask: {name: n, question: q}}, {ask: {name: u, question: q}}]}", _U),
        ("{any: [{ask: {name: y, question: q}}, {ask: {name: u, question: q}}]}", _H),
        ("{not: {ask: {name: u, question: q}}}", _U),
        ("{not: {ask: {name: y, question: q}}}", _F),
    ],
)
def test_unknown_decides_nothing(needs: str, truth: Truth) -> None:
    assert _truth(needs, told=Told(answers={"y": True, "n": False}, trusted=True)) is truth


@pytest.mark.parametrize("code", ["layer.unread", "parse.failed", "os.no-package-db"])
def test_a_package_is_absent_only_if_everything_was_read(code: str) -> None:
    needs = "{package: {type: deb, names: [nscd]}}"

    assert _truth(needs, gaps=(gap(code, "broken"),)) is _U
    assert _truth(needs, gaps=(gap("advisories.stale", "old"), gap("tar.note", "odd"))) is _F


def test_a_package_whose_version_cannot_be_compared_is_unknown() -> None:
    odd = replace(OPENSSL, version="what ever", purl="pkg:deb/debian/libssl3@what%20ever")
    needs = "{package: {type: deb, names: [libssl3], versions: 'vers:deb/<1'}}"

    assert _truth(needs, packages=(odd,)) is _U


_SAFE = "securityContext: {allowPrivilegeEscalation: false}"
_NEEDS = "{privilege_escalation: {}}"


def _two(first: str, second: str, image: str = _NAME) -> Manifests:
    one, two = _pod(first), _pod(second, image=image)
    return Manifests(containers=(*one.containers, *two.containers))


def test_every_container_that_runs_the_image_has_to_agree() -> None:
    assert _truth(_NEEDS, _two(_SAFE, _SAFE)) is _F
    assert _truth(_NEEDS, _two(_SAFE, "")) is _H
    assert _truth(_NEEDS, _two(_SAFE, "", image="registry.example.com/team/other:1")) is _F


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com/team/shop:9",
        "registry.example.com/team/shop@sha256:" + "99" * 32,
        "mirror.example.com/shop:1.2",
        '"{{ image }}"',
    ],
)
def test_a_container_that_may_run_the_image_counts_against_silence(image: str) -> None:
    assert _truth(_NEEDS, _two(_SAFE, "", image=image)) is _U
    assert _truth(_NEEDS, _two(_SAFE, _SAFE, image=image)) is _F


def test_what_cannot_be_read_may_run_the_image() -> None:
    read = _pod(_SAFE)
    broken = read_manifests([("x.yaml", b"kind: Deployment\nspec: {{ template }}\n")])

    assert broken.unread
    assert _truth(_NEEDS, Manifests(containers=read.containers, unread=broken.unread)) is _U


@pytest.mark.parametrize(
    "image", [f"registry.example.com/team/shop@{IMAGE.manifest_digest}", f"x@{IMAGE.digest}"]
)
def test_a_digest_names_the_image(image: str) -> None:
    assert _truth(_NEEDS, _pod(_SAFE, image=image)) is _F


def _applied(evaluated: Evaluated, *findings: Finding) -> tuple[Finding, ...]:
    return apply(findings, (DJANGO, OPENSSL), _IMAGE, evaluated.statements, _TODAY).findings


def _statement(evaluated: Evaluated) -> VexStatement:
    [statement] = evaluated.statements
    return statement


def test_what_fails_is_a_statement_with_the_evidence_and_it_applies() -> None:
    evaluated = _evaluate(_NEEDS, _pod(_SAFE))

    statement = _statement(evaluated)
    assert statement.status is VexStatus.NOT_AFFECTED
    assert statement.justification == "inline_mitigations_already_exist"
    assert (
        statement.impact == "It needs something. Pod shop, container app:"
        " allowPrivilegeEscalation is false: setuid programs raise nothing"
    )
    assert (statement.origin, statement.author, statement.document) == (
        "conditions",
        "Example",
        "one",
    )
    [after] = _applied(evaluated, _OPEN)
    assert after.state is FindingState.SUPPRESSED
    assert after.reason.startswith("inline_mitigations_already_exist, says Example in one: ")


def test_a_folder_without_a_digest_is_named_by_its_package() -> None:
    bare = replace(_IMAGE, kind="directory", manifest_digest="", config_digest="")
    needs = _condition("{component: {without: {pypi: [django]}}}")

    found = evaluate([_OPEN], bare, [DJANGO], conditions=[needs], gaps=(), told=Told(trusted=True))

    after = apply([_OPEN], [DJANGO], bare, found.statements, _TODAY)
    assert [one.state for one in after.findings] == [FindingState.SUPPRESSED]


def test_nothing_is_suppressed_before_conditions_are_enabled() -> None:
    evaluated = _evaluate(_NEEDS, _pod(_SAFE), told=Told())

    assert _applied(evaluated, _OPEN) == (_OPEN,)


def test_what_holds_is_said_and_changes_nothing() -> None:
    evaluated = _evaluate(_NEEDS, _pod())

    assert _statement(evaluated).status is VexStatus.AFFECTED
    applied = apply([_OPEN], (DJANGO,), _IMAGE, evaluated.statements, _TODAY)
    assert applied.findings == (_OPEN,)
    [used] = applied.used
    assert [effect for _, _, effect in used.on] == [Effect.AGREED]


@pytest.mark.parametrize("state", [FindingState.SUPPRESSED, FindingState.UNDETERMINED])
def test_what_holds_does_not_open_a_finding(state: FindingState) -> None:
    [one] = _evaluate(_NEEDS, _pod(), about=replace(_OPEN, state=state)).explanations

    assert (one.truth, one.statement) == (_H, None)
    assert state in one.because


def test_a_condition_that_never_denies_only_explains() -> None:
    [one] = _evaluate(_NEEDS, _pod(_SAFE), denies="false").explanations

    assert (one.truth, one.statement) == (_F, None)
    assert one.because


def test_a_bulletin_shared_with_another_vulnerability_is_not_it() -> None:
    other = finding(DJANGO, "CVE-2024-2", aliases=("GHSA-a",))

    assert _evaluate(_NEEDS, about=other).explanations == ()
    assert _evaluate(
        _NEEDS, about=replace(other, id="GHSA-a", aliases=("CVE-2024-1",))
    ).explanations


_LEAVES = st.sampled_from(("y", "n", "u")).map(
    lambda name: f"{{ask: {{name: {name}, question: q}}}}"
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda one: f"{{not: {one}}}"),
        st.tuples(st.sampled_from(("all", "any")), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: f"{{{pair[0]}: [{', '.join(pair[1])}]}}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(_TREES)
def test_an_answer_never_depends_on_what_is_unknown(needs: str) -> None:
    known = {"y": True, "n": False}
    answers = [
        _truth(needs, told=Told(answers=known | more)) for more in ({}, {"u": True}, {"u": False})
    ]

    if answers[0] is not _U:
        assert answers[1] is answers[2] is answers[0]


_CONTAINERS = st.lists(
    st.tuples(
        st.sampled_from((_SAFE, "", "securityContext: {privileged: true}")),
        st.sampled_from((_NAME, "registry.example.com/team/shop:9", "registry.example.com/b:1")),
    ),
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(_CONTAINERS, _CONTAINERS)
def test_another_container_never_makes_a_finding_matter_less(
    some: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    known = [(_SAFE, _NAME), *some]
    few, many = (
        Manifests(
            containers=tuple(
                one for said, image in all_ for one in _pod(said, image=image).containers
            )
        )
        for all_ in (known, known + more)
    )

    if _truth(_NEEDS, many) is _F:
        assert _truth(_NEEDS, few) is _F
    if _truth(_NEEDS, few) is _H:
        assert _truth(_NEEDS, many) is _H


def test_every_justification_is_one_of_vex() -> None:
    for needs in ("{component: {without: {pypi: [django]}}}", "{package: {type: deb, names: [x]}}"):
        assert _statement(_evaluate(needs)).justification in JUSTIFICATIONS
