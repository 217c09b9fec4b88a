"""Keys: every kind signs and verifies, cosign's files open, and mistakes are said in words."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import UsageError
from scantling.core.secret import Secret
from scantling.supply.keys import PrivateKey, create_key_pair, private_key, public_key

from .making import DATA, key

_PEM = serialization.Encoding.PEM
_PLAIN = serialization.NoEncryption()


def _password(text: str = "correct horse") -> Secret:
    return Secret(text)


def _never() -> Secret:
    raise AssertionError("a password was asked for")


def _pem(
    made: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey,
    protection: serialization.KeySerializationEncryption = _PLAIN,
) -> bytes:
    return made.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, protection)


_KINDS: dict[
    str, Callable[[], ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey]
] = {
    "p256": lambda: ec.derive_private_key(7, ec.SECP256R1()),
    "p384": lambda: ec.derive_private_key(7, ec.SECP384R1()),
    "p521": lambda: ec.derive_private_key(7, ec.SECP521R1()),
    "ed25519": lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)),
    "rsa": lambda: rsa.generate_private_key(65_537, 2048),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_key_verifies_what_it_signed_and_nothing_else(kind: str) -> None:
    signing = private_key(_pem(_KINDS[kind]()), "a.key", _never)
    verifying = public_key(signing.public.pem(), "a.pub")

    signature = signing.sign(b"data")

    assert verifying.verifies(signature, b"data")
    assert not verifying.verifies(signature, b"date")
    assert not verifying.verifies(signature[:-1], b"data")
    assert not verifying.verifies(b"", b"data")
    assert not key("other").public.verifies(signature, b"data")
    assert verifying.fingerprint == signing.public.fingerprint


def test_a_pss_signature_of_an_rsa_key_is_read() -> None:
    made = rsa.generate_private_key(65_537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    verifying = private_key(_pem(made), "a.key", _never).public

    assert verifying.verifies(made.sign(b"data", pss, hashes.SHA256()), b"data")


def test_a_key_of_cosign_that_another_program_wrote_opens() -> None:
    data = (DATA / "pynacl.key").read_bytes()

    opened = private_key(data, "cosign.key", _password)

    assert opened.public.pem() == (DATA / "pynacl.pub").read_bytes()


@pytest.mark.parametrize("password", ["", "correct horse "])
def test_a_wrong_password_is_said_and_not_shown(password: str) -> None:
    data = (DATA / "pynacl.key").read_bytes()

    with pytest.raises(UsageError, match=r"does not open cosign\.key") as caught:
        private_key(data, "cosign.key", lambda: _password(password))

    assert "horse" not in str(caught.value)


@pytest.mark.parametrize("password", ["", "pässword"])
def test_a_new_pair_is_private_and_opens_with_its_password(tmp_path: Path, password: str) -> None:
    made = create_key_pair(tmp_path / "cosign", Secret(password))

    file = tmp_path / "cosign.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    opened = private_key(file.read_bytes(), "cosign.key", lambda: Secret(password))
    assert opened.public.fingerprint == made.public.fingerprint
    assert (tmp_path / "cosign.pub").read_bytes() == made.public.pem()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "cosign.pub").write_text("mine")

    with pytest.raises(UsageError, match="never overwritten"):
        create_key_pair(tmp_path / "cosign", Secret(""))

    assert (tmp_path / "cosign.pub").read_text() == "mine"
    assert not (tmp_path / "cosign.key").exists()


def test_pkcs8_with_a_password_opens() -> None:
    made = ec.derive_private_key(7, ec.SECP256R1())
    data = _pem(made, serialization.BestAvailableEncryption(b"correct horse"))

    assert isinstance(private_key(data, "a.key", _password), PrivateKey)
    with pytest.raises(UsageError, match="does not open"):
        private_key(data, "a.key", lambda: Secret("wrong"))


_PRIVATE = _pem(ec.derive_private_key(7, ec.SECP256R1()))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(_PRIVATE, "holds a private key", id="private"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n", "a certificate", id="certificate"),
        pytest.param(b"", "not a public key", id="empty"),
        pytest.param(
            rsa.generate_private_key(65_537, 1024)  # noqa: S505 - to be refused
            .public_key()
            .public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "1024 bits",
            id="short_rsa",
        ),
        pytest.param(
            ec.generate_private_key(ec.SECP256K1())
            .public_key()
            .public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "secp256k1",
            id="other_curve",
        ),
        pytest.param(
            X25519PrivateKey.generate()
            .public_key()
            .public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "signs no attestations",
            id="no_signature_key",
        ),
    ],
)
def test_what_is_no_public_key_for_this_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        public_key(data, "a.pub")


@settings(max_examples=50, deadline=None)
@given(middle=st.binary(max_size=100))
def test_any_bytes_are_a_key_or_a_sentence(middle: bytes) -> None:
    for label in (b"ENCRYPTED COSIGN PRIVATE KEY", b"PRIVATE KEY", b"PUBLIC KEY"):
        data = b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label, middle, label)
        for read in (lambda d: private_key(d, "k", _password), lambda d: public_key(d, "k")):
            with pytest.raises(UsageError):
                read(data)


def test_a_derivation_that_would_eat_the_machine_is_refused() -> None:
    import base64  # noqa: PLC0415 - only here

    text = (DATA / "pynacl.key").read_text().split("\n")
    inner = base64.b64decode("".join(text[1:-2]))
    for asked in (b'"N":1073741824', b'"N":3', b'"N":0', b'"N":-2'):
        changed = base64.b64encode(inner.replace(b'"N":32768', asked)).decode()
        with pytest.raises(UsageError, match="not reasonable"):
            private_key("\n".join((text[0], changed, text[-2])).encode(), "a.key", _password)
