"""The progress bar itself, drawn by rich without a thread of its own (workers are forked)."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn
from rich.progress import Progress as Rich

from scantling.core.text import neutral


class Bar:
    """One bar per task on standard error; see `core.progress.Progress`."""

    def __init__(self) -> None:
        self._rich = Rich(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(binary_units=True),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._rich.start()

    def start(self, task: str, label: str, total_bytes: int) -> None:
        """Draw a bar for the task."""
        total = total_bytes or None
        self._tasks[task] = self._rich.add_task(neutral(label, limit=40), total=total)
        self._rich.refresh()

    def advance(self, task: str, done_bytes: int) -> None:
        """Move the task's bar."""
        if task in self._tasks:
            self._rich.update(self._tasks[task], completed=done_bytes)
            self._rich.refresh()

    def finish(self, task: str) -> None:
        """Take the task's bar away."""
        if task in self._tasks:
            self._rich.remove_task(self._tasks.pop(task))
            self._rich.refresh()

    def close(self) -> None:
        """Take all bars off the screen."""
        self._rich.stop()
