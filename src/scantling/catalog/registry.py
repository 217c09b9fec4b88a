"""The list of catalogers. To add one: its file, a line here, a test.

A line names the module under `catalog.ecosystems` that ends in `PLUGIN: Final = Cataloger(…)` and
repeats that cataloger's version. The versions are part of the facts cache's key, and a scan whose
layers are all in the cache must not import fifty parsers to find that out. A test compares both.
"""

import importlib
from typing import Final

from scantling.catalog.api import Cataloger, Profile

_DEPTH: Final = (Profile.FAST, Profile.STANDARD, Profile.DEEP)

# Sorted. Module below `scantling.catalog.ecosystems`: version.
MODULES: Final[dict[str, int]] = {
    "apk.installed": 1,
    "apk.nested": 1,
    "dotnet.deps_json": 1,
    "dpkg.chisel": 1,
    "dpkg.licenses": 1,
    "dpkg.nested": 1,
    "dpkg.opkg": 1,
    "dpkg.owned": 1,
    "dpkg.status": 1,
    "dpkg.status_folder": 1,
    "golang.binary": 2,
    "golang.unmarked": 2,
    "java.archive": 2,
    "node.package_json": 2,
    "osrelease.alpine_release": 1,
    "osrelease.debian_version": 1,
    "osrelease.lsb_release": 1,
    "osrelease.os_release": 1,
    "osrelease.system_release_cpe": 1,
    "osrelease.vendor_release": 1,
    "php.installed_json": 1,
    "python.dist_info": 1,
    "python.egg": 1,
    "python.egg_info": 1,
    "rpm.berkeley": 1,
    "rpm.journal": 1,
    "rpm.manifest": 1,
    "rpm.ndb": 1,
    "rpm.nested": 1,
    "rpm.sqlite": 1,
    "ruby.gemspec": 1,
    "rust.auditable": 1,
}


def versions() -> tuple[tuple[str, int], ...]:
    """Return (module, version) of all catalogers, sorted; imports none of them."""
    return tuple(sorted(MODULES.items()))


def load(profile: Profile) -> tuple[Cataloger, ...]:
    """Import and return the catalogers that `profile` includes, sorted by name."""
    deepest = _DEPTH.index(profile)
    plugins = (plugin_of(module) for module in MODULES)
    chosen = (plugin for plugin in plugins if _DEPTH.index(plugin.profile) <= deepest)
    return tuple(sorted(chosen, key=lambda plugin: plugin.name))


def plugin_of(module: str) -> Cataloger:
    """Return the cataloger of one module in `MODULES`. TypeError: it defines something else."""
    plugin = importlib.import_module(f"scantling.catalog.ecosystems.{module}").PLUGIN
    if not isinstance(plugin, Cataloger):
        raise TypeError(f"{module}.PLUGIN is not a Cataloger")
    return plugin
