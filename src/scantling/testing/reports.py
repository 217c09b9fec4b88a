"""Standard reports that every output format is tested with: small, complete, and nasty.

`REPORTS` names six: `clean`, `findings`, `unknown`, `inventory` (nothing was matched), `gate` (a
base, places, risk, a policy's decisions and a baseline) and `hostile`, whose names try to break out
of every syntax.
"""

from typing import Any, Final

from msgspec.structs import replace

from scantling.core.model.advisory import Fix, Level, Severity, Signal, SourceInfo, Status
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.core.model.decision import (
    Action,
    Decision,
    ExceptionUse,
    PolicyResult,
    PolicyUsed,
)
from scantling.core.model.finding import (
    Finding,
    FindingState,
    Match,
    Outcome,
    Verdict,
    VerdictStatus,
)
from scantling.core.model.gap import gap
from scantling.core.model.image import Image, ImageConfig, Layer, Platform
from scantling.core.model.inventory import Distro, Location, Package
from scantling.core.model.place import Place, PlaceKind
from scantling.core.model.report import Baseline, DatabaseInfo, ScanReport
from scantling.core.model.risk import Factor, Risk

HOSTILE_NAME: Final = (
    "\x1b]52;c;ZXZpbA==\x07<script>alert(1)</script>|`x`[y](javascript:z)\r\n::error::owned"
    "\u202e=cmd|' /C calc'!A0 @team www.example.com ##vso[task.complete result=Succeeded] \ud800"
)
"""A name with terminal, CI, HTML, Markdown and spreadsheet attacks, and a lone surrogate."""

_DIGEST: Final = "sha256:" + "ab" * 32

IMAGE: Final = Image(
    reference="shop.tar",
    kind="oci-archive",
    manifest_digest=_DIGEST,
    config_digest="sha256:" + "cd" * 32,
    platform=Platform(os="linux", architecture="amd64"),
    layers=(
        Layer(
            index=0, diff_id="sha256:" + "01" * 32, created_by="/bin/sh -c #(nop) ADD file:1 in /"
        ),
        Layer(
            index=1,
            diff_id="sha256:" + "02" * 32,
            created_by="RUN /bin/sh -c pip install django==2.2 # buildkit",
        ),
    ),
    config=ImageConfig(user="1000", command=("python3", "app.py")),
)

DISTRO: Final = Distro(
    id="debian",
    release="12",
    version_id="12",
    codename="bookworm",
    pretty_name="Debian GNU/Linux 12 (bookworm)",
)

DATABASE: Final = DatabaseInfo(
    digest="sha256:" + "ef" * 32,
    built="2026-08-22T00:00:00Z",
    origin="embedded",
    verified=True,
    sources=(
        SourceInfo(
            name="debian",
            license="LicenseRef-facts",
            attribution="Debian security team",
            url="https://security-tracker.debian.org/",
            as_of="2026-08-21",
            fetched="2026-08-22T00:00:00Z",
            records=2,
            complete="full",
            stale_after_days=7,
            ecosystems=("deb/debian:12",),
        ),
        SourceInfo(
            name="pypa",
            license="CC-BY-4.0",
            attribution="PyPA advisory database",
            url="https://github.com/pypa/advisory-database",
            as_of="2026-07-23",
            fetched="2026-08-22T00:00:00Z",
            records=1,
            complete="full",
            stale_after_days=7,
            ecosystems=("pypi",),
        ),
    ),
)

DJANGO: Final = Package(
    purl="pkg:pypi/django@2.2",
    type="pypi",
    ecosystem="pypi",
    name="Django",
    version="2.2",
    licenses=("BSD-3-Clause",),
    locations=(Location(path="app/Django-2.2.dist-info/METADATA", layer=1),),
    origin=1,
    catalogers=("python-dist-info",),
)

OPENSSL: Final = Package(
    purl="pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
    type="deb",
    ecosystem="deb/debian:12",
    name="libssl3",
    version="3.0.11-1~deb12u2",
    namespace="debian",
    arch="amd64",
    source_name="openssl",
    locations=(Location(path="var/lib/dpkg/status", layer=0),),
    catalogers=("dpkg-status",),
)


def package(name: str, version: str = "1.0", *, owner: str = "") -> Package:
    """Return a PyPI package of this name."""
    return Package(
        purl=f"pkg:pypi/{name}@{version}",
        type="pypi",
        ecosystem="pypi",
        name=name,
        version=version,
        locations=(Location(path=f"app/{name}.dist-info/METADATA", layer=1),),
        origin=1,
        owner=owner,
    )


def match(
    about: Package, vulnerability: str, outcome: Outcome = Outcome.AFFECTED, **fields: object
) -> Match:
    """Return a match about the package; `fields` replace the defaults."""
    values: dict[str, object] = {
        "purl": about.purl,
        "owner": about.owner,
        "source": "pypa",
        "advisory": f"PYSEC-{vulnerability}",
        "vulnerability": vulnerability,
        "outcome": outcome,
        "by": "name",
        "ecosystem": about.ecosystem,
        "package": about.name.lower(),
        "version": about.version,
        "range": f"vers:{about.type}/<2.2.9",
        "because": f"{about.version} is < 2.2.9",
        "status": Status.AFFECTED,
        "fix": Fix.FIXED,
        "fixed_in": ("2.2.9",),
        **fields,
    }
    return Match(**values)  # type: ignore[arg-type]  # the fields are checked by Match itself


def finding(
    about: Package,
    id_: str,
    severity: Level = Level.HIGH,
    state: FindingState = FindingState.OPEN,
    **fields: object,
) -> Finding:
    """Return a finding about the package; `fields` replace the defaults."""
    values: dict[str, object] = {
        "id": id_,
        "purl": about.purl,
        "owner": about.owner,
        "identity": id_.encode().hex().ljust(32, "0")[:32],
        "state": state,
        "severity": severity,
        "severity_source": "pypa",
        "fix": Fix.FIXED,
        "fixed_in": ("2.2.9",),
        "decided_by": "pypa",
        "matches": (match(about, id_),),
        **fields,
    }
    return Finding(**values)  # type: ignore[arg-type]  # the fields are checked by Finding itself


def _report(**fields: object) -> ScanReport:
    values: dict[str, object] = {
        "tool_version": "0.0.0",
        "created": "2026-08-23T10:00:00Z",
        "image": IMAGE,
        "distro": DISTRO,
        "database": DATABASE,
        **fields,
    }
    return ScanReport(**values)  # type: ignore[arg-type]  # the fields are checked by ScanReport


def _vector(score: float) -> tuple[Severity, ...]:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    return (Severity(source="ghsa", kind="cvss3", value=vector, score=score),)


def _findings() -> ScanReport:
    critical = finding(
        DJANGO,
        "CVE-2019-19844",
        Level.CRITICAL,
        score=9.8,
        vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        severity_source="ghsa",
        aliases=("GHSA-vfq6-hq5r-27r6", "PYSEC-2019-16"),
        summary="Account takeover through a password reset form",
        references=("https://www.djangoproject.com/weblog/2019/dec/18/security-releases/",),
        signals=(
            Signal(id="CVE-2019-19844", kind="epss", value="0.31", note="0.97", date="2026-08-16"),
            Signal(id="CVE-2019-19844", kind="kev", value="2026-01-02"),
        ),
        matches=(match(DJANGO, "CVE-2019-19844", severities=_vector(9.8)),),
    )
    negligible = finding(
        OPENSSL,
        "CVE-2025-27587",
        Level.NEGLIGIBLE,
        severity_source="debian",
        fix=Fix.NONE,
        fixed_in=(),
        word="unimportant",
        decided_by="debian",
    )
    suppressed = finding(
        DJANGO,
        "CVE-2020-9402",
        Level.HIGH,
        FindingState.SUPPRESSED,
        reason="debian says of debian/python-django 3:2.2, which owns the files: fixed",
    )
    return _report(
        packages=(OPENSSL, DJANGO),
        findings=(critical, negligible, suppressed),
        gaps=(gap("coverage.fixes-only", "1 pypi package (Django): fixed vulnerabilities only"),),
        verdict=Verdict(
            status=VerdictStatus.FINDINGS,
            exit_code=1,
            reasons=("1 finding of severity high or worse (CVE-2019-19844)", "2 findings"),
        ),
        fail_on="high",
    )


def _unknown() -> ScanReport:
    undetermined = finding(
        DJANGO,
        "CVE-2021-3281",
        Level.MEDIUM,
        FindingState.UNDETERMINED,
        reason="'2.2+x?' is not a version that can be compared",
    )
    return _report(
        packages=(DJANGO,),
        findings=(undetermined,),
        gaps=(
            gap(
                "parse.failed", "not a package list", path="var/lib/dpkg/status", layer=0, offset=7
            ),
            gap("version.incomparable", "pkg:pypi/django@2.2: 1 undetermined"),
        ),
        verdict=Verdict(
            status=VerdictStatus.UNKNOWN,
            exit_code=3,
            reasons=("version.incomparable: versions cannot be compared, so the match is open",),
            allowed=("parse.failed",),
        ),
    )


def _hostile() -> ScanReport:
    bad = Package(
        purl="pkg:pypi/%1B%5D@1",
        type="pypi",
        ecosystem="pypi",
        name=HOSTILE_NAME,
        version=HOSTILE_NAME,
        licenses=(HOSTILE_NAME,),
        locations=(Location(path=HOSTILE_NAME, layer=1),),
        origin=1,
        note=HOSTILE_NAME,
    )
    image = Image(
        reference=HOSTILE_NAME,
        kind="oci-archive",
        manifest_digest=_DIGEST,
        platform=Platform(architecture="amd64"),
        layers=(
            Layer(index=0, diff_id="sha256:" + "01" * 32, created_by=HOSTILE_NAME),
            Layer(index=1, diff_id="sha256:" + "02" * 32, created_by=HOSTILE_NAME),
        ),
        ambiguity=HOSTILE_NAME,
    )
    return _report(
        image=image,
        distro=Distro(id=HOSTILE_NAME, pretty_name=HOSTILE_NAME),
        packages=(bad,),
        findings=(
            finding(
                bad,
                "CVE-2026-1",
                summary=HOSTILE_NAME,
                reason=HOSTILE_NAME,
                state=FindingState.UNDETERMINED,
                fixed_in=(HOSTILE_NAME,),
                references=("https://example.com/" + HOSTILE_NAME,),
                aliases=(HOSTILE_NAME,),
            ),
        ),
        gaps=(gap("parse.failed", HOSTILE_NAME, path=HOSTILE_NAME, layer=1),),
        verdict=Verdict(status=VerdictStatus.UNKNOWN, exit_code=3, reasons=(HOSTILE_NAME,)),
    )


def _risk(score: float) -> Risk:
    return Risk(
        score=score,
        low=score - 10,
        high=score + 10,
        factors=(
            Factor(
                name="exploitation",
                value=0.31,
                low=0.31,
                high=0.31,
                known=True,
                because="EPSS 0.31 (FIRST, 2026-08-16)",
            ),
            Factor(
                name="exposure",
                value=0.5,
                low=0.1,
                high=1.0,
                known=False,
                because="nobody says who can reach it",
            ),
        ),
        formula="scantling-risk/1",
    )


def decision(subject: str, action: Action, rule: str, **fields: object) -> Decision:
    """Return a decision of the policy `base`; `fields` replace the defaults."""
    values: dict[str, object] = {
        "subject": subject,
        "action": action,
        "rule": f"base/{rule}",
        "reason": f"The rule {rule} asks for it",
        **fields,
    }
    return Decision(**values)  # type: ignore[arg-type]  # the fields are checked by Decision itself


def _gate_findings() -> tuple[Finding, ...]:
    """Return one finding for each kind of decision, worst first."""
    own: dict[str, Any] = {"part": Part.OWN}
    base: dict[str, Any] = {
        "part": Part.BASE,
        "decided_by": "debian",
        "severity_source": "debian",
        "fixed_in": ("3.0.13-1~deb12u1",),
    }
    suppressed = FindingState.SUPPRESSED
    return (
        finding(
            DJANGO,
            "CVE-2019-19844",
            Level.CRITICAL,
            score=9.8,
            vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            risk=_risk(81.0),
            summary="Account takeover through a password reset form",
            signals=(
                Signal(id="CVE-2019-19844", kind="kev", value="2026-01-02"),
                Signal(id="CVE-2019-19844", kind="cwe", value="CWE-640"),
            ),
            **own,
        ),
        finding(DJANGO, "CVE-2021-35042", Level.CRITICAL, risk=_risk(60.0), **own),
        finding(DJANGO, "CVE-2020-7471", Level.HIGH, risk=_risk(55.0), **own),
        finding(OPENSSL, "CVE-2023-5363", Level.HIGH, risk=_risk(40.0), **base),
        finding(OPENSSL, "CVE-2024-0727", Level.MEDIUM, risk=_risk(30.0), **base),
        finding(OPENSSL, "CVE-2025-27587", Level.LOW, risk=_risk(10.0), **base),
        finding(
            DJANGO, "CVE-2021-3281", Level.MEDIUM, FindingState.UNDETERMINED, reason="2.2+x?", **own
        ),
        finding(DJANGO, "CVE-2020-9402", Level.HIGH, suppressed, reason="not affected", **own),
    )


def _gate_policy(found: tuple[Finding, ...]) -> PolicyResult:
    known, expired, deferred, excepted, warned, *_ = (one.identity for one in found)
    over = ExceptionUse(
        id="EX-1",
        owner="@example/shop",
        reason="the form is off",
        expires="2026-08-01",
        expired=True,
        origin=".scantling/exceptions.yaml:3",
    )
    used = ExceptionUse(
        id="EX-2",
        owner="@example/platform",
        reason="the cipher is not used",
        approver="@example/security",
        expires="2026-12-01",
        origin=".scantling/exceptions.yaml:9",
    )
    return PolicyResult(
        action=Action.BLOCK,
        digest="sha256:" + "12" * 32,
        today="2026-08-23",
        policies=(
            PolicyUsed(
                name="base",
                layer="organization",
                origin="policy.yaml",
                digest="sha256:" + "34" * 32,
            ),
        ),
        decisions=(
            decision(known, Action.BLOCK, "known-exploited"),
            decision(expired, Action.BLOCK, "critical", exception=over),
            decision("image", Action.BLOCK, "no-root", reason="The image runs as root"),
            decision(deferred, Action.DEFER, "high", due="2026-09-22"),
            decision(warned, Action.WARN, "medium"),
            decision(f"package:{DJANGO.purl}", Action.WARN, "old-package"),
            decision(excepted, Action.ALLOW, "high", exception=used),
        ),
        errors=("base/licenses: no value for license.category",),
        unused_exceptions=("EX-3",),
    )


def _gate() -> ScanReport:
    """Return a report with every field that a gate in a pipeline fills."""
    found = _gate_findings()
    packages = (replace(OPENSSL, part=Part.BASE), replace(DJANGO, part=Part.OWN))
    places = (
        (
            OPENSSL.purl,
            Place(path="Dockerfile", line=1, kind=PlaceKind.FROM, text="FROM debian:12", column=6),
        ),
        (
            DJANGO.purl,
            Place(path="app/requirements.txt", line=4, end_line=5, kind=PlaceKind.LOCKFILE),
        ),
    )
    return _report(
        image=replace(
            IMAGE, reference="registry:registry.example.com/shop/app:1.2", kind="registry"
        ),
        packages=packages,
        findings=found,
        gaps=(
            gap("parse.failed", "not a package list", path="srv/package-lock.json", layer=1),
            gap("coverage.fixes-only", "1 pypi package (Django): fixed vulnerabilities only"),
        ),
        verdict=Verdict(
            status=VerdictStatus.UNKNOWN,
            exit_code=1,
            reasons=("3 decisions of the policy block (base/known-exploited, …)", "7 findings"),
        ),
        context=Context(
            product="shop",
            team="shop",
            repository="registry.example.com/shop/app",
            criticality=Criticality.HIGH,
            exposure=Exposure.INTERNET,
            environment="production",
            stage="pull-request",
            owners=("@example/shop",),
        ),
        base=BaseImage(
            name="docker.io/library/debian",
            tags=("12", "bookworm"),
            digest="sha256:" + "56" * 32,
            layers=1,
            evidence="index",
            because="the lowest layer is that of docker.io/library/debian:12",
            created="2026-07-01T00:00:00Z",
            newest="docker.io/library/debian:12",
            newest_digest="sha256:" + "78" * 32,
            current=False,
        ),
        policy=_gate_policy(found),
        baseline=Baseline(
            name="main.json",
            digest="sha256:" + "9a" * 32,
            new=(found[0].identity, found[2].identity),
            fixed=(finding(DJANGO, "CVE-2019-12308", Level.MEDIUM),),
            lost=(finding(package("lodash"), "CVE-2020-8203", Level.HIGH),),
            unchanged=6,
            because=("the advisory data is newer",),
        ),
        places=places,
    )


REPORTS: Final[dict[str, ScanReport]] = {
    "clean": _report(packages=(OPENSSL,), verdict=Verdict(status=VerdictStatus.CLEAN, exit_code=0)),
    "findings": _findings(),
    "unknown": _unknown(),
    "inventory": _report(
        packages=(OPENSSL, DJANGO),
        database=None,
        verdict=Verdict(
            status=VerdictStatus.UNKNOWN,
            exit_code=0,
            reasons=("not judged: an inventory only",),
        ),
    ),
    "gate": _gate(),
    "hostile": _hostile(),
}
"""The standard reports by name."""
