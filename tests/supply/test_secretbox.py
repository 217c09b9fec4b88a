"""XSalsa20-Poly1305 is the cipher of the paper and of the other implementations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.supply.secretbox import seal, unseal

# "Cryptography in NaCl", the example of sections 8 to 10.
_KEY = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
_NONCE = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
_PLAIN = bytes.fromhex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c"
    "61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f"
    "21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
)
_BOX = bytes.fromhex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1"
    "186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab9321645"
    "48e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b"
    "1f654cb45a74e355a5"
)


def test_the_example_of_the_paper_comes_out() -> None:
    assert seal(_PLAIN, _NONCE, _KEY) == _BOX
    assert unseal(_BOX, _NONCE, _KEY) == _PLAIN


@settings(max_examples=20, deadline=None)
@given(data=st.binary(max_size=200), bit=st.integers(min_value=0))
def test_one_changed_bit_is_noticed(data: bytes, bit: int) -> None:
    box = bytearray(seal(data, _NONCE, _KEY))
    box[bit // 8 % len(box)] ^= 1 << bit % 8

    assert unseal(bytes(box), _NONCE, _KEY) is None


@pytest.mark.parametrize("box", [b"", b"short", bytes(16)])
def test_what_is_no_box_is_not_opened(box: bytes) -> None:
    assert unseal(box, _NONCE, _KEY) is None


def test_a_key_or_nonce_of_the_wrong_length_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(b"", _NONCE, b"short")
