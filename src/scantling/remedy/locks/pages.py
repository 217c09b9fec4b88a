"""Where to read about a release: its notes if advisories lead there, its registry's page."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from scantling.core.model.finding import Finding

_REPOSITORY: Final = re.compile(
    r"https://(?P<host>github\.com|gitlab\.com)/(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*+)/"
    r"(?P<name>[A-Za-z0-9_.-]++)(?P<rest>/[A-Za-z0-9_./%+-]*+)?(?:[?#].*)?"
)
_RELEASE: Final = re.compile(r"/(?:-/)?releases/(?:tag/)?(?P<tag>[A-Za-z0-9_./%+-]++)")
# Repositories of advisories: they speak about every package.
_ADVISORIES: Final = frozenset(
    {
        "advisories", "advisory-db", "advisory-database", "ruby-advisory-db",
        "security-advisories", "security-wg", "vulndb", "cvelist", "pocs", "poc", "exploits",
    }
)  # fmt: skip
_LETTERS: Final = re.compile(r"[^a-z0-9]+")

_PAGES: Final = {
    "cargo": "https://crates.io/crates/{name}/{version}",
    "composer": "https://packagist.org/packages/{name}#{version}",
    "gem": "https://rubygems.org/gems/{name}/versions/{version}",
    "golang": "https://pkg.go.dev/{name}@{version}",
    "maven": "https://central.sonatype.com/artifact/{name}/{version}",
    "npm": "https://www.npmjs.com/package/{name}/v/{version}",
    "nuget": "https://www.nuget.org/packages/{name}/{version}",
}


def links_of(type_: str, name: str, version: str, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return where a release is described: its notes first. Name and version are safe ones."""
    references = [link for one in findings for link in one.references]
    found = [*_notes(name, version, references)]
    page = _PAGES.get(type_)
    if page is not None:
        found.append(page.format(name=name.replace(":", "/"), version=version))
    return tuple(dict.fromkeys(found))


def _notes(name: str, version: str, references: Iterable[str]) -> list[str]:
    """Return the release's own page if a reference is it, else that of its repository's releases.

    The repository is the one that most references name, among those whose name is like the
    package's.
    """
    repositories: Counter[str] = Counter()
    for link in references:
        found = _REPOSITORY.fullmatch(link)
        if found is None or found["name"].lower().removesuffix(".git") in _ADVISORIES:
            continue
        release = _RELEASE.fullmatch(found["rest"] or "")
        if release is not None and release["tag"].rpartition("/")[2].lstrip("v") == version.lstrip(
            "v"
        ):
            return [link]
        if _is_alike(found["name"], name):
            home = f"https://{found['host']}/{found['owner']}/{found['name'].removesuffix('.git')}"
            repositories[f"{home}/{'-/' if 'gitlab' in found['host'] else ''}releases"] += 1
    ranked = sorted(repositories.items(), key=lambda pair: (-pair[1], pair[0]))
    return [ranked[0][0]] if ranked else []


def _is_alike(repository: str, name: str) -> bool:
    """Return whether a repository may be the package's: one name holds the other."""
    words = [one for one in _LETTERS.split(name.lower()) if len(one) > 2]  # noqa: PLR2004
    flat = _LETTERS.sub("", repository.lower())
    return any(one in flat or flat in one for one in words)
