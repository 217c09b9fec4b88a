"""A layer that upgrades Debian packages: files where links lead, dpkg's records, no surprises."""

import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError, UsageError
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.remedy.patch.below import Below, look_below
from scantling.remedy.patch.deb import Deb, DebFile, read_deb, read_folder
from scantling.remedy.patch.layer import make_patch, tar_of, wants
from scantling.remedy.patch.needs import unmet_by
from scantling.remedy.patch.write import add_layer
from scantling.testing.images import DELETED, FOLDER, Entry, MemoryImage, Symlink, layer_tar

CONTROL = "Package: zlib1g\nVersion: 1:2-1\nArchitecture: amd64\nSource: zlib\nDescription: x\n y\n"
STATUS = (
    "Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6\n\n"
    "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1-1\n\n"
)
FILES: dict[str, Entry] = {
    "./": FOLDER,
    "./lib": FOLDER,
    "./lib/libz.so.2": b"new",
    "./lib/libz.so": Symlink("libz.so.2"),
    "./etc/z.conf": b"packaged",
    "./usr/share/doc/zlib1g": FOLDER,
}
ROOT: dict[str, Entry] = {
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "etc/z.conf": b"mine",
    "usr/lib/libz.so.1": b"old",
    "usr/share/doc": FOLDER,
    "lib": Symlink("usr/lib"),
    "var/lib/dpkg/status": STATUS.encode(),
    "var/lib/dpkg/info/zlib1g:amd64.list": b"/.\n/lib\n/lib/libz.so.1\n/etc/z.conf\n",
    "var/lib/dpkg/info/zlib1g:amd64.postinst": b"#!/bin/sh\n",
}


def ar(*members: tuple[str, bytes]) -> bytes:
    """Return an ar archive as dpkg-deb writes it."""
    parts = [b"!<arch>\n"]
    for name, data in members:
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
        parts.append(data + b"\n" * (len(data) % 2))
    return b"".join(parts)


def deb(
    control: str = CONTROL,
    files: dict[str, Entry] | None = None,
    compress: str = "gz",
    **meta: bytes,
) -> bytes:
    """Return a package with these files."""
    packers: dict[str, Callable[[bytes], bytes]]
    packers = {"": bytes, "gz": gzip.compress, "xz": lzma.compress}
    packed = packers[compress]
    suffix = f".{compress}" if compress else ""
    inner: dict[str, Entry] = {"./control": control.encode()}
    inner |= {f"./{name}": data for name, data in meta.items()}
    return ar(
        ("debian-binary", b"2.0\n"),
        (f"control.tar{suffix}", packed(layer_tar(inner))),
        (f"data.tar{suffix}", packed(layer_tar(FILES if files is None else files))),
    )


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Return an image with an older zlib, whose `/lib` is a link."""
    return MemoryImage(layers=({"etc/old": b""}, {**ROOT, "etc/old": DELETED})).write_layout(
        tmp_path / "image"
    )


def below(layout: Path) -> Below:
    opened = open_image(str(layout), ImageOptions(), Quiet())
    try:
        return look_below(opened, wants)
    finally:
        opened.close()


def layer_of(layout: Path) -> Path:
    """Return the file of the image's first layer."""
    blobs = layout / "blobs" / "sha256"
    digest = json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]
    manifest = json.loads((blobs / digest.removeprefix("sha256:")).read_bytes())
    return blobs / str(manifest["layers"][0]["digest"]).removeprefix("sha256:")


def contents(tar: bytes) -> dict[str, bytes | str]:
    """Return what is in a tar, read by another reader than ours."""
    import tarfile  # noqa: PLC0415, TID251 - the oracle

    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        found: dict[str, bytes | str] = {}
        for one in archive:
            file = archive.extractfile(one) if one.isreg() else None
            found[one.name] = file.read() if file else f"{one.type.decode()} {one.linkname}"
        return found


@pytest.mark.parametrize("compress", ["", "gz", "xz"])
def test_a_package_is_read_with_its_files_and_its_control_files(compress: str) -> None:
    made = read_deb(deb(compress=compress, postinst=b"#!/bin/sh\n", conffiles=b"/etc/z.conf\n"))

    assert (made.name, made.version, made.architecture) == ("zlib1g", "1:2-1", "amd64")
    assert made.scripts == ("postinst",)
    assert made.conffiles == {"etc/z.conf"}
    assert [(one.path, one.kind) for one in made.files][:3] == [
        ("lib", "folder"),
        ("lib/libz.so.2", "file"),
        ("lib/libz.so", "symlink"),
    ]


def test_files_go_where_links_lead_settings_stay_and_what_is_gone_is_deleted(layout: Path) -> None:
    made = make_patch([read_deb(deb(conffiles=b"/etc/z.conf\n"))], below(layout))

    found = contents(made.tar)
    assert made.upgraded == (("zlib1g", "1:1-1", "1:2-1"),)
    assert found["usr/lib/libz.so.2"] == b"new"
    assert found["usr/lib/libz.so"] == "2 libz.so.2"
    assert found["usr/lib/.wh.libz.so.1"] == b""
    assert found["var/lib/dpkg/info/.wh.zlib1g:amd64.postinst"] == b""
    assert found["usr/share/doc/zlib1g"] == "5 "
    assert not {"lib", "etc/z.conf", "usr/share/doc"} & set(found)
    assert "zlib1g: etc/z.conf stays as it is" in made.notes


def test_dpkg_is_told_the_new_version_and_its_files(layout: Path) -> None:
    found = contents(make_patch([read_deb(deb())], below(layout)).tar)

    status = found["var/lib/dpkg/status"]
    assert status == (
        b"Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6\n\n"
        b"Package: zlib1g\nStatus: install ok installed\nVersion: 1:2-1\nArchitecture: amd64\n"
        b"Source: zlib\nDescription: x\n y\n\n"
    )
    listed = found["var/lib/dpkg/info/zlib1g:amd64.list"]
    assert listed == b"/.\n/lib\n/lib/libz.so.2\n/lib/libz.so\n/etc/z.conf\n/usr/share/doc/zlib1g\n"


@pytest.mark.parametrize(
    ("control", "files", "said"),
    [
        (CONTROL.replace("1:2-1", "1:1-1"), None, "is not in the image in an older version"),
        (CONTROL.replace("amd64", "arm64"), None, "is not in the image in an older version"),
        (CONTROL + "Depends: libc6 (>= 2.36)\n", None, "needs libc6 .>= 2.36., which the image"),
        (CONTROL, {"./usr/lib": b"a file"}, "would put a file in place of 'usr/lib'"),
    ],
    ids=["not_newer", "another_processor", "an_unmet_need", "a_file_for_a_folder"],
)
def test_a_package_that_does_not_fit_is_refused(
    layout: Path, control: str, files: dict[str, Entry] | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        make_patch([read_deb(deb(control, files))], below(layout))


def test_an_image_without_dpkg_status_is_refused(tmp_path: Path) -> None:
    layout = MemoryImage(layers=({"bin/sh": b""},)).write_layout(tmp_path / "image")

    with pytest.raises(UsageError, match="the image has no var/lib/dpkg/status"):
        make_patch([read_deb(deb())], below(layout))


def test_a_layer_that_cannot_be_read_completely_is_not_built_upon(layout: Path) -> None:
    blob = layer_of(layout)
    blob.write_bytes(blob.read_bytes()[:-20])

    with pytest.raises(UsageError, match="cannot be read completely"):
        below(layout)


def test_upper_layers_hide_and_replace_what_is_below(tmp_path: Path) -> None:
    layers: tuple[dict[str, Entry], ...] = (
        {"a/x": b"", "b/y": b"", "c/z": b"", "lib": Symlink("usr/lib")},
        {"a": DELETED, "b": b"a file now", "lib": FOLDER},
    )
    layout = MemoryImage(layers=layers).write_layout(tmp_path / "image")

    tree = below(layout)

    assert {"b", "c/z", "lib"} <= tree.paths
    assert not {"a/x", "b/y"} & tree.paths
    assert tree.place_of("lib/x") == "lib/x"


def test_the_image_keeps_everything_else_and_gets_one_layer(layout: Path, tmp_path: Path) -> None:
    made = make_patch([read_deb(deb())], below(layout))
    index = json.loads((layout / "index.json").read_bytes())
    digest = index["manifests"][0]["digest"]

    for target in (layout, tmp_path / "other" / "place"):
        patched = add_layer(layout, digest, made.tar, target, "fixed", what="a patch")

        opened = open_image(f"oci:{target}:fixed", ImageOptions(), Quiet())
        opened.close()
        assert opened.image.manifest_digest == patched
        assert [one.created_by for one in opened.image.layers] == ["step 0", "step 1", "a patch"]
        assert opened.gaps == ()
    assert len(json.loads((layout / "index.json").read_bytes())["manifests"]) == 2


def test_a_damaged_blob_is_not_copied(layout: Path, tmp_path: Path) -> None:
    digest = json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]
    blob = layer_of(layout)
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")

    with pytest.raises(UsageError, match="is damaged"):
        add_layer(layout, digest, b"", tmp_path / "other", "fixed", what="x")

    assert json.loads((tmp_path / "other" / "index.json").read_bytes())["manifests"] == []


@pytest.mark.parametrize(
    ("need", "met"),
    [
        ("libc6", True),
        ("libc6 (>= 2.36)", True),
        ("libc6 (>= 2.37)", False),
        ("libc6 (<< 2.36-10)", True),
        ("libc6:any (= 2.36-9)", True),
        ("absent | libc6", True),
        ("absent", False),
        ("awk", True),
        ("awk (>= 1)", False),
        ("f (= 3)", True),
        ("what is this?", False),
        ("", True),
    ],
)
def test_needs_are_met_by_what_is_installed_or_provided(need: str, *, met: bool) -> None:
    stanzas = [
        f"Package: x\nStatus: install ok installed\nVersion: 1\nDepends: {need}",
        "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nProvides: awk,\n f (= 3)",
        "Package: absent\nStatus: deinstall ok config-files\nVersion: 9",
    ]

    assert (not [*unmet_by(stanzas, {"x"})]) is met


def test_long_names_and_links_survive_the_writer() -> None:
    long = "/".join(["folder" * 8] * 4)
    entries = [
        DebFile(path=f"{long}/a", kind="file", mode=0o4755, uid=1, gid=42, mtime_s=9, data=b"x"),
        DebFile(path="b", kind="hardlink", mode=0o644, uid=0, gid=0, mtime_s=0, link=f"{long}/a"),
        DebFile(path="c", kind="symlink", mode=0o777, uid=0, gid=0, mtime_s=0, link="é" * 80),
    ]

    assert contents(tar_of(entries)) == {
        f"{long}/a": b"x",
        "b": f"1 {long}/a",
        "c": f"2 {'é' * 80}",
    }
    assert tar_of(entries) == tar_of(entries[::-1])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    for text in (data, b"!<arch>\n" + data):
        with pytest.raises(InputError):
            read_deb(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_package_is_refused_or_whole(data: st.DataObject) -> None:
    whole = deb(compress="")
    expected: Deb = read_deb(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]

    try:
        found = read_deb(damaged)
    except InputError:
        return

    assert [one.path for one in found.files] == [one.path for one in expected.files]


@pytest.mark.parametrize(
    ("name", "said"),
    [("../x", "points upwards"), ("./dev/null", "of a kind that is not written")],
)
def test_names_that_lead_out_and_devices_are_refused(name: str, said: str) -> None:
    tar = bytearray(layer_tar({name: b""}))
    if "dev" in name:
        tar[156:157] = b"3"
        tar[148:156] = b" " * 8
        tar[148:156] = f"{sum(tar[:512]):06o}\0 ".encode()

    with pytest.raises(InputError, match=said):
        read_deb(
            ar(
                ("debian-binary", b"2.0\n"),
                ("control.tar", layer_tar({"./control": CONTROL.encode()})),
                ("data.tar", bytes(tar)),
            )
        )


def test_a_folder_is_read_by_name_and_what_is_wrong_with_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has 0 \.deb files"):
        read_folder(tmp_path)
    (tmp_path / "b.deb").write_bytes(deb())
    (tmp_path / "a.deb").write_bytes(deb(CONTROL.replace("zlib1g", "apt")))
    assert [one.name for one in read_folder(tmp_path)] == ["apt", "zlib1g"]
    (tmp_path / "c.deb").write_bytes(deb())
    with pytest.raises(UsageError, match="has zlib1g twice"):
        read_folder(tmp_path)
    (tmp_path / "c.deb").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"c\.deb: not a usable Debian package"):
        read_folder(tmp_path)
