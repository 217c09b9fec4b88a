"""Secrets that cannot slip into a message.

A password or token is a `Secret` from the moment it is read. Formatting one is a programming error
and raises; only `reveal` gives the text, and only the code that writes it to its own origin calls
that.
"""

from typing import NoReturn


class Secret:
    """A text that no formatting, representation or copy gives away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to be sent where it belongs and nowhere else."""
        return self._text

    def __bool__(self) -> bool:
        """Return whether there is anything to keep."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Compare by text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by text."""
        return hash(self._text)

    def __repr__(self) -> str:
        """Return a word that says nothing; debuggers and tracebacks call this."""
        return "<secret>"

    def __str__(self) -> NoReturn:
        """Raise TypeError: a secret is never text."""
        raise TypeError("a secret cannot be formatted")

    def __format__(self, spec: str) -> NoReturn:
        """Raise TypeError: a secret is never text."""
        raise TypeError("a secret cannot be formatted")

    def __reduce__(self) -> NoReturn:
        """Raise TypeError: a secret is not stored or sent to another process."""
        raise TypeError("a secret cannot be serialized")
