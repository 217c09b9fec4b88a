"""The conditions that come with Scantling say what their sources say, and no more."""

import pytest

from scantling.assess.conditions.document import read_conditions
from scantling.assess.conditions.evaluate import Told, evaluate
from scantling.assess.conditions.facts import FACTS
from scantling.assess.conditions.library import built_in, conditions_of
from scantling.assess.conditions.manifests import read_manifests
from scantling.assess.conditions.model import Truth
from scantling.core.errors import InputError, UsageError
from scantling.core.model.inventory import Package
from scantling.core.model.vex import JUSTIFICATIONS
from scantling.testing.reports import IMAGE, finding

_POD = """\
kind: Pod
metadata: {{name: p}}
spec:
  containers:
    - name: c
      image: x@{digest}
      securityContext: {security}
"""
_CONFINED = "{allowPrivilegeEscalation: false, seccompProfile: {type: RuntimeDefault}}"


def _truths(
    vulnerability: str,
    purl: str,
    *others: Package,
    security: str = "",
    **answers: bool,
) -> set[Truth]:
    about = Package(purl=purl, type="", ecosystem="", name="", version="1")
    text = _POD.format(digest=IMAGE.digest, security=security)
    manifests = read_manifests([("p.yaml", text.encode())] if security else [])
    found = evaluate(
        [finding(about, vulnerability)],
        IMAGE,
        [about, *others],
        manifests,
        built_in(),
        gaps=(),
        told=Told(answers={name.replace("_", "-"): said for name, said in answers.items()}),
    )
    return {one.truth for one in found.explanations}


_FAILS, _HOLDS, _UNKNOWN = {Truth.FAILS}, {Truth.HOLDS}, {Truth.UNKNOWN}


@pytest.mark.parametrize(
    ("vulnerability", "purl", "truths"),
    [
        ("CVE-2024-33599", "pkg:deb/debian/libc6@2.36-9?arch=amd64", _FAILS),
        ("CVE-2024-33602", "pkg:rpm/almalinux/glibc@2.34", _FAILS),
        ("CVE-2024-33599", "pkg:rpm/photon/glibc@2.34", _UNKNOWN),
        ("CVE-2024-33599", "pkg:deb/debian/nscd@2.36-9", _UNKNOWN),
        ("CVE-2023-45853", "pkg:deb/debian/zlib1g@1.2.13?distro=debian-12", _FAILS),
        ("CVE-2023-45853", "pkg:deb/debian/minizip@1.1", _HOLDS),
        ("CVE-2023-45853", "pkg:pypi/pyminizip@0.2.6", _UNKNOWN),
        ("CVE-2024-28085", "pkg:deb/debian/libuuid1@2.38.1", _FAILS),
        ("CVE-2024-28085", "pkg:deb/debian/bsdutils@2.38.1", _UNKNOWN),
        ("CVE-2023-4016", "pkg:deb/debian/libproc2-0@4.0.2", _FAILS),
        ("CVE-2022-0847", "pkg:deb/debian/linux-libc-dev@5.10", _FAILS),
        ("CVE-2022-0847", "pkg:deb/debian/linux-image-amd64@5.10", _UNKNOWN),
        ("CVE-2021-44228", "pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1", _FAILS),
        ("CVE-2021-44228", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", _HOLDS),
        ("CVE-2024-6387", "pkg:deb/debian/openssh-client@1:9.2p1", _FAILS),
        ("CVE-2024-6387", "pkg:deb/debian/openssh-server@1:9.2p1", _UNKNOWN),
        ("CVE-2023-38408", "pkg:deb/debian/openssh-server@1:9.2p1", _FAILS),
        ("CVE-2023-4911", "pkg:deb/debian/libc-bin@2.36-9", _FAILS),
        ("CVE-2023-4911", "pkg:deb/debian/libc6@2.36-9", _UNKNOWN),
        ("CVE-2021-3156", "pkg:deb/debian/sudo@1.9.5", _UNKNOWN),
        ("CVE-2024-3094", "pkg:deb/debian/liblzma5@5.6.0", _FAILS),
        ("CVE-2024-21626", "pkg:golang/github.com/opencontainers/runc@v1.1.5", _UNKNOWN),
        ("CVE-2023-38545", "pkg:deb/debian/libcurl4@7.88.1", _UNKNOWN),
        ("CVE-2023-44487", "pkg:golang/golang.org/x/net@v0.10.0", _UNKNOWN),
        ("CVE-2022-22965", "pkg:maven/org.springframework/spring-beans@5.3.17", _FAILS),
    ],
)
def test_an_image_alone_tells_only_where_the_code_is(
    vulnerability: str, purl: str, truths: set[Truth]
) -> None:
    assert _truths(vulnerability, purl) == truths


@pytest.mark.parametrize(
    ("vulnerability", "purl", "security", "truths"),
    [
        ("CVE-2021-3156", "pkg:deb/debian/sudo@1.9.5", _CONFINED, _FAILS),
        ("CVE-2021-3156", "pkg:deb/debian/sudo@1.9.5", "{runAsUser: 1000}", _HOLDS),
        ("CVE-2021-4034", "pkg:deb/debian/policykit-1@0.105", _CONFINED, _FAILS),
        ("CVE-2023-4911", "pkg:deb/debian/libc6@2.36-9", _CONFINED, _FAILS),
        ("CVE-2024-21626", "pkg:deb/debian/runc@1.1.5", _CONFINED, _FAILS),
        ("CVE-2024-21626", "pkg:deb/debian/runc@1.1.5", "{privileged: true}", _UNKNOWN),
        ("CVE-2024-21626", "pkg:deb/debian/runc@1.1.5", "{runAsUser: 1000}", _UNKNOWN),
        ("CVE-2020-15257", "pkg:deb/debian/containerd@1.4.2", _CONFINED, _FAILS),
    ],
)
def test_how_a_container_is_confined_decides_where_rights_are_needed(
    vulnerability: str, purl: str, security: str, truths: set[Truth]
) -> None:
    assert _truths(vulnerability, purl, security=security) == truths


def test_what_only_the_user_knows_is_asked() -> None:
    purl = "pkg:golang/golang.org/x/net@v0.10.0"

    assert _truths("CVE-2023-44487", purl, http2_server=False) == _FAILS
    assert _truths("CVE-2023-44487", purl, http2_server=True) == _HOLDS
    sshd = "pkg:deb/debian/openssh-server@1:9.2p1"
    assert _truths("CVE-2024-6387", sshd, runs_sshd=False) == _FAILS


def test_a_backdoor_is_never_denied() -> None:
    assert all(one.denies is False for one in built_in() if "CVE-2024-3094" in one.vulnerabilities)


def test_there_are_well_known_vulnerabilities_each_with_sources() -> None:
    conditions = built_in()

    assert len({name for one in conditions for name in one.vulnerabilities}) >= 40
    assert len({one.id for one in conditions}) == len(conditions) >= 15
    assert all(one.sources and all(each.says for each in one.sources) for one in conditions)


def test_every_fact_has_a_justification_of_vex() -> None:
    assert {one.justification for one in FACTS.values()} <= set(JUSTIFICATIONS)


_DOCUMENT = """\
schema: scantling.conditions/1
conditions:
  - id: openssh-sshd
    title: Ours
    vulnerabilities: [CVE-2024-6387]
    author: Example
    sources: [{url: 'https://example.com', says: so}]
    needs: {root: {}}
"""


def test_a_condition_of_the_user_stands_for_the_built_in_one() -> None:
    [ours] = [
        one for one in conditions_of([("a.yaml", _DOCUMENT.encode())]) if one.id == "openssh-sshd"
    ]

    assert (ours.title, ours.origin) == ("Ours", "a.yaml")


def test_two_files_with_one_id_are_an_error_of_usage() -> None:
    with pytest.raises(UsageError, match=r"b\.yaml: openssh-sshd is a condition of a\.yaml"):
        conditions_of([("a.yaml", _DOCUMENT.encode()), ("b.yaml", _DOCUMENT.encode())])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{root: {}}", "{roots: {}}", "a.yaml:8: there is no fact 'roots'"),
        ("{root: {}}", "{root: {is: 1}}", "'root' takes"),
        ("{root: {}}", "{package: {type: deb}}", "'names' is missing"),
        ("{root: {}}", "{all: []}", "at least one part"),
        ("{root: {}}", "{root: {}, privileged: {}}", "one of all, any, not"),
        ("{root: {}}", "{package: {type: deb, names: [a], versions: '1.0'}}", "not a VERS text"),
        ("{root: {}}", "{environment: {name: [1.5]}}", "texts and whole numbers"),
        ("{root: {}}", "{not: " * 10 + "{root: {}}" + "}" * 10, "at most 8 deep"),
        ("/1\n", "/2\n", "a.yaml:1: 'schema' is"),
        ("https:", "http:", "an https address"),
        ("[CVE-2024-6387]", "[]", "names at least one"),
        ("[CVE-2024-6387]", "['a b c d']", "no identifier"),
        ("openssh-sshd", "Open SSH", "lower case"),
        ("author: Example", "writer: Example", "a.yaml:"),
        ("author: Example", "author: ' '", "say something"),
    ],
)
def test_mistakes_are_told_with_their_line(old: str, new: str, said: str) -> None:
    text = _DOCUMENT.replace(old, new)

    with pytest.raises(InputError) as caught:
        read_conditions(text.encode(), origin="a.yaml")

    assert said in caught.value.detail
    assert caught.value.detail.startswith("a.yaml:")
