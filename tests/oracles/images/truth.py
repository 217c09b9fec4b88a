"""What the reference tools say is installed in an unpacked image.

Each claim is `place name version`: `place` is where the package lies, so that two copies are two
claims. Only tests unpack images; the product never does.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct

from scantling.core.model.inventory import Package

Claims = Counter[str]

_SEPARATORS: Final = re.compile(r"[-_.]+")
_PYTHON_FOLDERS: Final = ("site-packages", "dist-packages")
_MODULES: Final = "node_modules"
_DEBIAN_NODE: Final = ("usr/share/nodejs", "usr/lib/nodejs")
_DEBIAN_MAVEN: Final = "usr/share/maven-repo"
_HOPS: Final = 10


class Difference(Struct, frozen=True, kw_only=True):
    """Claims that one side makes alone, and why that is right. `pattern` is for fnmatch."""

    pattern: str
    reason: str
    count: int = 1


class _Manifest(Struct):
    name: str = ""
    version: str = ""


def tool(name: str) -> str:
    """Return the path of a program; skip the test without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: the inventory was NOT compared with it")
    return path


def unpacked(layout: Path, folder: Path) -> Path:
    """Unpack the image of an OCI layout with umoci and return its root."""
    if os.geteuid() != 0:
        pytest.skip("not root, so umoci cannot unpack: real images were NOT compared")
    command = [tool("umoci"), "raw", "unpack", "--image", f"{layout}:latest", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def unexplained(
    ours: Claims, theirs: Claims, expected: tuple[Difference, ...] = ()
) -> tuple[list[str], list[str]]:
    """Return the differences that nobody explained, and the explanations that explain nothing.

    A claim only we make starts with `-`, one that only the reference makes with `+`.
    """
    lines = sorted([f"- {one}" for one in (ours - theirs).elements()])
    lines += sorted([f"+ {one}" for one in (theirs - ours).elements()])
    stale = []
    for difference in expected:
        covered = [line for line in lines if fnmatchcase(line, difference.pattern)]
        lines = [line for line in lines if line not in covered]
        if len(covered) != difference.count:
            stale.append(f"{difference.pattern} covers {len(covered)}: {covered[:5]}")
    return lines, stale


def debian(root: Path) -> Claims:
    """Return what dpkg-query lists as installed: `architecture name version source version`."""
    command = [tool("dpkg-query"), f"--admindir={root / 'var/lib/dpkg'}", "--show", "--showformat"]
    package = "${Architecture} ${Package} ${Version} ${source:Package} ${source:Version}"
    command.append(f"${{db:Status-Status}}|{package}\n")
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    states = [line.partition("|") for line in listed.split("\n") if line]
    return Counter(claim for state, _, claim in states if state == "installed")


def our_debian(packages: tuple[Package, ...]) -> Claims:
    """Return the same of our inventory."""
    return Counter(
        f"{one.arch} {one.name} {one.version}"
        f" {one.source_name or one.name} {one.source_version or one.version}"
        for one in packages
        if one.type == "deb"
    )


def owners(root: Path, paths: set[str]) -> Claims:
    """Return which Debian package installed each of these files: `path package`."""
    command = [tool("dpkg-query"), f"--admindir={root / 'var/lib/dpkg'}", "--search"]
    done = subprocess.run(
        [*command, *(f"/{path}" for path in sorted(paths))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # 1: some have no owner
    claims: Claims = Counter()
    for line in done.stdout.split("\n"):
        package, _, path = line.partition(": /")
        claims[f"{path} {package.partition(':')[0]}"] += bool(path)
    return +claims


def our_owners(packages: tuple[Package, ...], of_system: frozenset[str]) -> Claims:
    """Return the same of the components in our inventory, each file once."""
    names = {one.purl: one.name for one in packages if one.type in of_system}
    owned = {
        f"{location.path.partition('!/')[0]} {names[one.owner]}"
        for one in packages
        if one.owner
        for location in one.locations
    }
    return Counter(owned)


def python(root: Path) -> Claims:
    """Return the distributions that importlib.metadata finds: `folder name version`."""
    claims: Claims = Counter()
    for folder in _folders(root):
        if folder.name in _PYTHON_FOLDERS:
            place = folder.relative_to(root)
            for one in importlib.metadata.distributions(path=[str(folder)]):
                name = _SEPARATORS.sub("-", one.metadata["Name"]).lower()
                claims[f"{place} {name} {one.version}"] += 1
    return claims


def our_python(packages: tuple[Package, ...]) -> Claims:
    """Return the same of our inventory."""
    claims: Claims = Counter()
    for one in packages:
        if one.type == "pypi":
            for location in one.locations:
                place = location.path.rpartition("/")[0].rpartition("/")[0]
                claims[f"{place} {one.name} {one.version}"] += 1
    return claims


def npm_listed(root: Path, application: str, home: Path) -> Claims:
    """Return what `npm ls` lists for an application, with itself: `folder name version`.

    npm says INVALID of a package that is not in the range its parent asks for: it is installed.
    """
    folder = root / application
    command = [tool("npm"), "ls", "--all", "--parseable", "--long", "--offline"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    claims: Claims = Counter()
    for line in done.stdout.split("\n"):
        if line:
            place, name, *_ = line.split(":")
            name, _, version = name.rpartition("@")
            claims[f"{Path(place).relative_to(root)} {name} {version}"] += 1
    assert claims, done.stderr
    return claims


def npm_walked(root: Path, application: str) -> Claims:
    """Return the packages below an application by npm's rule, without npm.

    A package is a folder in `node_modules`, or in a scope there, of an application or a package.
    Source: npm documentation, "folders"; Node.js, "Loading from node_modules folders".
    """
    claims: Claims = Counter()
    todo = [root / application / _MODULES]
    while todo:
        for folder in _packages(todo.pop()):
            claims[_claim(root, folder)] += 1
            todo.append(folder / _MODULES)
    return claims


def node_of_debian(root: Path) -> Claims:
    """Return the Node packages that Debian installs, which npm does not know."""
    folders = [folder for base in _DEBIAN_NODE for folder in _packages(root / base)]
    return Counter(_claim(root, folder) for folder in folders)


def our_npm(packages: tuple[Package, ...]) -> Claims:
    """Return the same of our inventory."""
    claims: Claims = Counter()
    for one in packages:
        if one.type == "npm":
            name = f"{one.namespace}/{one.name}" if one.namespace else one.name
            for location in one.locations:
                claims[f"{location.path.removesuffix('/package.json')} {name} {one.version}"] += 1
    return claims


def maven_linked(root: Path) -> dict[str, set[str]]:
    """Return the coordinates under which Debian's Maven repository has each jar, by its real path.

    Debian adds links with the version `debian` or `3.x`; those are not the version of the jar.
    Source: Debian Java Policy, "Maven repository".
    """
    repository = root / _DEBIAN_MAVEN
    found: dict[str, set[str]] = {}
    for jar in repository.rglob("*.jar"):
        *group, artifact, version, _ = jar.relative_to(repository).parts
        real = _resolved(root, jar)
        found.setdefault(str(real.relative_to(root)), set()).add(
            f"{'.'.join(group)} {artifact} {version}"
        )
    return found


def our_maven(packages: tuple[Package, ...], jars: set[str]) -> Claims:
    """Return the same of our inventory: `jar group artifact version`."""
    return Counter(
        f"{location.path} {one.namespace} {one.name} {one.version}"
        for one in packages
        if one.type == "maven"
        for location in one.locations
        if location.path in jars
    )


def has_classes(jar: Path) -> bool:
    """Return whether a jar has compiled classes."""
    listed = subprocess.run(
        [tool("unzip"), "-Z1", str(jar)], check=True, capture_output=True, text=True
    )
    return ".class\n" in listed.stdout


def below(claims: Claims, *folders: str) -> Claims:
    """Return the claims about these folders."""
    return Counter({one: count for one, count in claims.items() if one.startswith(folders)})


def _resolved(root: Path, path: Path) -> Path:
    """Follow links as a process inside `root` would."""
    for _ in range(_HOPS):
        if not path.is_symlink():
            return path
        target = path.readlink()
        within = root / str(target).lstrip("/") if target.is_absolute() else path.parent / target
        path = Path(os.path.normpath(within))
    raise AssertionError(f"links without end at {path}")


def _folders(root: Path) -> Iterator[Path]:
    for path, names, _ in os.walk(root):
        names[:] = [name for name in names if not Path(path, name).is_symlink()]
        yield Path(path)


def _packages(modules: Path) -> Iterator[Path]:
    if not modules.is_dir():
        return
    for child in modules.iterdir():
        for folder in child.iterdir() if child.name.startswith("@") else (child,):
            visible = not folder.name.startswith(".") and not folder.is_symlink()
            if visible and (folder / "package.json").is_file():
                yield folder


def _claim(root: Path, folder: Path) -> str:
    data = (folder / "package.json").read_bytes().removeprefix(b"\xef\xbb\xbf")
    manifest = msgspec.json.decode(data, type=_Manifest)
    return f"{folder.relative_to(root)} {manifest.name} {manifest.version}"
