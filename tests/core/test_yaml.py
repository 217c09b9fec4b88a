"""YAML that people write: what is refused, and which line a message names."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core import yaml
from scantling.core.errors import InputError


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str = ""


class File(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    rules: list[Rule] = []
    days: dict[str, int] = {}


def read(text: str) -> yaml.Document:
    return yaml.read(text.encode(), name="policy.yaml")


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        pytest.param("a: 1\nb: 2\n", ("b",), 2, id="key"),
        pytest.param("a:\n- x\n- y\n", ("a", 1), 3, id="items_under_their_key_column"),
        pytest.param("a:\n  - x: 1\n    y: 2\n", ("a", 0, "y"), 3, id="mapping_in_a_list"),
        pytest.param("a:\n  -\n    x: 1\n", ("a", 0, "x"), 3, id="mapping_below_its_dash"),
        pytest.param("- - 1\n  - 2\n- 3\n", (0, 1), 2, id="list_in_a_list"),
        pytest.param("a: |\n  b: 1\n  - c\nb: 2\n", ("b",), 4, id="after_a_block_text"),
        pytest.param("a:\n- x\nb:\n- y\n", ("b", 0), 4, id="next_key_after_a_list"),
        pytest.param("\"a b\": 1\n'c': 2\n", ("c",), 2, id="quoted_keys"),
        pytest.param("# x\na: {b: 1}\n", ("a", "b"), 2, id="flow_style_has_the_line_around_it"),
        pytest.param("# x\n---\na: 1\n", ("a",), 3, id="after_a_marker"),
        pytest.param("a: 1\n", ("z",), 1, id="what_is_not_there"),
    ],
)
def test_a_value_has_a_line(text: str, path: yaml.Path, line: int) -> None:
    assert read(text).line(*path) == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("name: x\nname: y\n", "policy.yaml:2: duplicate", id="duplicate_key"),
        pytest.param("name: [\n", "policy.yaml:1: unclosed", id="syntax"),
        pytest.param("name: x\n---\nname: y\n", "policy.yaml:2: a second document", id="two"),
        pytest.param("a: &x [1]\nb: !!python/name:os.system ''\n", "Invalid tag", id="tag"),
        pytest.param("[" * 100_000, "policy.yaml:1", id="nesting"),
        pytest.param("a" * 2_000_000, "larger than", id="size"),
        pytest.param(
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{key}: &{key} [{','.join(['*' + previous] * 10)}]\n"
                for previous, key in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "policy.yaml:",
            id="aliases_that_explode",
        ),
    ],
)
def test_what_is_dangerous_or_ambiguous_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(text)


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match=r"policy\.yaml:2: not UTF-8"):
        yaml.read(b"a: 1\nb: \xff\n", name="policy.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "name: x\nrules:\n- id: a\n  whem: b\n",
            r"policy\.yaml:4: rules\[0\]: contains unknown field 'whem'",
            id="unknown_field",
        ),
        pytest.param(
            "name: x\nrules:\n- id: a\n- id: 1.10\n",
            r"policy\.yaml:4: rules\[1\]\.id: expected 'str', got 'float'",
            id="number_for_a_text",
        ),
        pytest.param("days:\n  a: x\nname: y\n", r"policy\.yaml:1: days: expected 'int'", id="map"),
        pytest.param("? [a, b]\n: 1\n", r"policy\.yaml:1", id="list_as_a_key"),
        pytest.param("", r"policy\.yaml:1: expected 'object', got 'null'", id="empty"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        yaml.convert(read(text), File)


def test_words_stay_words() -> None:
    assert read("on: NO\nday: 2026-01-31\n").value == {"on": "NO", "day": "2026-01-31"}


def test_a_file_of_several_documents_is_read_with_the_lines_of_each() -> None:
    documents = yaml.read_all(b"# only a comment\n---\na: 1\n---\n\nb: 2\n", name="x.yaml")

    assert [one.value for one in documents] == [{"a": 1}, {"b": 2}]
    assert [one.place(key) for one, key in zip(documents, "ab", strict=True)] == [
        "x.yaml:3",
        "x.yaml:6",
    ]


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.text("ab: -\n'\"[]{}&*|>#?!%", max_size=120).map(str.encode))
def test_any_bytes_are_a_document_or_an_input_error(data: bytes) -> None:
    try:
        documents = yaml.read_all(data, name="x.yaml")
    except InputError as error:
        said, documents = str(error), ()
    else:
        said = "x.yaml:"

    assert said.startswith("x.yaml:")
    assert all(1 <= one.line("a", 0) <= data.count(b"\n") + 1 for one in documents)


_KEYS = st.text("abcdefg", min_size=1, max_size=3)
_TREES = st.recursive(
    st.integers(0, 9),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(_KEYS, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def _written(value: object, column: int, path: yaml.Path, at: dict[yaml.Path, int]) -> list[str]:
    """Return the lines of a value in block style, and note in `at` where each path begins."""
    rows: list[str] = []
    if isinstance(value, dict):
        entries = [(f"{key}:", key, one) for key, one in value.items()]
    else:
        assert isinstance(value, list)
        entries = [("-", number, one) for number, one in enumerate(value)]
    for mark, step, one in entries:
        at[*path, step] = at[path] + len(rows)
        if isinstance(one, int):
            rows.append(f"{' ' * column}{mark} {one}")
        else:
            at_path = (*path, step)
            rows.append(f"{' ' * column}{mark}")
            below: dict[yaml.Path, int] = {at_path: at[at_path] + 1}
            rows += _written(one, column + 2, at_path, below)
            at.update({key: line for key, line in below.items() if key != at_path})
    return rows


@settings(max_examples=100)
@given(st.lists(_TREES, min_size=1, max_size=3) | st.dictionaries(_KEYS, _TREES, min_size=1))
def test_in_block_style_every_line_is_exact(tree: object) -> None:
    at: dict[yaml.Path, int] = {(): 1}
    document = read("\n".join(_written(tree, 0, (), at)) + "\n")

    assert document.value == tree
    assert yaml.lines(document, tuple(at)) == tuple(at.values())
