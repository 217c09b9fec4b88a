"""Layers fold into what a running container would have."""

import zlib

import pytest

from scantling.catalog.inventory import fold
from scantling.core.model.facts import (
    DistroFact,
    FileFacts,
    LayerFacts,
    Owner,
    PackageFact,
)
from scantling.core.model.gap import gap
from scantling.core.model.image import Image, Layer
from scantling.core.model.inventory import Inventory, Location

IMAGE = Image(reference="x", kind="oci-layout", layers=(Layer(index=0, diff_id="sha256:0"),))
DEBIAN = FileFacts(
    path="etc/os-release",
    cataloger="os-release",
    distro=DistroFact(id="debian", version_id="12", codename="bookworm"),
)
STATUS = "var/lib/dpkg/status"


def _layer(*files: FileFacts, adds: tuple[str, ...] = (), **fields: object) -> LayerFacts:
    paths = "\0".join([*adds, *(one.path for one in files)])
    return LayerFacts(
        diff_id="sha256:0",
        files=files,
        paths=zlib.compress(paths.encode()),
        **fields,  # type: ignore[arg-type]  # checked by LayerFacts
    )


def _deb(*packages: str) -> FileFacts:
    facts = [one.partition("=") for one in packages]
    return FileFacts(
        path=STATUS,
        cataloger="dpkg-status",
        package_db="deb",
        packages=tuple(
            PackageFact(type="deb", name=name, version=version, arch="amd64")
            for name, _, version in facts
        ),
    )


def _python(name: str, version: str, path: str = "") -> FileFacts:
    path = path or f"app/{name}-{version}.dist-info/METADATA"
    return FileFacts(
        path=path,
        cataloger="python-dist-info",
        packages=(PackageFact(type="pypi", name=name, version=version),),
    )


def _binary(name: str) -> FileFacts:
    return FileFacts(
        path=f"usr/bin/{name}",
        cataloger="go-binary",
        by_content=True,
        packages=(PackageFact(type="golang", name=name, version="v1.0.0", root=True),),
    )


def _purls(*layers: LayerFacts) -> list[str]:
    return [one.purl for one in fold(IMAGE, layers).packages]


def _codes(inventory: Inventory) -> set[str]:
    return {one.code for one in inventory.gaps}


def test_an_upper_layer_replaces_a_package_database() -> None:
    below, above = _layer(DEBIAN, _deb("a=1", "b=1")), _layer(_deb("a=2", "c=1"))

    purls = _purls(below, above)

    assert purls == [
        "pkg:deb/debian/a@2?arch=amd64&distro=debian-12",
        "pkg:deb/debian/c@1?arch=amd64&distro=debian-12",
    ]


def test_a_package_keeps_the_layer_that_brought_this_version() -> None:
    layers = (
        _layer(DEBIAN, _deb("a=1", "b=1")),
        _layer(_deb("a=1", "b=2")),
        _layer(_deb("a=1", "b=2")),
    )

    origins = {one.name: one.origin for one in fold(IMAGE, layers).packages}

    assert origins == {"a": 0, "b": 1}


@pytest.mark.parametrize(
    "above",
    [
        pytest.param(_layer(deleted=("app/x-1.dist-info/METADATA",)), id="the_file_is_deleted"),
        pytest.param(_layer(deleted=("app",)), id="a_folder_above_is_deleted"),
        pytest.param(_layer(opaque=("app",)), id="a_folder_above_is_opaque"),
        pytest.param(_layer(opaque=("",)), id="the_root_is_opaque"),
        pytest.param(_layer(adds=("app",)), id="a_file_takes_the_place_of_the_folder"),
        pytest.param(_layer(adds=("app/x-1.dist-info/METADATA/",)), id="a_folder_takes_its_place"),
    ],
)
def test_what_an_upper_layer_hides_is_gone(above: LayerFacts) -> None:
    assert _purls(_layer(_python("x", "1")), above) == []


@pytest.mark.parametrize(
    "above",
    [
        pytest.param(_layer(deleted=("app/x",)), id="a_sibling_is_deleted"),
        pytest.param(_layer(opaque=("ap",)), id="a_prefix_is_not_a_folder"),
        pytest.param(_layer(adds=("app/",)), id="the_folder_is_listed_again"),
        pytest.param(_layer(adds=("app/x-1.dist-info/",)), id="its_own_folder_again"),
    ],
)
def test_what_an_upper_layer_leaves_alone_stays(above: LayerFacts) -> None:
    assert _purls(_layer(_python("x", "1")), above) == ["pkg:pypi/x@1"]


def test_a_deletion_does_not_touch_its_own_layer() -> None:
    layer = _layer(_python("x", "1"), deleted=("app",), opaque=("app",))

    assert _purls(layer) == ["pkg:pypi/x@1"]


def test_a_binary_replaced_by_any_file_is_gone() -> None:
    assert _purls(_layer(_binary("tool")), _layer(adds=("usr/bin/tool",))) == []


def test_a_package_at_two_places_is_one_package_with_two_locations() -> None:
    layers = _layer(_python("x", "1")), _layer(_python("x", "1", "opt/x-1.dist-info/METADATA"))

    [package] = fold(IMAGE, layers).packages

    assert package.locations == (
        Location(path="app/x-1.dist-info/METADATA", layer=0),
        Location(path="opt/x-1.dist-info/METADATA", layer=1),
    )


def test_a_file_owned_by_an_installed_package_says_so() -> None:
    x = _python("x", "1")
    owners = (Owner(path=x.path, type="deb", package="python3-x"),)

    packages = fold(IMAGE, (_layer(DEBIAN, _deb("python3-x=1"), x, owners=owners),)).packages

    assert packages[1].owner == "pkg:deb/debian/python3-x@1?arch=amd64&distro=debian-12"


def test_an_owner_that_is_no_longer_installed_owns_nothing() -> None:
    x = _python("x", "1")
    owners = (Owner(path=x.path, type="deb", package="python3-x"),)
    layers = _layer(DEBIAN, _deb("python3-x=1"), x, owners=owners), _layer(_deb("other=1"))

    packages = fold(IMAGE, layers).packages

    assert [one.owner for one in packages if one.type == "pypi"] == [""]


def test_the_same_package_owned_and_not_owned_is_two() -> None:
    x, y = _python("x", "1"), _python("x", "1", "opt/x-1.dist-info/METADATA")
    owners = (Owner(path=x.path, type="deb", package="python3-x"),)

    packages = fold(IMAGE, (_layer(DEBIAN, _deb("python3-x=1"), x, y, owners=owners),)).packages

    assert [bool(one.owner) for one in packages if one.type == "pypi"] == [False, True]


def test_a_file_changed_above_its_package_is_no_longer_owned() -> None:
    x = _python("x", "1")
    owners = (Owner(path=x.path, type="deb", package="python3-x"),)
    layers = _layer(DEBIAN, _deb("python3-x=1"), x, owners=owners), _layer(x)

    packages = fold(IMAGE, layers).packages

    assert [one.owner for one in packages if one.type == "pypi"] == [""]


def test_debian_licenses_come_from_the_copyright_file() -> None:
    doc = FileFacts(path="usr/share/doc/a/copyright", cataloger="x", licenses=("Expat",))

    [package] = fold(IMAGE, (_layer(DEBIAN, _deb("a=1"), doc),)).packages

    assert package.licenses == ("Expat",)


def test_os_packages_are_looked_up_in_the_release_of_the_image() -> None:
    [package] = fold(IMAGE, (_layer(DEBIAN, _deb("a=1")),)).packages

    assert package.ecosystem == "deb/debian:12"


def test_an_rpm_epoch_is_a_qualifier() -> None:
    release = FileFacts(
        path="etc/os-release", cataloger="x", distro=DistroFact(id="almalinux", version_id="9.3")
    )
    rpm = FileFacts(
        path="var/lib/rpm/rpmdb.sqlite",
        cataloger="rpm",
        package_db="rpm",
        packages=(PackageFact(type="rpm", name="a", version="1:2-3", arch="x86_64"),),
    )

    [package] = fold(IMAGE, (_layer(release, rpm),)).packages

    assert package.ecosystem == "rpm/almalinux:9"
    assert package.purl == ("pkg:rpm/almalinux/a@2-3?arch=x86_64&distro=almalinux-9.3&epoch=1")


def test_a_known_system_without_its_database_is_a_gap() -> None:
    assert "os.no-package-db" in _codes(fold(IMAGE, (_layer(DEBIAN),)))
    assert "os.no-package-db" in _codes(
        fold(IMAGE, (_layer(DEBIAN, _deb("a=1")), _layer(deleted=(STATUS,))))
    )


def test_a_package_database_without_packages_is_a_gap() -> None:
    empty = FileFacts(path=STATUS, cataloger="dpkg", package_db="deb")

    assert "os.no-package-db" in _codes(fold(IMAGE, (_layer(DEBIAN, empty),)))
    assert "os.no-package-db" in _codes(
        fold(IMAGE, (_layer(DEBIAN, _deb("a=1")), _layer(empty, adds=(STATUS,))))
    )


def test_a_system_that_does_not_say_what_it_is_is_a_gap() -> None:
    assert "os.unknown" in _codes(fold(IMAGE, (_layer(adds=("bin/sh",)),)))
    assert "os.unknown" in _codes(fold(IMAGE, (_layer(adds=("lib64/ld-linux-x86-64.so.2",)),)))


def test_an_image_from_scratch_has_no_system_to_tell() -> None:
    assert _codes(fold(IMAGE, (_layer(_binary("tool"), adds=("etc/passwd",)),))) == set()


def test_a_package_database_of_another_system_is_a_conflict() -> None:
    apk = FileFacts(
        path="lib/apk/db/installed",
        cataloger="apk",
        package_db="apk",
        packages=(PackageFact(type="apk", name="musl", version="1"),),
    )

    inventory = fold(IMAGE, (_layer(DEBIAN, _deb("a=1"), apk),))

    assert "os.conflict" in _codes(inventory)
    assert len(inventory.packages) == 2


def test_an_image_in_which_nothing_was_recognized_is_never_clean() -> None:
    assert _codes(fold(IMAGE, (_layer(adds=("usr/local/bin/mystery",)),))) == {"image.unrecognized"}


def test_an_image_without_layers_is_never_clean() -> None:
    assert _codes(fold(IMAGE, ())) == {"image.empty"}


def test_a_release_file_that_is_a_link_to_an_unread_file_is_a_gap() -> None:
    layer = _layer(
        _deb("a=1"),
        adds=("opt/vendor/release", "bin/sh"),
        links=(("etc/os-release", "../opt/vendor/release"),),
    )

    gaps = {one.code: one for one in fold(IMAGE, (layer,)).gaps}

    assert gaps["link.unread"].detail == "it leads to opt/vendor/release"


def test_a_release_file_that_is_the_usual_link_is_none() -> None:
    lib = FileFacts(path="usr/lib/os-release", cataloger="x", distro=DEBIAN.distro)
    layer = _layer(lib, _deb("a=1"), links=(("etc/os-release", "../usr/lib/os-release"),))

    assert _codes(fold(IMAGE, (layer,))) == set()


def test_links_in_a_circle_are_a_gap() -> None:
    layer = _layer(DEBIAN, _deb("a=1"), links=(("var", "srv"), ("srv", "/var")))

    assert "link.loop" in _codes(fold(IMAGE, (layer,)))


def test_gaps_of_layers_and_files_are_kept_once_and_sorted() -> None:
    twice = gap("parse.record", "bad", path="x")
    file = FileFacts(path="x", cataloger="x", gaps=(twice,))

    inventory = fold(
        IMAGE, (_layer(DEBIAN, _deb("a=1"), file, gaps=(twice, gap("layer.digest", "d"))),)
    )

    assert [(one.code, one.layer) for one in inventory.gaps] == [
        ("layer.digest", 0),
        ("parse.record", 0),
    ]


def test_what_a_file_of_the_distribution_does_not_say_is_answered_by_its_owner() -> None:
    odd = gap("go.unversioned", "built without modules")
    tool = FileFacts(path="usr/bin/tool", cataloger="go", by_content=True, gaps=(odd,))
    owners = (Owner(path=tool.path, type="deb", package="a"),)

    owned = fold(IMAGE, (_layer(DEBIAN, _deb("a=1"), tool, owners=owners),)).gaps
    loose = fold(IMAGE, (_layer(DEBIAN, _deb("a=1"), tool),)).gaps

    removed = fold(
        IMAGE, (_layer(DEBIAN, _deb("a=1", "b=1"), tool, owners=owners), _layer(_deb("b=1")))
    ).gaps

    kinds = [[one.kind for one in gaps] for gaps in (owned, loose, removed)]
    assert kinds == [["info"], ["blocking"], ["blocking"]]


def test_gaps_of_a_file_that_is_hidden_are_not_the_images() -> None:
    bad = FileFacts(path="x", cataloger="x", gaps=(gap("parse.record", "bad", path="x"),))

    inventory = fold(IMAGE, (_layer(DEBIAN, _deb("a=1"), bad), _layer(deleted=("x",))))

    assert _codes(inventory) == set()


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("app/x.jar", "/store/blob"),
        ("app/node_modules/a/package.json", "/store/blob"),
        ("lib/y-2.dist-info", "../store"),
    ],
)
def test_a_package_under_another_name_is_a_gap(link: str, target: str) -> None:
    layer = _layer(DEBIAN, _deb("a=1"), adds=("store/blob",), links=((link, target),))

    assert "link.unread" in _codes(fold(IMAGE, (layer,)))


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("app/x.jar", "/store/y.jar"),
        ("app/x.jar", "/dev/null"),
        ("lib/y-2.dist-info", "../store/y-2.dist-info"),
    ],
)
def test_a_link_to_what_is_read_anyway_or_to_nothing_is_none(link: str, target: str) -> None:
    layer = _layer(
        DEBIAN,
        _deb("a=1"),
        adds=("store/y.jar", "store/y-2.dist-info/METADATA"),
        links=((link, target),),
    )

    assert _codes(fold(IMAGE, (layer,))) == set()
