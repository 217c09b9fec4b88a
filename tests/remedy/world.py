"""A small world to fix things in: a database in memory, packages, images, situations."""

from datetime import date
from itertools import pairwise
from typing import Final

from scantling.core import purl
from scantling.core.model.advisory import (
    Fix,
    Interval,
    Release,
    Severity,
    Signal,
    Statement,
    Stored,
)
from scantling.core.model.base import BaseImage, Part
from scantling.core.model.image import Image, ImageConfig, Layer
from scantling.core.model.inventory import Distro, Location, Package
from scantling.core.model.plan import Edit, FixPlan
from scantling.remedy.api import Candidate, Files, Situation
from scantling.remedy.plan import make_plan
from scantling.remedy.registry import STRATEGIES
from scantling.remedy.verify import Checker
from scantling.versions.registry import scheme_for

TODAY: Final = date(2026, 9, 1)
DEBIAN: Final = "deb/debian:12"
BOOKWORM: Final = Distro(id="debian", release="12", version_id="12")


class Book:
    """A database in memory. It covers the ecosystems it has statements about, and `also`."""

    def __init__(self, *stored: Stored, also: tuple[str, ...] = ()) -> None:
        self._stored = stored
        self._covered = {one.statement.ecosystem for one in stored} | set(also)

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        return tuple(
            one
            for one in self._stored
            if (one.statement.ecosystem, one.statement.package) == (ecosystem, package)
        )

    def signals(self, id_: str, /) -> tuple[Signal, ...]:
        exploited = id_.endswith("KEV")
        return (Signal(id=id_, kind="kev", value="2026-01-01"),) if exploited else ()

    def covers(self, ecosystem: str, /) -> tuple[tuple[str, str], ...]:
        return (("world", "full"),) if ecosystem in self._covered else ()

    def releases(self, product: str, /) -> tuple[Release, ...]:
        del product
        return ()


def flaw(
    id_: str,
    package: str,
    *fixed_in: str,
    ecosystem: str = DEBIAN,
    since: tuple[str, ...] = ("",),
    score: float = 7.5,
) -> Stored:
    """Return a statement: affected from each `since` until the fixing version beside it."""
    ranges = tuple(
        Interval(low=low, high=high) for low, high in zip(since, fixed_in or ("",), strict=True)
    )
    key = scheme_for(ecosystem).key
    statement = Statement(
        ecosystem=ecosystem,
        package=package,
        vulnerability=id_,
        ranges=ranges,
        fixed_in=fixed_in,
        fix=Fix.FIXED if fixed_in else Fix.NONE,
        source_package=ecosystem.startswith(("deb/", "apk/")),
        severities=(Severity("world", "cvss3", "", score),),
    )
    return Stored(
        source="world",
        advisory=f"ADV-{id_}",
        statement=statement,
        keys=tuple(
            (key(one.low) if one.low else None, key(one.high) if one.high else None)
            for one in ranges
        ),
    )


def system(
    name: str,
    version: str,
    *,
    source: str = "",
    source_version: str = "",
    layer: int = 0,
    ecosystem: str = DEBIAN,
    part: Part = Part.UNKNOWN,
) -> Package:
    """Return a system package as the inventory has it."""
    kind = ecosystem.partition("/")[0]
    return Package(
        purl=purl.build(kind, "x", name, version, qualifiers=(("arch", "amd64"),)),
        type=kind,
        namespace="x",
        ecosystem=ecosystem,
        name=name,
        version=version,
        arch="amd64",
        source_name=source or name,
        source_version=source_version or (version if kind != "rpm" else ""),
        locations=(Location(path="var/lib/dpkg/status", layer=layer),),
        origin=layer,
        part=part,
    )


def library(
    name: str, version: str, *, kind: str = "pypi", layer: int = 1, path: str = "", owner: str = ""
) -> Package:
    """Return a language package as the inventory has it."""
    return Package(
        purl=purl.build(kind, "", name, version),
        type=kind,
        ecosystem=kind,
        name=name,
        version=version,
        locations=(Location(path=path or f"app/{name}", layer=layer),),
        origin=layer,
        owner=owner,
        catalogers=("golang-binary",) if kind == "golang" else ("python-dist-info",),
    )


APT: Final = system("apt", "2.6.1")


def image(*steps: str, user: str = "") -> Image:
    """Return an image whose layers were made by these instructions."""
    layers = tuple(
        Layer(index=index, diff_id=f"sha256:{index:064x}", created_by=step)
        for index, step in enumerate(steps or ("ADD rootfs.tar /", "RUN install"))
    )
    return Image(
        reference="shop:1", kind="oci-layout", layers=layers, config=ImageConfig(user=user)
    )


def base(
    layers: int = 1, name: str = "docker.io/library/debian", tag: str = "12-slim"
) -> BaseImage:
    """Return a base that was recognized for certain."""
    return BaseImage(name=name, tags=(tag,), layers=layers, evidence="index", because="its layers")


def situation(
    *packages: Package,
    dockerfile: str = "",
    of: Image | None = None,
    on: BaseImage | None = None,
    candidates: tuple[Candidate, ...] = (),
) -> Situation:
    """Return a situation with these packages and this Dockerfile."""
    files = Files()
    if dockerfile:
        files = Files(texts={"Dockerfile": dockerfile}, dockerfile="Dockerfile")
    return Situation(
        image=of or image(),
        packages=tuple(sorted(packages, key=lambda one: (one.purl, one.owner))),
        findings=(),
        distro=BOOKWORM,
        base=on,
        files=files,
        candidates=candidates,
    )


def checker(*stored: Stored, also: tuple[str, ...] = ()) -> Checker:
    """Return a checker with these statements."""
    return Checker(Book(*stored, also=also), today=TODAY)


def plan(where: Situation, *stored: Stored, only: str = "", also: tuple[str, ...] = ()) -> FixPlan:
    """Return the plan for a situation, by all strategies or one of them."""
    strategies = tuple(one for name, one in STRATEGIES.items() if not only or name == only)
    return make_plan(where, checker(*stored, also=also), strategies)


def after(made: FixPlan, path: str = "Dockerfile") -> str:
    """Return a file's text after the whole plan. Each edit begins where the one before ended."""
    edits: list[Edit] = [
        edit for action in made.actions for edit in action.edits if edit.path == path
    ]
    for one, following in pairwise(edits):
        assert following.before == one.after
    return edits[-1].after if edits else ""
