"""Hex packages (Erlang, Elixir): Semantic Versioning to the letter, as Hex demands.

`0` alone is below every version.
"""

from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.semantic import strict_key

PLUGIN: Final = Scheme(
    name="hex",
    key=strict_key,
    vers="hex",
    source="Elixir Version, https://hexdocs.pm/elixir/Version.html",
)
