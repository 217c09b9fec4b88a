"""Facts about the image and the user's answers: the same however the image is run."""

from scantling.assess.conditions.model import Evidence, Fact
from scantling.assess.conditions.setting import Setting, answered, fails, holds, unknown
from scantling.core import purl_parts
from scantling.core.model.inventory import Package
from scantling.versions import vers
from scantling.versions.registry import scheme_for


def component(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the finding's package has the flawed code."""
    parts = purl_parts.parse(setting.finding.purl)
    if parts is None:
        return unknown(fact, "the finding's package has no package URL")
    kind, namespace, name = purl_parts.key(parts)
    names = {name.lower(), f"{namespace}/{name}".lower()}
    if not names.isdisjoint(one.lower() for one in fact.all(f"without.{kind}")):
        return fails(fact, f"{name} ({kind}) does not have the flawed code")
    if not names.isdisjoint(one.lower() for one in fact.all(f"with.{kind}")):
        return holds(fact, f"{name} ({kind}) has the flawed code")
    return unknown(fact, f"nothing is said about {name} ({kind})")


def package(fact: Fact, setting: Setting) -> Evidence:
    """Look whether the image has a package."""
    kind, versions = fact.one("type"), fact.one("versions")
    wanted = " or ".join(fact.all("names")) + (f" ({versions})" if versions else "")
    found = [
        one for name in fact.all("names") for one in setting.packages.get((kind, name.lower()), ())
    ]
    answers = {one: _covered(versions, one) for one in found}
    for one, covered in answers.items():
        if covered:
            return holds(fact, f"the image has {one.name} {one.version}")
    for one, covered in answers.items():
        if covered is None:
            return unknown(fact, f"{one.name} {one.version} cannot be compared with {versions}")
    if not setting.complete:
        return unknown(fact, f"{wanted} was not found, but the image was not read completely")
    return fails(fact, f"the image does not have {wanted}")


def _covered(versions: str, one: Package) -> bool | None:
    """Return whether a package's version is in a range; None: that cannot be told."""
    if not versions:
        return True
    return vers.to_range(vers.parse(versions)).covers(scheme_for(one.ecosystem).key(one.version))


def file(fact: Fact, setting: Setting) -> Evidence:
    """Look whether a package was found at a path."""
    path = fact.one("path").lstrip("/")
    if path in setting.paths:
        return holds(fact, f"the image has {path}")
    return unknown(fact, f"whether the image has {path} is not known")


def architecture(fact: Fact, setting: Setting) -> Evidence:
    """Look for which processors the image is."""
    has = setting.image.platform.architecture
    if not has:
        return unknown(fact, "the image does not say for which processor it is")
    said = f"the image is for {has}"
    return holds(fact, said) if has in fact.all("is") else fails(fact, said)


def label(fact: Fact, setting: Setting) -> Evidence:
    """Look for a label of the image."""
    name, wanted = fact.one("name"), fact.all("is")
    if not setting.image.config_digest:
        return unknown(fact, f"there is no image configuration that could have the label {name}")
    value = dict(setting.image.config.labels).get(name)
    if value is None:
        return fails(fact, f"the image has no label {name}")
    said = f"the image has the label {name}={value}"
    return holds(fact, said) if not wanted or value in wanted else fails(fact, said)


def ask(fact: Fact, setting: Setting) -> Evidence:
    """Return what the user answered."""
    return answered(fact, setting, fact.one("name"), fact.one("question"))
