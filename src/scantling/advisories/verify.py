"""Reading a whole database: every record is decoded, and what belongs together is compared."""

from scantling.advisories.database import Database
from scantling.advisories.segments import damaged


def check_records(database: Database) -> dict[str, int]:
    """Return how many records of each kind were read.

    Raises AdvisoryDataError when one cannot be decoded, or a source has other counts than its
    manifest says. Digests of whole files are `Store.check`'s.
    """
    counts = dict.fromkeys(("statements", "advisories", "signals", "releases"), 0)
    for source in database.manifest.sources:
        statements = sum(1 for _ in database.statements(source.name))
        texts = sum(1 for _ in database.texts(source.name))
        signals = sum(1 for _ in database.signal_kinds(source.name))
        releases = sum(1 for _ in database.all_releases(source.name))
        if statements != source.statements or texts + signals + releases != source.records:
            raise damaged(source.name, "it has other counts than the manifest says")
        found = (statements, texts, signals, releases)
        counts = {kind: counts[kind] + one for kind, one in zip(counts, found, strict=True)}
    return counts
