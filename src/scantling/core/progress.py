"""Progress: what is being done, for whoever watches. The library itself shows nothing."""

from typing import Protocol


class Progress(Protocol):
    """A watcher. Calls are cheap and may be ignored; texts from images are already neutral."""

    def start(self, task: str, label: str, total_bytes: int) -> None:
        """Announce `task` (a key); `total_bytes` 0 when unknown."""
        ...

    def advance(self, task: str, done_bytes: int) -> None:
        """Say how many bytes of `task` are done in all."""
        ...

    def finish(self, task: str) -> None:
        """Say that `task` is done."""
        ...


class Quiet:
    """A watcher that does not look."""

    def start(self, task: str, label: str, total_bytes: int) -> None:
        """Ignore it."""

    def advance(self, task: str, done_bytes: int) -> None:
        """Ignore it."""

    def finish(self, task: str) -> None:
        """Ignore it."""
