"""Variables in words, as the reference and the builder have them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.project.dockerfile.expand import expand

# Dockerfile reference, "Environment replacement", and what BuildKit answers to the same words.
CASES = [
    ("$variable_name", {"variable_name": "a"}, "a"),
    ("${foo}_bar", {"foo": "a"}, "a_bar"),
    ("\\$foo or \\${foo}", {"foo": "x"}, "$foo or ${foo}"),
    ("${v:-x} ${v:+y} ${n:-x} ${n:+y}", {"v": "1"}, "1 y x "),
    ("${e:-x} ${e-x} ${e+y} ${e:+y}", {"e": ""}, "x  y "),
    ("${s#f*b}", {"s": "foobarbaz"}, "arbaz"),
    ("${s##f*b}", {"s": "foobarbaz"}, "az"),
    ("${s%b*}", {"s": "foobarbaz"}, "foobar"),
    ("${s%%b*}", {"s": "foobarbaz"}, "foo"),
    ("${s/ba/fo}", {"s": "foobarbaz"}, "fooforbaz"),
    ("${s//ba/fo}", {"s": "foobarbaz"}, "fooforfoz"),
    ("${FOO#()[]{\\}^$.\\*\\?|\\\\}", {"FOO": "()[]{}^$.*?|\\x"}, "x"),
    ("${FOO%%\\**}", {"FOO": "xx**"}, "xx"),
    ("${FOO#?\\?}", {"FOO": "???y"}, "?y"),
    ("${FOO%%\\**\\*}", {"FOO": "a***yy*"}, "a"),
    ("${FOO/$N/.} - ${FOO//$N/.}", {"FOO": "/f*/*/*.t", "N": "\\*/"}, "/f.*/*.t - /f..*.t"),
    ("${F/$N/$R} - ${F//$N/$R}", {"F": "/a/f/b/c", "N": "/?/", "R": "/"}, "/f/b/c - /f/c"),
    ("${FOO//\\//\\/}", {"FOO": "/tmp/foo"}, "\\/tmp\\/foo"),
    ("${FOO/$BAR/ww}", {"FOO": "xxyy", "BAR": ""}, "wwxxyy"),
    ("${FOO///}", {"FOO": "xxyy"}, "xxyy"),
    ("${FOO/x*y/-}", {"FOO": "axyxyb"}, "a-b"),
    ("${a:-${b:-${c:-d}}}", {}, "d"),
    ("${T:+-${T}}", {"T": "v7"}, "-v7"),
    ("a'$b'\"$b\"", {"b": "1"}, "a$b1"),
    ('"\\x \\" \\$b \\\\"', {}, '\\x " $b \\'),
    ("foo\\", {}, "foo"),
    ("$", {}, "$"),
    ("$}", {}, "$}"),
    ("$$PWD", {}, "PWD"),
    ("$1a $12", {"1": "x", "12": "y"}, "xa y"),
    ("한국어$K", {"K": "한"}, "한국어한"),
]


@pytest.mark.parametrize(("word", "values", "expected"), CASES)
def test_a_word_is_expanded(word: str, values: dict[str, str], expected: str) -> None:
    found = expand(word, values)

    assert (found.text, found.error) == (expected, "")


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("'a", "single quote"),
        ('"a', "double quote"),
        ("${a", "no known substitution"),
        ("${", "name of a variable"),
        ("${}", "name of a variable"),
        ("${{a}}", "name of a variable"),
        ("${:a}", "name of a variable"),
        ("${a=b}", "no known substitution"),
        ("${a:-b", "lacks its }"),
        ("${a/b}", "lacks its /"),
        ("${a?}", "must have a value"),
        ("${a:?set it}", "set it"),
        ("${x#\\y}", "no escape"),
        ("${a:-" * 100, "too deeply"),
    ],
)
def test_a_bad_word_says_why_and_stays(word: str, error: str) -> None:
    found = expand(word, {"x": "y"})

    assert error in found.error
    assert found.text == word


def test_unknown_variables_can_stay_as_written() -> None:
    found = expand("$a ${b:-c} ${d#x} ${e/x/y} $f", {"f": "1"}, keep=True)

    assert found.text == "$a ${b:-c} ${d#x} ${e/x/y} 1"
    assert found.missing == ("a", "b", "d", "e")
    assert found.used == ("f",)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    found = expand("${v##" + "*a" * 200 + "b}", {"v": "a" * 5000})

    assert found.text == "a" * 5000


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*"${}:-+?#%/\\'\"a*"]) | st.characters(), max_size=20).map("".join),
    st.dictionaries(st.sampled_from("ab"), st.text("ab*\\/", max_size=6)),
)
def test_any_word_is_expanded_or_explained(word: str, values: dict[str, str]) -> None:
    found = expand(word, values)

    assert found.error == "" or found.text == word


@settings(max_examples=200, deadline=None)
@given(st.text("abc", max_size=8), st.text("ab*?", min_size=1, max_size=4))
def test_trimming_takes_off_the_shortest_and_the_longest(value: str, pattern: str) -> None:
    short = expand(f"${{v#{pattern}}}", {"v": value}).text
    # A pattern that begins with # would be the other operator; the alphabet has none.
    long = expand(f"${{v##{pattern}}}", {"v": value}).text

    assert value.endswith(short)
    assert short.endswith(long)
