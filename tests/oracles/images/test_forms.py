"""The form that an image is stored in changes nothing of what is in it or wrong with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from scantling.advisories.database import Database
from scantling.advisories.store import open_starter
from scantling.core.model.report import ScanReport
from scantling.image.api import ImageOptions
from scantling.scan import ScanOptions, scan
from scantling.testing.registries import DockerRegistry, copy_image
from tests.oracles.images.test_packages import ALL

pytestmark = [pytest.mark.oracle, pytest.mark.data]

FORMS: Final = ("{}-zstd", "{}.oci.tar", "{}.docker.tar")


@pytest.fixture(scope="module")
def database() -> Database:
    """Return the embedded advisories: all forms meet the same."""
    return open_starter()


@pytest.fixture(scope="module")
def layout(request: pytest.FixtureRequest, images: Path, database: Database) -> ScanReport:
    """Return the report of an OCI layout with gzip layers."""
    name: str = request.param
    report = scan(str(images / name), database)
    assert report.packages
    return report


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a registry on loopback; return its place."""
    if not DockerRegistry.is_installed():
        pytest.skip("docker-registry or skopeo is not installed: no registry was compared")
    with DockerRegistry.run(tmp_path_factory.mktemp("registry")) as running:
        yield running.place


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", ALL, indirect=True)
def test_a_form_gives_the_inventory_and_findings_of_the_layout(
    layout: ScanReport, form: str, images: Path, database: Database
) -> None:
    other = scan(str(images / form.format(_name(layout))), database)

    assert _content(other) == _content(layout)


@pytest.mark.integration
@pytest.mark.parametrize("layout", ALL, indirect=True)
def test_a_registry_gives_the_inventory_and_findings_of_the_layout(
    layout: ScanReport, registry: str, images: Path, database: Database, tmp_path: Path
) -> None:
    name = _name(layout)
    nobody = tmp_path / "logins.json"
    nobody.write_text("{}")
    copy_image(f"oci:{images / name}:latest", f"docker://{registry}/example/{name}:latest")

    options = ScanOptions(image=ImageOptions(auth_file=str(nobody)))
    other = scan(f"registry:{registry}/example/{name}:latest", database, options)

    assert _content(other) == _content(layout)
    assert other.image.manifest_digest == layout.image.manifest_digest


def _name(report: ScanReport) -> str:
    return Path(report.image.reference).name


def _content(report: ScanReport) -> dict[str, object]:
    """Return what must not depend on the form; digests of manifests and stored layers may."""
    return {
        "content of layers": [layer.diff_id for layer in report.image.layers],
        "distribution": report.distro,
        "packages": [msgspec.to_builtins(one) for one in report.packages],
        "findings": [msgspec.to_builtins(one) for one in report.findings],
        "gaps": [msgspec.to_builtins(one) for one in report.gaps],
        "verdict": report.verdict,
    }
