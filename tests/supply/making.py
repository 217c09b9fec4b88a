"""What the tests of this folder share: keys made once, reports about a real image."""

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scantling.supply.keys import PrivateKey

DATA = Path(__file__).parent / "data"
_SCALARS = {"ours": 1_000_003, "other": 2_000_003}


@cache
def key(name: str = "ours") -> PrivateKey:
    """Return a P-256 key that is always the same for a name; `ed25519` is of that kind."""
    if name == "ed25519":
        return PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(32)), name)
    return PrivateKey(ec.derive_private_key(_SCALARS[name], ec.SECP256R1()), name)
