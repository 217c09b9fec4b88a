"""Products match in every spelling that means them, and in no other."""

import pytest
from msgspec.structs import replace

from scantling.assess.vex.identity import Fit, Identity, names_of
from scantling.core.model.image import Image
from scantling.core.model.inventory import Location, Package
from scantling.core.model.vex import VexProduct

from .cases import (
    CURL,
    DIGEST,
    HELM,
    IMAGE,
    INDEX,
    JINJA,
    LIBSSL,
    OTHER,
    PACKAGES,
    TRIVY,
    product,
)


def _fit(one: VexProduct, about: Package = JINJA, image: Image = IMAGE) -> Fit:
    return Identity(PACKAGES, names_of(image)).fit(one, about)


@pytest.mark.parametrize(
    "purl",
    [
        f"pkg:oci/shop@{DIGEST}",
        f"pkg:oci/shop@{DIGEST.replace(':', '%3A')}",
        f"pkg:oci/shop@{INDEX}?repository_url=mirror.example.org/shop",
        "pkg:oci/shop?repository_url=registry.example.com/team/shop",
        "pkg:oci/shop?repository_url=registry.example.com%2Fteam%2Fshop",
        "pkg:oci/shop?repository_url=registry.example.com/team",
        "pkg:oci/shop?repository_url=registry.example.com/team/shop&tag=1.0&arch=amd64",
        "pkg:oci/shop@1.0",
        "pkg:oci/shop",
        "pkg:docker/team/shop@1.0?repository_url=registry.example.com",
    ],
)
def test_an_image_is_known_by_each_of_its_package_urls(purl: str) -> None:
    assert _fit(product(purl)) >= Fit.LOOSE
    assert _fit(product(purl, component="pkg:pypi/jinja2@2.10")) is Fit.EXACT


@pytest.mark.parametrize(
    ("purl", "fit"),
    [
        (f"pkg:oci/shop@{OTHER}?repository_url=registry.example.com/team/shop", Fit.VERSION),
        (f"pkg:oci/shop@{OTHER}?repository_url=quay.io/team/shop", Fit.PRODUCT),
        ("pkg:oci/shop?repository_url=quay.io/team/shop", Fit.PRODUCT),
        ("pkg:oci/shop?repository_url=registry.example.com/team/shop-web", Fit.PRODUCT),
        ("pkg:oci/shop?tag=2.0", Fit.VERSION),
        ("pkg:oci/shop?arch=arm64", Fit.QUALIFIER),
        ("pkg:oci/jinja2", Fit.PRODUCT),
        ("pkg:generic/shop", Fit.PRODUCT),
    ],
)
def test_another_image_is_another(purl: str, fit: Fit) -> None:
    assert _fit(product(purl)) is fit


def test_names_of_the_public_registry_are_one() -> None:
    image = replace(IMAGE, reference="nginx:1.25", manifest_digest=DIGEST)

    for place in ("docker.io/library/nginx", "index.docker.io/library/nginx", "nginx"):
        assert _fit(product(f"pkg:oci/nginx?repository_url={place}"), image=image) >= Fit.LOOSE
    assert _fit(product("pkg:docker/library/nginx@1.25"), image=image) is Fit.LOOSE
    assert _fit(product("pkg:docker/nginx@1.25"), image=image) is Fit.LOOSE


def test_digest_repository_and_label_name_the_image() -> None:
    assert _fit(product(digest=DIGEST)) is Fit.EXACT
    assert _fit(product(digest=INDEX)) is Fit.EXACT
    assert _fit(product(digest=OTHER)) is Fit.PRODUCT
    assert _fit(product(repository="registry.example.com/team/shop")) is Fit.LOOSE
    assert _fit(product(repository="registry.example.com/team/shop", digest=OTHER)) is Fit.PRODUCT
    assert _fit(product(cpe="cpe:/a:example:shop:1")) is Fit.LOOSE
    assert _fit(product(cpe="cpe:/a:example:shop:2")) is Fit.PRODUCT
    assert _fit(product(cpe="cpe:/a:example:*")) is Fit.PRODUCT


def test_the_user_can_name_an_image_that_has_no_name() -> None:
    local = replace(IMAGE, reference="shop.tar", kind="oci-archive", tags=())
    named = Identity(PACKAGES, names_of(local, ["registry.example.com/team/shop:2.0", OTHER]))

    assert _fit(product("pkg:oci/shop"), image=local) is Fit.PRODUCT
    assert named.fit(product("pkg:oci/shop?tag=2.0"), JINJA) is Fit.LOOSE
    assert named.fit(product(digest=OTHER), JINJA) is Fit.EXACT


@pytest.mark.parametrize(
    ("about", "purl"),
    [
        (JINJA, "pkg:pypi/Jinja2"),
        (JINJA, "pkg:pypi/JINJA2@2.10"),
        (JINJA, "pkg:pypi/jinja2@2.10.0"),
        (HELM, "pkg:golang/helm.sh/helm/v3@3.14.1"),
        (HELM, "pkg:golang/helm.sh/helm/v3@v3.14.1?type=module&goos=linux"),
        (LIBSSL, "pkg:deb/ubuntu/libssl3@3.0.2-0ubuntu1.10?arch=amd64&distro=jammy"),
        (LIBSSL, "pkg:deb/ubuntu/libssl3?distro=ubuntu-22.04&upstream=openssl"),
        (LIBSSL, "pkg:deb/ubuntu/openssl@3.0.2-0ubuntu1.10?arch=source&distro=22.04"),
        (LIBSSL, "pkg:deb/libssl3"),
        (CURL, "pkg:rpm/redhat/curl@7.76.1-23.el9?arch=x86_64"),
        (CURL, "pkg:rpm/redhat/curl@7.76.1-23.el9?epoch=1&distro=rhel-9.2"),
        (CURL, "pkg:rpm/redhat/curl@1:7.76.1-23.el9"),
    ],
)
def test_a_package_is_known_by_what_the_statement_says(about: Package, purl: str) -> None:
    assert _fit(product(purl), about) >= Fit.LOOSE
    assert _fit(product("pkg:oci/shop", component=purl), about) >= Fit.LOOSE


@pytest.mark.parametrize(
    ("about", "purl", "fit"),
    [
        (JINJA, "pkg:pypi/jinja2@2.10.1", Fit.VERSION),
        (JINJA, "pkg:npm/jinja2", Fit.PRODUCT),
        (JINJA, "pkg:pypi/jinja2#part", Fit.QUALIFIER),
        (LIBSSL, "pkg:deb/ubuntu/openssl", Fit.PRODUCT),
        (LIBSSL, "pkg:deb/debian/libssl3", Fit.PRODUCT),
        (LIBSSL, "pkg:deb/ubuntu/libssl3?arch=arm64", Fit.QUALIFIER),
        (LIBSSL, "pkg:deb/ubuntu/libssl3?distro=noble", Fit.QUALIFIER),
        (CURL, "pkg:rpm/redhat/curl@7.76.1-23.el9?epoch=2", Fit.VERSION),
        (CURL, "pkg:rpm/redhat/curl?rpmmod=curl:7:1:2", Fit.QUALIFIER),
    ],
)
def test_a_package_that_differs_is_another(about: Package, purl: str, fit: Fit) -> None:
    assert _fit(product(purl), about) is fit


def test_a_range_of_versions_is_compared() -> None:
    assert _fit(product("pkg:pypi/jinja2", versions="vers:pypi/<3")) is Fit.EXACT
    assert _fit(product("pkg:pypi/jinja2", versions="vers:pypi/>=3")) is Fit.VERSION
    assert _fit(product("pkg:pypi/jinja2", versions="vers:pypi/2.10")) is Fit.EXACT
    assert _fit(product("pkg:pypi/jinja2", versions="vers:unheard-of/<3")) is Fit.VERSION
    assert _fit(product("pkg:pypi/jinja2", versions="any of them")) is Fit.VERSION
    narrowed = product("pkg:oci/shop", component="pkg:pypi/jinja2", versions="vers:pypi/>=3")
    assert _fit(narrowed) is Fit.VERSION
    assert _fit(product(f"pkg:oci/shop@{DIGEST}", versions="vers:oci/<3")) is Fit.VERSION


def test_a_package_url_and_a_digest_must_agree() -> None:
    right, wrong = "sha256:" + "77" * 32, "sha256:" + "66" * 32

    assert _fit(product("pkg:pypi/jinja2", digest=right)) is Fit.LOOSE
    assert _fit(product("pkg:pypi/jinja2", digest=wrong)) is Fit.VERSION
    assert _fit(product(digest=right)) is Fit.EXACT


def test_a_module_is_part_of_the_program_that_holds_it() -> None:
    trivy = "pkg:golang/github.com/aquasecurity/trivy"
    part = product(trivy, component="pkg:golang/helm.sh/helm/v3")

    assert _fit(part, HELM) is Fit.LOOSE
    assert _fit(product(trivy), HELM) is Fit.LOOSE
    assert _fit(product(f"{trivy}@v0.49.0", component=HELM.purl), HELM) is Fit.VERSION
    assert _fit(part, JINJA) is Fit.PART


def test_a_module_that_is_elsewhere_too_is_not_covered() -> None:
    twice = replace(HELM, locations=(*HELM.locations, Location(path="usr/bin/helm", layer=1)))
    identity = Identity((TRIVY, twice), names_of(IMAGE))
    part = product("pkg:golang/github.com/aquasecurity/trivy", component=HELM.purl)

    assert identity.fit(part, twice) is Fit.OUTSIDE


def test_a_product_that_is_absent_covers_nothing() -> None:
    part = product("pkg:golang/github.com/example/app", component="pkg:golang/helm.sh/helm/v3")

    assert _fit(part, HELM) is Fit.PRODUCT


def test_packages_of_one_list_are_not_part_of_each_other() -> None:
    other = replace(LIBSSL, name="bash", purl=LIBSSL.purl.replace("libssl3", "bash"))

    assert _fit(product("pkg:deb/ubuntu/libssl3"), other) is Fit.OUTSIDE


def test_node_packages_are_part_of_the_application_above_them() -> None:
    app = replace(
        JINJA,
        purl="pkg:npm/shop@1.0.0",
        type="npm",
        name="shop",
        root=True,
        locations=(Location(path="app/package.json", layer=1),),
    )
    inner = replace(
        app,
        purl="pkg:npm/lodash@4.0.0",
        name="lodash",
        version="4.0.0",
        root=False,
        locations=(Location(path="app/node_modules/lodash/package.json", layer=1),),
    )
    identity = Identity((app, inner), names_of(IMAGE))

    assert identity.fit(product("pkg:npm/shop"), inner) is Fit.LOOSE
    assert identity.fit(product("pkg:npm/lodash"), app) is Fit.OUTSIDE


def test_a_platform_limits_a_component_to_its_distribution() -> None:
    def on(cpe: str) -> VexProduct:
        return product(cpe=cpe, component="pkg:rpm/redhat/curl@7.76.1-23.el9?arch=x86_64")

    assert _fit(on("cpe:/o:redhat:enterprise_linux:9::baseos"), CURL) is Fit.EXACT
    assert _fit(on("cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*"), CURL) is Fit.EXACT
    assert _fit(on("cpe:/o:redhat:enterprise_linux:8::baseos"), CURL) is Fit.PRODUCT
    assert _fit(product(cpe="cpe:/o:redhat:enterprise_linux:9::baseos"), CURL) is Fit.PRODUCT
