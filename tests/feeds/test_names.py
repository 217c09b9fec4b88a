"""Ecosystems and packages: OSV's names, and agreement with what matching asks for."""

import pytest

from scantling.advisories.ecosystems import package_name, place_of
from scantling.matching.names import advisory_name


@pytest.mark.parametrize(
    ("osv", "ecosystem"),
    [
        ("PyPI", "pypi"),
        ("Packagist:https://packages.drupal.org/8", "composer"),
        ("Maven:https://repo.example.com", "maven"),
        ("Debian:12", "deb/debian:12"),
        ("Ubuntu:22.04:LTS", "deb/ubuntu:22.04"),
        ("Ubuntu:23.10", "deb/ubuntu:23.10"),
        ("Ubuntu:Pro:16.04:LTS", "deb/ubuntu:16.04"),
        ("Alpine:v3.18", "apk/alpine:3.18"),
        ("Alpine:edge", "apk/alpine:edge"),
        ("Wolfi", "apk/wolfi:"),
        ("AlmaLinux:9", "rpm/almalinux:9"),
        ("Rocky Linux:9", "rpm/rocky:9"),
        ("Red Hat:enterprise_linux:9::appstream", "rpm/rhel:9"),
        ("openSUSE:Leap 15.5", "rpm/opensuse-leap:15.5"),
        ("openSUSE:Tumbleweed", "rpm/opensuse-tumbleweed:"),
        ("SUSE:Linux Enterprise Server 15 SP5", "rpm/sles:15.5"),
        ("SUSE:Linux Enterprise Module for Basesystem 15 SP4", "rpm/sles:15.4"),
        ("Photon OS:5.0", "rpm/photon:5.0"),
        ("Azure Linux:3", "rpm/azurelinux:3.0"),
        ("Azure Linux:2", "rpm/mariner:2.0"),
    ],
)
def test_an_ecosystem_has_its_place(osv: str, ecosystem: str) -> None:
    place = place_of(osv)

    assert place is not None
    assert place.ecosystem == ecosystem


@pytest.mark.parametrize(
    "osv",
    [
        "",
        "Debian",
        "Alpine",
        "Ubuntu:Pro:FIPS:22.04:LTS",
        "Red Hat:rhel_eus:8.8::baseos",
        "Red Hat:enterprise_linux:9.4::baseos",
        "SUSE:Linux Enterprise Server for SAP 15 SP5",
        "SUSE:Linux Enterprise Server 15 SP5-LTSS",
        "OSS-Fuzz",
        "pypi",
    ],
)
def test_an_ecosystem_that_we_cannot_place_is_not_guessed(osv: str) -> None:
    assert place_of(osv) is None


def test_a_fix_for_subscribers_only_says_so() -> None:
    place = place_of("Ubuntu:Pro:22.04:LTS")

    assert place is not None
    assert place.word == "pro"


@pytest.mark.parametrize(
    ("type_", "namespace", "name", "published"),
    [
        ("pypi", "", "Zope.Interface", "zope_interface"),
        ("npm", "@babel", "Core", "@babel/Core"),
        ("maven", "org.Apache", "Log4j", "org.Apache:Log4j"),
        ("composer", "symfony", "http-kernel", "Symfony/HTTP-Kernel"),
        ("nuget", "", "Newtonsoft.Json", "newtonsoft.json"),
        ("golang", "github.com/Masterminds", "goutils", "github.com/Masterminds/goutils"),
        ("cargo", "", "serde_yaml", "serde_yaml"),
        ("gem", "", "RedCloth", "RedCloth"),
        ("hex", "", "Phoenix", "phoenix"),
        ("swift", "github.com/apple", "swift-nio", "https://github.com/apple/swift-nio.git"),
    ],
)
def test_advisories_and_matching_spell_a_package_alike(
    type_: str, namespace: str, name: str, published: str
) -> None:
    assert package_name(type_, published) == advisory_name(type_, namespace, name)
