"""Every package of real images is the one that its own tool lists: none more, none fewer.

Run with `make images-check IMAGES=FOLDER`; see conftest.py for what the folder holds.
"""

from pathlib import Path
from typing import Final

import pytest

from scantling.catalog.inventory import OS_TYPES
from scantling.core.model.inventory import Inventory
from scantling.scan import look
from tests.oracles.images import truth
from tests.oracles.images.conftest import Unpacked
from tests.oracles.images.truth import Claims, Difference, below, unexplained

pytestmark = [pytest.mark.oracle, pytest.mark.data]

ALL: Final = ("debian-min", "py-app", "node-app", "large")
REMOVED: Final = "app/node_modules/aws-sdk"
APPLICATIONS: Final = {"node-app": ("app",), "large": ("app", "frontend")}
_NO_GROUP: Final = "neither the jar's name nor its manifest tells the group; dpkg's package answers"
# Image, subject: what may differ, and why. A pattern that covers another number of lines fails.
EXPECTED: Final[dict[tuple[str, str], tuple[Difference, ...]]] = {
    ("node-app", "walked"): (
        Difference(pattern="- app old-express-app *", reason="the application itself, our root"),
    ),
    ("large", "walked"): (
        Difference(pattern="- app old-express-app *", reason="the application itself, our root"),
        Difference(pattern="- frontend big-frontend *", reason="the application itself, our root"),
    ),
    ("large", "maven"): (
        Difference(pattern="- *.jar  guice*", count=9, reason=_NO_GROUP),
        Difference(pattern="- *.jar  aopalliance *", reason=_NO_GROUP),
        Difference(pattern="- *.jar  atinject-jsr330-api *", reason=_NO_GROUP),
        Difference(pattern="- *.jar  jsr305 *", reason=_NO_GROUP),
    ),
}


def _same(image: Unpacked, subject: str, ours: Claims, theirs: Claims) -> None:
    expected = EXPECTED.get((image.name, subject), ())
    assert unexplained(ours, theirs, expected) == ([], [])
    assert theirs, f"the reference lists nothing of {image.name}: nothing was compared"


def _anywhere(inventory: Inventory) -> dict[str, object]:
    return {
        "distribution": inventory.distro,
        "packages": [
            (one.purl, one.owner, sorted({place.path for place in one.locations}))
            for one in inventory.packages
        ],
        "gaps": sorted((one.code, one.path, one.kind, one.detail) for one in inventory.gaps),
    }


@pytest.mark.parametrize("image", ALL, indirect=True)
def test_debian_packages_and_their_sources_are_those_of_dpkg(image: Unpacked) -> None:
    ours = truth.our_debian(image.inventory.packages)

    _same(image, "dpkg", ours, truth.debian(image.root))


@pytest.mark.parametrize("image", ALL, indirect=True)
def test_the_unpacked_folder_has_the_packages_and_gaps_of_the_image(image: Unpacked) -> None:
    """Only the layers are not the same: a folder is one."""
    folder = look(f"dir:{image.root}").inventory

    assert _anywhere(folder) == _anywhere(image.inventory)


@pytest.mark.parametrize("image", ["node-app", "large"], indirect=True)
def test_components_are_owned_by_the_packages_that_dpkg_names(image: Unpacked) -> None:
    packages = image.inventory.packages
    components = [one for one in packages if one.type not in OS_TYPES]
    files = {place.path.partition("!/")[0] for one in components for place in one.locations}

    _same(image, "owners", truth.our_owners(packages, OS_TYPES), truth.owners(image.root, files))


@pytest.mark.parametrize("image", ["py-app", "large"], indirect=True)
def test_python_distributions_are_those_of_importlib(image: Unpacked) -> None:
    ours = truth.our_python(image.inventory.packages)

    _same(image, "importlib", ours, truth.python(image.root))


@pytest.mark.parametrize("image", ["debian-min", "node-app"], indirect=True)
def test_an_image_without_python_has_no_distributions(image: Unpacked) -> None:
    assert truth.our_python(image.inventory.packages) == truth.python(image.root) == {}


@pytest.mark.parametrize("image", list(APPLICATIONS), indirect=True)
def test_node_packages_are_those_of_npm(image: Unpacked, tmp_path: Path) -> None:
    folders = APPLICATIONS[image.name]
    listed: Claims = Claims()
    for folder in folders:
        listed += truth.npm_listed(image.root, folder, tmp_path)

    ours = below(truth.our_npm(image.inventory.packages), *folders)

    _same(image, "npm", ours, listed)


@pytest.mark.parametrize("image", list(APPLICATIONS), indirect=True)
def test_node_packages_are_those_of_the_folders(image: Unpacked) -> None:
    found = truth.node_of_debian(image.root)
    for folder in APPLICATIONS[image.name]:
        found += truth.npm_walked(image.root, folder)

    _same(image, "walked", truth.our_npm(image.inventory.packages), found)


@pytest.mark.parametrize("image", ["large"], indirect=True)
def test_a_removed_tree_stays_removed(image: Unpacked) -> None:
    packages = truth.our_npm(image.inventory.packages)

    assert not (image.root / REMOVED).exists()
    assert below(packages, REMOVED + " ", REMOVED + "/") == {}
    assert below(packages, REMOVED.rpartition("/")[0])


@pytest.mark.parametrize("image", ["node-app"], indirect=True)
def test_the_tree_that_is_removed_elsewhere_is_here(image: Unpacked) -> None:
    """Else the removal could be our not seeing the package at all."""
    assert below(truth.our_npm(image.inventory.packages), REMOVED + " ")


@pytest.mark.parametrize("image", ["large"], indirect=True)
def test_java_archives_are_those_of_debians_repository(image: Unpacked) -> None:
    """Debian links every jar from a Maven repository, whose path is the artifact's coordinates.

    What we name must be one of the links' coordinates; what we leave out must have no classes.
    """
    linked = truth.maven_linked(image.root)
    ours = truth.our_maven(image.inventory.packages, set(linked))
    named = Claims({f"{jar} {one}" for jar in linked for one in linked[jar]}) & ours

    _same(image, "maven", ours, named)
    silent = {jar for jar in linked if not below(ours, f"{jar} ")}
    assert [jar for jar in silent if truth.has_classes(image.root / jar)] == []
