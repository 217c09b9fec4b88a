"""Bump Ruby gems of a Gemfile and Gemfile.lock.

    gem "rack", "~> 2.0"                  takes 2.2.6.4 already: `bundle update` is all
    gem "rails", "~> 6.0.3"               does not take 6.1.7.2: it becomes "~> 6.1.7", ">= 6.1.7.2"
    gem "puma", "4.3.1"                   an exact version becomes the other exact version

Gemfile.lock is written by Bundler, checksums included in newer ones, and is not edited;
`bundle update --conservative` changes just the named gems. Where the ranges in the lockfile hold a
gem back, the gems that do are named and updated along.

What it cannot see: gems of a gemspec, and constraints that Ruby code computes.

Source: Bundler, gemfile(5), bundle-update(1); RubyGems, "Patterns".
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks.bump import (
    Kind,
    Rewrite,
    Wanted,
    Way,
    bumps,
    folder_of,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.graph import held_back, through
from scantling.remedy.locks.line_text import gems, require_gem
from scantling.remedy.locks.other_graphs import gemfile_lock
from scantling.remedy.locks.ranges import allows
from scantling.remedy.safe import is_name

_SHOWN: Final = 3


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    way: Way | None = None
    locked: set[str] = set()
    for path in files.named("Gemfile.lock"):
        locked.add(folder_of(path))
        if wanted.before in names_it("gem", path, files.texts[path], wanted.name):
            found = _locked(files, path, wanted)
            way = found if way is None else way.joined(found)
    for path in files.named("Gemfile"):
        lines = [one for one in gems(files.texts[path]) if one.name == wanted.name]
        if lines and folder_of(path) not in locked:
            found = Way(rewrites=((path, _rewrite(wanted)),))
            way = found if way is None else way.joined(found)
    return way


def _locked(files: Files, path: str, wanted: Wanted) -> Way:
    folder = folder_of(path)
    manifest = f"{folder}/Gemfile" if folder else "Gemfile"
    graph = gemfile_lock(files.texts[path])
    keys = graph.keys(wanted.name, wanted.before)
    holding = graph.names(
        one
        for one in graph.needed_by(keys)
        if one.range and allows("gem", one.range, wanted.version) is not True
    )
    lines = [one for one in gems(files.texts.get(manifest, "")) if one.name == wanted.name]
    elsewhere = any(one.elsewhere for one in lines)
    held = any(allows("gem", one.constraint, wanted.version) is not True for one in lines)
    names = [one for one in holding[:_SHOWN] if is_name("gem", one)]
    warnings = (*through(graph, keys), *held_back(holding, wanted.name))
    if elsewhere:
        warnings = (*warnings, f"{manifest} takes {wanted.name} from a repository or folder")
    return Way(
        rewrites=((manifest, _rewrite(wanted)),) if held and not elsewhere else (),
        commands=run_in(folder, f"bundle update --conservative {' '.join([wanted.name, *names])}"),
        warnings=warnings,
    )


def _rewrite(wanted: Wanted) -> Rewrite:
    return partial(require_gem, name=wanted.name, version=wanted.version)


_KIND: Final = Kind(type="gem", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-gem", propose=propose)
