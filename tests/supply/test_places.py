"""Attaching and finding: the same promises hold for every place; hostile places get sentences."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.errors import RegistryError, TargetError
from scantling.core.http import Http
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.image.refs import RegistryRef, parse_registry
from scantling.supply.dsse import bundle_of, parse_envelope, sign, signer
from scantling.supply.layout import LayoutPlace
from scantling.supply.oci import Attachment, Found, attach, attachments, parse_referrers
from scantling.supply.places import INDEX, MANIFEST, Place, tag_of
from scantling.supply.registry import RegistryPlace
from scantling.testing.images import Blob, MemoryImage, digest, index_blob, json_bytes
from scantling.testing.registries import DockerRegistry, FakeRegistry, copy_image

from .making import key

IMAGE = MemoryImage(layers=({"etc/os-release": b"ID=debian\n"},))
SUBJECT = IMAGE.manifest_blob().digest
TYPE = "https://example.com/verdict/v1"
REF = parse_registry("registry.example.com/example/app:latest")


def fake_place(server: FakeRegistry, *, write: bool = True, auth_file: str = "") -> RegistryPlace:
    """Return the fake's repository as a place."""
    http = Http(
        transport=httpx2.MockTransport(server),
        resolve=lambda _host, _port: ("93.184.216.34",),
        sleep=lambda _s: None,
    )
    return RegistryPlace(REF, ImageOptions(auth_file=auth_file), write=write, http=http)


def _fake(*, lists_referrers: bool) -> RegistryPlace:
    server = FakeRegistry(lists_referrers=lists_referrers)
    server.push(IMAGE, "example/app")
    return fake_place(server)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], RegistryPlace]]:
    """Return a maker of repositories with the image in the real registry on loopback."""
    if not DockerRegistry.is_installed():
        pytest.skip("docker-registry or skopeo is missing: the real registry was NOT tested")
    folder = tmp_path_factory.mktemp("registry")
    IMAGE.write_layout(folder / "app")
    (folder / "logins.json").write_text("{}")
    options = ImageOptions(auth_file=str(folder / "logins.json"))
    made: list[RegistryPlace] = []
    with DockerRegistry.run(folder) as running:

        def make() -> RegistryPlace:
            name = f"example/app{len(made)}"
            copy_image(f"oci:{folder / 'app'}", f"docker://{running.place}/{name}:latest")
            ref = RegistryRef(registry=running.place, repository=name, tag="latest")
            made.append(RegistryPlace(ref, options, write=True))
            return made[-1]

        yield make
        for one in made:
            one.close()


@pytest.fixture(
    params=[
        "layout",
        "fake_with_referrers",
        "fake_without",
        pytest.param("real", marks=pytest.mark.integration),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return each kind of place, the image in it."""
    match request.param:
        case "layout":
            return LayoutPlace(IMAGE.write_layout(tmp_path / "app"))
        case "real":
            made = request.getfixturevalue("real")()
            assert isinstance(made, RegistryPlace)
            return made
        case _:
            return _fake(lists_referrers=request.param == "fake_with_referrers")


def attachment(text: bytes = b"{}", type_: str = TYPE, name: str = "ours") -> Attachment:
    """Return a signed attachment."""
    envelope = sign(text, key(name))
    return Attachment(
        envelope=envelope,
        bundle=bundle_of(envelope, key(name).public),
        predicate_type=type_,
        created="2026-11-23T00:00:00Z",
    )


def _payloads(place: Place, type_: str = TYPE) -> list[bytes]:
    return [parse_envelope(one.data).payload for one in attachments(place, SUBJECT, type_)]


def test_what_is_attached_is_found_in_both_forms(place: Place) -> None:
    written = attach(place, SUBJECT, attachment(b"one"))

    found = [*attachments(place, SUBJECT, TYPE)]

    assert len(written) == 2
    assert [one.problem for one in found] == ["", ""]
    for one in found:
        assert signer(parse_envelope(one.data), [key().public]) is key().public


def test_nothing_is_attached_to_a_new_image(place: Place) -> None:
    assert not [*attachments(place, SUBJECT, TYPE)]


def test_several_attachments_are_kept_side_by_side(place: Place) -> None:
    for text in (b"one", b"two", b"three"):
        attach(place, SUBJECT, attachment(text))

    assert sorted(_payloads(place)) == sorted([b"one", b"two", b"three"] * 2)


def test_attaching_the_same_twice_changes_nothing(place: Place) -> None:
    same = attachment(b"one")
    attach(place, SUBJECT, same)
    before = place.manifest(tag_of(SUBJECT, ".att"))

    attach(place, SUBJECT, same)

    assert place.manifest(tag_of(SUBJECT, ".att")) == before
    assert _payloads(place) == [b"one", b"one"]


def test_other_types_are_left_alone(place: Place) -> None:
    attach(place, SUBJECT, attachment(b"sbom", "https://cyclonedx.org/bom"))
    attach(place, SUBJECT, attachment(b"one"))

    assert _payloads(place) == [b"one", b"one"]
    assert _payloads(place, "https://cyclonedx.org/bom") == [b"sbom", b"sbom"]


def test_a_replacement_drops_only_its_own_type() -> None:
    place = _fake(lists_referrers=False)
    attach(place, SUBJECT, attachment(b"sbom", "https://cyclonedx.org/bom"))
    attach(place, SUBJECT, attachment(b"one"))
    attach(place, SUBJECT, replace(attachment(b"two"), replaces=True))

    assert _payloads(place) == [b"two", b"two"]
    assert _payloads(place, "https://cyclonedx.org/bom") == [b"sbom", b"sbom"]


def test_an_image_that_is_not_there_gets_no_attestation(place: Place) -> None:
    with pytest.raises(TargetError, match="push the image first"):
        attach(place, f"sha256:{'0' * 64}", attachment())


def test_the_artifact_is_an_oci_artifact_about_the_image() -> None:
    place = _fake(lists_referrers=True)
    attach(place, SUBJECT, attachment())
    [listed] = place.referrers(SUBJECT) or ()

    manifest = json.loads(place.manifest(listed.digest) or b"")

    assert manifest["mediaType"] == MANIFEST
    assert manifest["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert manifest["subject"] == {
        "mediaType": MANIFEST,
        "digest": SUBJECT,
        "size": len(IMAGE.manifest_blob().data),
    }
    assert manifest["annotations"]["dev.sigstore.bundle.predicateType"] == TYPE
    assert place.manifest(tag_of(SUBJECT)) is None


def test_cosigns_tag_is_as_cosign_writes_it() -> None:
    place = _fake(lists_referrers=False)
    attach(place, SUBJECT, attachment(b"one"))
    attach(place, SUBJECT, attachment(b"two"))

    manifest = json.loads(place.manifest(f"sha256-{SUBJECT[7:]}.att") or b"")

    config = json.loads(place.blob(manifest["config"]["digest"], 10_000))
    assert [one["mediaType"] for one in manifest["layers"]] == [
        "application/vnd.dsse.envelope.v1+json"
    ] * 2
    assert manifest["layers"][0]["annotations"] == {
        "dev.cosignproject.cosign/signature": "",
        "predicateType": TYPE,
    }
    assert config["rootfs"]["diff_ids"] == [one["digest"] for one in manifest["layers"]]


def test_the_index_of_referrers_keeps_what_others_wrote() -> None:
    place = _fake(lists_referrers=False)
    theirs = {"digest": digest(b"x"), "mediaType": "a/b", "size": 1, "unknown": {"a": [1]}}
    place.put_manifest(tag_of(SUBJECT), json_bytes({"manifests": [theirs]}), INDEX)

    attach(place, SUBJECT, attachment())

    index = json.loads(place.manifest(tag_of(SUBJECT)) or b"")
    assert index["manifests"][0] == theirs
    assert len(index["manifests"]) == 2
    assert index["manifests"][1]["artifactType"].startswith("application/vnd.dev.sigstore")


def test_a_writer_that_was_overtaken_writes_again() -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")
    place = fake_place(server)
    lost: list[httpx2.Request] = []

    def overtake(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == "PUT" and str(request.url).endswith(".att") and not lost:
            lost.append(request)
            return httpx2.Response(201)  # somebody else's write came right after
        return None

    server.hooks.append(overtake)
    attach(place, SUBJECT, attachment(b"one"))

    assert lost
    assert _payloads(place) == [b"one", b"one"]


def test_a_tag_that_never_keeps_what_is_written_is_told() -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")

    def forget(request: httpx2.Request) -> httpx2.Response | None:
        forgotten = request.method == "PUT" and str(request.url).endswith(".att")
        return httpx2.Response(201) if forgotten else None

    server.hooks.append(forget)

    with pytest.raises(TargetError, match="at the same time"):
        attach(fake_place(server), SUBJECT, attachment())


def test_attestations_in_a_layout_are_no_images(tmp_path: Path) -> None:
    path = IMAGE.write_layout(tmp_path / "app")
    attach(LayoutPlace(path), SUBJECT, attachment())

    opened = open_image(str(path), ImageOptions(platform="linux/amd64"), Quiet())
    opened.close()

    assert opened.image.manifest_digest == SUBJECT


def test_a_layout_with_links_in_it_is_not_written_to(tmp_path: Path) -> None:
    path = IMAGE.write_layout(tmp_path / "app")
    (path / "blobs" / "sha256").rename(tmp_path / "elsewhere")
    (path / "blobs" / "sha256").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(TargetError, match="cannot use"):
        attach(LayoutPlace(path), SUBJECT, attachment())

    assert len([*(tmp_path / "elsewhere").iterdir()]) == len(IMAGE.blobs())


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff", b'{"manifests": 1}'])
def test_a_broken_layout_is_explained(tmp_path: Path, content: bytes | None) -> None:
    path = IMAGE.write_layout(tmp_path / "app")
    (path / "index.json").unlink()
    if content is not None:
        (path / "index.json").write_bytes(content)

    with pytest.raises(TargetError):
        attach(LayoutPlace(path), SUBJECT, attachment())


# Registries


def test_pushing_asks_for_the_right_to_push(tmp_path: Path) -> None:
    server = FakeRegistry(auth="token")
    server.realm = "https://registry.example.com/token"
    server.push(IMAGE, "example/app")
    (tmp_path / "logins.json").write_text(
        json.dumps(
            {"auths": {"registry.example.com": {"username": "reader", "password": "pass-w0rd"}}}
        )
    )

    attach(fake_place(server, auth_file=str(tmp_path / "logins.json")), SUBJECT, attachment())

    scopes = {request.url.params["scope"] for request in server.asked("/token")}
    assert scopes == {"repository:example/app:pull,push"}


def test_reading_asks_for_the_right_to_pull_only(tmp_path: Path) -> None:
    server = FakeRegistry(auth="token")
    server.realm = "https://registry.example.com/token"
    server.push(IMAGE, "example/app")
    (tmp_path / "logins.json").write_text("{}")

    with pytest.raises(RegistryError):
        [
            *attachments(
                fake_place(server, write=False, auth_file=str(tmp_path / "logins.json")),
                SUBJECT,
                TYPE,
            )
        ]

    assert "repository%3Aexample%2Fapp%3Apull" in str(server.asked("/token")[0].url)
    assert "push" not in str(server.asked("/token")[0].url)


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_push_is_told(status: int) -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")
    server.hooks.append(
        lambda request: httpx2.Response(status) if request.method == "POST" else None
    )

    with pytest.raises(RegistryError, match="does not let this login push to example/app"):
        attach(fake_place(server), SUBJECT, attachment())


def test_an_upload_elsewhere_gets_neither_bytes_nor_login() -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")
    away = {"Location": "https://elsewhere.example.com/upload"}
    server.hooks.append(
        lambda request: httpx2.Response(202, headers=away) if request.method == "POST" else None
    )

    with pytest.raises(RegistryError, match=r"elsewhere\.example\.com, where its login"):
        attach(fake_place(server), SUBJECT, attachment())

    assert not [one for one in server.requests if one.method == "PUT"]


def _lying(server: FakeRegistry, word: str, body: bytes) -> None:
    server.hooks.append(
        lambda request: (
            httpx2.Response(200, content=body)
            if request.method == "GET" and word in str(request.url)
            else None
        )
    )


def test_a_blob_with_another_digest_is_reported_and_not_used() -> None:
    server = FakeRegistry(lists_referrers=True)
    server.push(IMAGE, "example/app")
    place = fake_place(server)
    attach(place, SUBJECT, attachment())
    _lying(server, "/blobs/", attachment(b"forged").envelope)

    found = [*attachments(place, SUBJECT, TYPE)]

    assert {one.data for one in found} == {b""}
    assert all("cannot be trusted" in one.problem for one in found)


def test_an_endless_blob_is_cut_and_reported() -> None:
    server = FakeRegistry(lists_referrers=True)
    server.push(IMAGE, "example/app")
    place = fake_place(server)
    attach(place, SUBJECT, attachment())
    _lying(server, "/blobs/", bytes(70 * 1024 * 1024))

    assert all(one.problem for one in attachments(place, SUBJECT, TYPE))


def test_pages_of_referrers_are_followed_on_the_registry_only() -> None:
    server = FakeRegistry(lists_referrers=True)
    server.push(IMAGE, "example/app")
    place = fake_place(server)
    attach(place, SUBJECT, attachment())
    link = {"to": "/v2/example/app/referrers/more"}

    def page(request: httpx2.Request) -> httpx2.Response | None:
        if not request.url.path.endswith(SUBJECT) or "referrers" not in request.url.path:
            return None
        body = json_bytes({"manifests": []})
        headers = {"Content-Type": INDEX, "Link": f'<{link["to"]}>; rel="next"'}
        return httpx2.Response(200, content=body, headers=headers)

    server.hooks.append(page)
    assert place.referrers(SUBJECT) == ()
    link["to"] = "https://elsewhere.example.com/v2/"
    with pytest.raises(RegistryError, match="elsewhere"):
        place.referrers(SUBJECT)
    link["to"] = f"/v2/example/app/referrers/{SUBJECT}"
    with pytest.raises(RegistryError, match="does not end"):
        place.referrers(SUBJECT)


def test_more_than_enough_is_not_fetched() -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")
    blob = Blob(data=b"{}", media_type="application/vnd.dsse.envelope.v1+json")
    server.put_blob(blob, "example/app")
    many = json_bytes({"layers": [blob.descriptor()] * 3000})
    server.put_manifest(
        Blob(data=many, media_type=MANIFEST), "example/app", tag_of(SUBJECT, ".att")
    )

    found = [*attachments(fake_place(server), SUBJECT, TYPE)]

    assert len(found) == 257
    assert "not all were looked at" in found[0].problem
    with pytest.raises(TargetError, match="the most that are kept"):
        attach(fake_place(server), SUBJECT, attachment())


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=120)
    | st.just(IMAGE.manifest_blob().data)
    | st.just(index_blob((IMAGE,)).data)
)
def test_any_bytes_under_the_tags_give_findings_or_a_sentence(data: bytes) -> None:
    server = FakeRegistry()
    server.push(IMAGE, "example/app")
    for suffix in ("", ".att"):
        tag = tag_of(SUBJECT, suffix)
        server.put_manifest(Blob(data=data, media_type=MANIFEST), "example/app", tag)

    try:
        for one in attachments(fake_place(server), SUBJECT, TYPE):
            assert isinstance(one, Found)
    except TargetError as error:
        assert "not valid" in str(error)  # noqa: PT017 - either outcome is right


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_list_of_referrers_or_refused(data: bytes) -> None:
    try:
        assert isinstance(parse_referrers(data, "it"), tuple)
    except TargetError as error:
        assert "is not valid" in str(error)  # noqa: PT017 - either outcome is right


def test_no_scratch_is_left_in_a_layout(tmp_path: Path) -> None:
    path = IMAGE.write_layout(tmp_path / "app")
    attach(LayoutPlace(path), SUBJECT, attachment())

    assert not [name for _, _, names in os.walk(path) for name in names if name.endswith(".part")]
