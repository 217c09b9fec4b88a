"""Package URLs agree with the reference library and take back what they say."""

from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from scantling.core import purl

_TEXT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="/"), min_size=1
).filter(lambda text: text.strip("./ ") != "" and text == text.strip())
# Not npm: the library lowers its names, yet `JSONStream` and `jsonstream` are two packages.
_TYPES = st.sampled_from(["deb", "golang", "cargo", "gem", "maven", "rpm", "apk"])


@given(_TYPES, st.sampled_from(["", "debian", "org.example", "@scope"]), _TEXT, _TEXT)
def test_the_reference_library_reads_back_what_was_built(
    type_: str, namespace: str, name: str, version: str
) -> None:
    text = purl.build(type_, namespace, name, version, qualifiers=(("arch", "amd64"),))

    parsed = PackageURL.from_string(text)

    lowered = type_ in {"deb", "apk"}
    shown = (parsed.name, parsed.namespace or "")
    assert shown == ((name.lower(), namespace.lower()) if lowered else (name, namespace))
    assert (parsed.version, parsed.qualifiers) == (version, {"arch": "amd64"})


@given(st.sampled_from(["golang", "cargo", "gem", "maven", "rpm", "generic"]), _TEXT, _TEXT)
def test_building_agrees_with_the_reference_library(type_: str, name: str, version: str) -> None:
    reference = PackageURL(type_, None, name, version).to_string()

    assert purl.build(type_, "", name, version) == reference


def test_qualifiers_are_sorted_and_empty_ones_left_out() -> None:
    text = purl.build("deb", "debian", "a", "1", qualifiers=(("z", "1"), ("arch", ""), ("b", "2")))

    assert text == "pkg:deb/debian/a@1?b=2&z=1"


def test_a_pypi_name_is_lower_case_with_dashes() -> None:
    assert purl.build("pypi", "", "Flask_SQLAlchemy", "1") == "pkg:pypi/flask-sqlalchemy@1"


def test_the_version_can_be_left_out_again() -> None:
    scoped = purl.build("npm", "@scope", "name", "1.0")

    assert purl.without_version(scoped) == "pkg:npm/%40scope/name"
    assert purl.without_version("pkg:npm/%40scope/name") == "pkg:npm/%40scope/name"
    assert purl.name_of(scoped) == "@scope/name"


def test_an_undecodable_byte_survives() -> None:
    assert purl.build("generic", "", "a\udcffb", "1") == "pkg:generic/a%FFb@1"
