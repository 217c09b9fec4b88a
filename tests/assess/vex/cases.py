"""What the tests of VEX are about: an image, its packages, and shorthands for statements."""

from datetime import date

from scantling.assess.vex.apply import Applied, apply
from scantling.core.model.finding import Finding
from scantling.core.model.image import Image, ImageConfig, Platform
from scantling.core.model.inventory import Location, Package
from scantling.core.model.vex import VexProduct, VexStatement, VexStatus
from scantling.testing.reports import finding

TODAY = date(2026, 11, 23)
CVE = "CVE-2024-1000"
DIGEST = "sha256:" + "ab" * 32
INDEX = "sha256:" + "12" * 32
OTHER = "sha256:" + "99" * 32

IMAGE = Image(
    reference=f"registry.example.com/team/shop:1.0@{INDEX}",
    kind="registry",
    manifest_digest=DIGEST,
    config_digest="sha256:" + "cd" * 32,
    platform=Platform(architecture="amd64"),
    config=ImageConfig(labels=(("cpe", "cpe:/a:example:shop:1"),)),
)

HELM = Package(
    purl="pkg:golang/helm.sh/helm/v3@v3.14.1",
    type="golang",
    ecosystem="golang",
    namespace="helm.sh/helm",
    name="v3",
    version="v3.14.1",
    locations=(Location(path="usr/bin/trivy", layer=1),),
)
TRIVY = Package(
    purl="pkg:golang/github.com/aquasecurity/trivy@v0.50.0",
    type="golang",
    ecosystem="golang",
    namespace="github.com/aquasecurity",
    name="trivy",
    version="v0.50.0",
    locations=(Location(path="usr/bin/trivy", layer=1),),
    root=True,
)
LIBSSL = Package(
    purl="pkg:deb/ubuntu/libssl3@3.0.2-0ubuntu1.10?arch=amd64&distro=ubuntu-22.04",
    type="deb",
    ecosystem="deb/ubuntu:22.04",
    namespace="ubuntu",
    name="libssl3",
    version="3.0.2-0ubuntu1.10",
    arch="amd64",
    source_name="openssl",
    locations=(Location(path="var/lib/dpkg/status", layer=0),),
)
CURL = Package(
    purl="pkg:rpm/redhat/curl@7.76.1-23.el9?arch=x86_64&distro=rhel-9.2&epoch=1",
    type="rpm",
    ecosystem="rpm/rhel:9",
    namespace="redhat",
    name="curl",
    version="1:7.76.1-23.el9",
    arch="x86_64",
    locations=(Location(path="var/lib/rpm/rpmdb.sqlite", layer=0),),
)
JINJA = Package(
    purl="pkg:pypi/jinja2@2.10",
    type="pypi",
    ecosystem="pypi",
    name="Jinja2",
    version="2.10",
    hashes=(("sha256", "77" * 32),),
    locations=(Location(path="app/lib/Jinja2-2.10.dist-info/METADATA", layer=1),),
)
PACKAGES = (HELM, TRIVY, LIBSSL, CURL, JINJA)


def statement(
    *products: VexProduct, status: VexStatus = VexStatus.NOT_AFFECTED, **fields: object
) -> VexStatement:
    """Return a trusted, justified statement about `CVE`; `fields` replace the defaults."""
    justification = "vulnerable_code_not_present" if status is VexStatus.NOT_AFFECTED else ""
    values: dict[str, object] = {
        "vulnerabilities": (CVE,),
        "products": products,
        "status": status,
        "justification": justification,
        "document": "doc-1",
        "author": "Example",
        "origin": "vex.json",
        "timestamp": "2026-01-01T00:00:00Z",
        "trusted": True,
        **fields,
    }
    return VexStatement(**values)  # type: ignore[arg-type]  # checked by VexStatement itself


def product(purl: str = "", **fields: str) -> VexProduct:
    """Return a product."""
    return VexProduct(purl=purl, **fields)


def applied(
    *statements: VexStatement,
    about: Package = JINJA,
    image: Image = IMAGE,
    findings: tuple[Finding, ...] | None = None,
    packages: tuple[Package, ...] = PACKAGES,
) -> Applied:
    """Return what the statements do to one open finding of a package, or to `findings`."""
    findings = (finding(about, CVE),) if findings is None else findings
    return apply(findings, packages, image, statements, TODAY)
