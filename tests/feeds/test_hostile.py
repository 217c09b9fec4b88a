"""Any bytes give `Unreadable` or records, and raise nothing but our own errors."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.api import Document, Unreadable
from scantling.core.errors import AdvisoryDataError, InputError
from tests.feeds.reading import BY_NAME, documents, parsed

NAMES = sorted(BY_NAME)
FILES = {name: documents(name)[0].name for name in NAMES}


def read(name: str, data: bytes) -> list[Any] | None:
    """Return what the feed makes of a file of these bytes; None when it refuses."""
    try:
        return parsed(BY_NAME[name], Document(name=FILES[name], data=data))
    except (AdvisoryDataError, InputError):
        return None


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    read(name, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_a_real_record_with_one_value_replaced(name: str, data: st.DataObject) -> None:
    document = documents(name)[0]
    try:
        value = json.loads(document.data)
    except ValueError:
        return
    at: Any = value
    for _ in range(data.draw(st.integers(1, 6))):
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or data.draw(st.booleans()):
            at[key] = data.draw(JSON)
            break
        at = at[key]

    read(name, json.dumps(value).encode())


DEEP = 100_000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        b'{"id":' * DEEP,
        b"\xff\xfe\x00",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"? [a]\n: b\n",
        b"a: &a [x]\n" + b"b: [" + b"*a," * 200_000 + b"]\n",
        b"---\n" + b"a: &a [x]\n---\n",
    ],
    ids=["arrays", "objects", "not_text", "bad_string", "surrogate", "odd_key", "aliases", "front"],
)
def test_tricks_are_refused_quickly(name: str, data: bytes) -> None:
    found = read(name, data)

    assert found is None or all(isinstance(one, Unreadable) for one in found)
