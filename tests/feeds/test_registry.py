"""The list of feeds is complete and unambiguous."""

from importlib import import_module
from pkgutil import iter_modules

from scantling.advisories import feeds
from scantling.advisories.registry import FEEDS


def test_every_feed_file_is_in_the_registry() -> None:
    found = [
        import_module(f"{feeds.__name__}.{module.name}").PLUGIN
        for module in iter_modules(feeds.__path__)
    ]

    assert sorted(feed.name for feed in found) == sorted(feed.name for feed in FEEDS)


def test_no_two_feeds_have_one_name() -> None:
    assert len({feed.name for feed in FEEDS}) == len(FEEDS)


def test_every_feed_has_a_page_in_the_manual() -> None:
    modules = [import_module(feed.parse.__module__) for feed in FEEDS]

    assert all((module.__doc__ or "").count("\n") > 3 for module in modules)
    assert all("Source: " in (module.__doc__ or "") for module in modules)
