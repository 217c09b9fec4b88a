"""The command line: choose the command, run it, turn errors into sentences and exit codes."""


def entry() -> None:
    """Run the command line of this process."""
