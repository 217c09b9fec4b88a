"""Which cataloger of an operating system's files reads which path."""

import pytest

from scantling.catalog import registry
from scantling.catalog.api import Cataloger
from scantling.catalog.wants import WantIndex

PLUGINS: list[Cataloger] = [
    registry.plugin_of(module)
    for module in registry.MODULES
    if module.startswith(("apk.", "dpkg.", "osrelease.", "rpm."))
]
INDEX = WantIndex(PLUGINS)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("var/lib/dpkg/status", {"dpkg-status", "dpkg-nested"}),
        ("srv/chroot/var/lib/dpkg/status", {"dpkg-nested"}),
        ("var/lib/dpkg/status-old", set()),
        ("var/lib/dpkg/status.d/netbase", {"dpkg-status-folder"}),
        ("var/lib/dpkg/status.d/netbase.md5sums", {"dpkg-status-folder"}),
        ("var/lib/dpkg/info/libc6:amd64.list", {"dpkg-files"}),
        ("var/lib/dpkg/info/libpython3.11-minimal:amd64.list", {"dpkg-files"}),
        ("usr/share/doc/libc6/copyright", {"dpkg-licenses"}),
        ("usr/lib/opkg/status", {"opkg"}),
        ("var/lib/chisel/manifest.wall", {"chisel"}),
        ("lib/apk/db/installed", {"apk-installed", "apk-nested"}),
        ("usr/lib/apk/db/installed", {"apk-installed", "apk-nested"}),
        ("chroot/lib/apk/db/installed", {"apk-nested"}),
        ("var/lib/rpm/Packages", {"rpm-berkeley", "rpm-nested"}),
        ("usr/lib/sysimage/rpm/Packages.db", {"rpm-ndb", "rpm-nested"}),
        ("usr/share/rpm/rpmdb.sqlite", {"rpm-sqlite", "rpm-nested"}),
        ("var/lib/rpm/rpmdb.sqlite-wal", {"rpm-journal"}),
        ("chroot/var/lib/rpm/rpmdb.sqlite", {"rpm-nested"}),
        ("Packages", set()),
        ("var/lib/rpmmanifest/container-manifest-2", {"rpm-manifest"}),
        ("etc/os-release", {"os-release"}),
        ("usr/lib/os-release", {"os-release"}),
        ("usr/lib/os.release.d/os-release-container", {"os-release"}),
        ("srv/chroot/etc/os-release", set()),
        ("etc/alpine-release", {"alpine-release"}),
        ("etc/debian_version", {"debian-version"}),
        ("etc/lsb-release", {"lsb-release"}),
        ("etc/redhat-release", {"vendor-release"}),
        ("etc/system-release-cpe", {"system-release-cpe"}),
    ],
)
def test_a_path_is_read_by_the_catalogers_of_its_format(path: str, expected: set[str]) -> None:
    chosen = {PLUGINS[pick.cataloger].name for pick in INDEX.by_name(path)}

    assert chosen == expected


def test_only_the_systems_own_databases_count_as_its_package_database() -> None:
    databases = {plugin.name: plugin.package_db for plugin in PLUGINS if plugin.package_db}

    assert databases == {
        "apk-installed": "apk",
        "chisel": "deb",
        "dpkg-status": "deb",
        "dpkg-status-folder": "deb",
        "rpm-berkeley": "rpm",
        "rpm-manifest": "rpm",
        "rpm-ndb": "rpm",
        "rpm-sqlite": "rpm",
    }
