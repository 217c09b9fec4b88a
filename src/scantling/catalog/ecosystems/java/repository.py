"""Which artifact a jar is by where it lies: in a Maven repository or in Gradle's cache.

There the path *is* the artifact's coordinates:
`.m2/repository/<group, a folder for each part>/<artifact>/<version>/<artifact>-<version>.jar`, the
same in Debian's `maven-repo`, and Gradle's `files-2.1/<group>/<artifact>/<version>/<hash>/<file>`.

Source: https://maven.apache.org/repository/layout.html;
https://docs.gradle.org/current/userguide/dependency_caching.html; Debian Java Policy.
"""

from typing import Final

from scantling.catalog.ecosystems.java.pom import Coordinates, coordinates
from scantling.core.limits import Limits

_MAVEN: Final = ("/.m2/repository/", "/maven-repo/")
_GRADLE: Final = "/files-2.1/"
_GRADLE_PARTS: Final = 5
_MAVEN_PARTS: Final = 4
_SNAPSHOT: Final = "-SNAPSHOT"


def coordinates_at(path: str, limits: Limits) -> Coordinates | None:
    """Return the coordinates that a path in a repository says; None: it lies in none.

    A file with another name than its folders is not believed. Debian also files jars under the
    versions `debian` and `2.x`, which are none.
    """
    place = "/" + path
    for root in _MAVEN:
        _, found, inside = place.rpartition(root)
        parts = inside.split("/")
        if found and len(parts) >= _MAVEN_PARTS:
            *group, artifact, version, name = parts
            return _checked(".".join(group), artifact, version, name, limits)
    _, found, inside = place.rpartition(_GRADLE)
    parts = inside.split("/")
    if found and len(parts) == _GRADLE_PARTS:
        group_id, artifact, version, _, name = parts
        return _checked(group_id, artifact, version, name, limits)
    return None


def _checked(
    group: str, artifact: str, version: str, name: str, limits: Limits
) -> Coordinates | None:
    """Return the coordinates if the file's name repeats them; behind it may be a classifier.

    A snapshot has the time of its build in the place of `SNAPSHOT`.
    """
    stem = name.rpartition(".")[0] + "-"
    base = version.removesuffix(_SNAPSHOT)
    if version == "debian" or version.endswith(".x") or not stem.startswith(f"{artifact}-{base}-"):
        return None
    return coordinates(group, artifact, version, limits)
