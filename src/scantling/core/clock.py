"""Time, asked in one place, so that every output can be reproduced."""

import os
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, UTC, whole seconds; `SOURCE_DATE_EPOCH` overrides it.

    Source: https://reproducible-builds.org/specs/source-date-epoch/ (seconds since 1970).
    A value that is not a plain number is ignored.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdigit() and len(epoch) <= 11:  # noqa: PLR2004 - year 5138
        return datetime.fromtimestamp(int(epoch), tz=UTC)
    return datetime.now(tz=UTC).replace(microsecond=0)  # noqa: TID251 - the one place


def rfc3339(moment: datetime) -> str:
    """Return `moment` as `2026-11-23T19:08:00Z` (RFC 3339, UTC, whole seconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
