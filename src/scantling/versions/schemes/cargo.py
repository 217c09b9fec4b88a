"""Rust crates: Semantic Versioning to the letter, as Cargo demands of published crates.

Cargo's resolver and RustSec ignore build metadata when they test a range, so equal keys for
`1.0.0+a` and `1.0.0+b`, although the crate `semver` can order them. `0` alone is the lowest.
"""

from typing import Final

from scantling.versions.api import Scheme
from scantling.versions.semantic import strict_key

PLUGIN: Final = Scheme(
    name="cargo",
    key=strict_key,
    vers="cargo",
    source="The Cargo Book, Specifying Dependencies, https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html",
)
