"""Tables of what each ecosystem's own documents and tests say."""

import pytest

from scantling.versions.registry import SCHEMES
from scantling.versions.schemes.golang import stdlib_version
from scantling.versions.schemes.maven import is_circular

# Rising, as `low < high = equal < higher`.
RISING = {
    "apk": """
        0.1.0_alpha_pre2 < 0.1.0_alpha < 0.1.0_alpha2 < 0.1.3_alpha < 0.9.28 < 0.9.28-r1
        < 0.9.28.1 < 1.0_beta2 < 1.0_rc1 < 1.0 < 1.0-r0 < 1.0-r1 < 1.0~1234-r1 < 1.0~2345-r0
        < 1.0_git20200101 < 1.0_p9-r0 < 1.0_p10-r0 < 1.0a < 1.0b < 1.0.0 < 1.0.1
        < 1.06-r6 = 01.06-r6 < 1.1 < 6 = 006 < 6.1_pre1 < 6.1 < 6.1_p1 < 8.2.0 < 8.2.001
        < 8.2.0015 < 8.2.002 < 8.2.1 < 20060720
    """,
    "bitnami": """
        0 < 0.0.0-alpha < 1.2.0 = 1.2 = 1.2.0+a < 1.2.3-rc.1 < 1.2.3 = 1.2.3-0 < 1.2.3-1
        < 1.2.3-2 = 1.2.3-2+x < 1.2.3-10 < 1.2.4
    """,
    "cargo": """
        0 < 0.0.0-0 < 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-alpha.beta < 1.0.0-beta < 1.0.0-beta.2
        < 1.0.0-beta.11 < 1.0.0-rc.1 < 1.0.0 = 1.0.0+20130313144700
    """,
    "composer": """
        1.0.0-dev < 1.0.0-alpha1 < 1.0.0-beta = 1.0b < 1.0.0-beta2 < 1.0.0-RC1
        < 1.0.0 = v1 = 1.0.0.0 = 1.0-stable = 1.0.0+build < 1.0.0-p1 < 1.0.0-patch2 < 1.0.0.1
        < 1.2.3.4 < 1.x-dev = 1.*-dev < 2.0.0 < 2010.01.02 < 2010.01.02.1
    """,
    "deb": """
        0~ < 0 = 0-0 = 0:0 = 00 < 0a < 0. < 1~~ < 1~~a < 1~ < 1~rc1 < 1 = 1-0 < 1-0.1
        < 1-1 = 1-01 < 1-1+b1 < 1a < 1+dfsg-1 < 1.0 = 1. < 1.0-1~deb12u1 < 1.0-1 < 1.0-1+deb12u1
        < 1.2 < 1.10 < 2:0.1 < 10:0
    """,
    "gem": """
        0.a < 0 = 0.0 < 1.0.a1 < 1.0.a2 < 1.0.a10 < 1.0.b1 < 1.0.0-rc1 = 1.0.pre.rc1 < 1.0.pre
        < 1 = 1.0 = 1.0.0 < 1.0.0.1 < 1.0.1.a < 1.0.1 < 1.1 < 1.10
    """,
    "generic": """
        0 < 1.0-alpha1 < 1.0-beta.2 = 1.0beta2 < 1.0-rc < 1.0 = v1 = 1.0.0 < 1.0.1 < 1.10
    """,
    "golang": """
        0 < v0.0.0-20190101000000-abcdef123456 < v0.0.0-20200101000000-abcdef123456 < v0.0.0
        < 1.21.0-rc.2 = go1.21rc2 = 1.21rc2 < 1.21.0 = go1.21 = v1.21 = v1.21.0
        < 1.21.1 = go1.21.1 X:boringcrypto < 1.21.10 < v2.0.0+incompatible = 2.0.0
    """,
    "hex": """
        0 < 1.0.0-dev < 1.0.0-rc.0 < 1.0.0 < 1.0.1
    """,
    "maven": """
        1-alpha < 1-alpha-1 = 1a1 = 1.alpha1 < 1-beta-2 < 1-m3 < 1-rc = 1-cr < 1-SNAPSHOT
        < 1 = 1.0 = 1-ga = 1.Final = 1.0.0-RELEASE = 1-0 < 1-sp < 1-abc < 1-jre < 1-1-alpha
        < 1-1 < 1-2 < 1.0.1 < 1.1 < 1.2-rc1 < 1.2 < 1.10 < 20030101.1
    """,
    "npm": """
        0 < 0.0.0-alpha < 0.0.0 < 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-beta
        < 1.0.0-rc.1 = v1.0.0rc.1 < 1.0.0 = 1.0 = 1 = v1.0.0 = =1.0.0 = 1.0.0+x < 1.0.1
        < 9007199254740993.0.0
    """,
    "nuget": """
        1.0.0-2 < 1.0.0-10 < 1.0.0-99999999999 < 1.0.0-Alpha = 1.0.0-alpha < 1.0.0-beta.2
        < 1.0.0-beta.10 < 1 = 1.0 = 1.0.0.0 = 1.00.0 = 1.0.0+x < 1.0.0.1 < 1.0.1
    """,
    "pep440": """
        1.dev0 < 1.0.dev456 < 1.0a1 = 1.0.ALPHA-1 < 1.0a2.dev456 < 1.0a12 < 1.0b1.dev1 < 1.0b2
        < 1.0b2.post345.dev456 < 1.0b2.post345 < 1.0rc1 = 1.0c1 = 1.0-pre1 < 1.0 = v1 = 1.0.0
        < 1.0+abc.5 < 1.0+abc.7 < 1.0+5 < 1.0.post456.dev34 < 1.0.post456 = 1.0-456 < 1.1.dev1
        < 1.1 < 2013.10 < 1!0.1
    """,
    "pub": """
        0 < 1.0.0-a < 1.0.0 < 1.0.0+1 < 1.0.0+2 < 1.0.0+a < 1.0.1
    """,
    "rpm": """
        1.0~rc1 < 1.0~rc1-1 < 1.0 = 0:1.0 = :1.0 < 1.0-1 = 1.0.-01 < 1.0-1.el9 < 1.0^git1
        < 1.0^git1-2 < 1.0a < 1.0.1 < 1.9 < 1.10 < 2.0-1.el8 < 2.0-1.el9 < 1:0.1-1
    """,
    "semver": """
        0 < 0.0.0-0 < 1.0.0-1 < 1.0.0-- < 1.0.0-a < 1.0.0 = 1.0.0+a.b < 1.0.1
    """,
}

# Separated by commas, but for the texts with commas or blanks further down.
INVALID = {
    "apk": """
        0.1bc, 0.1a1, 0.1a.1, 0.1_pre2~, 0.1_pre2~1234xbcd, 0.1_pre2~1234abcd_pre1,
        0.1_pre2-r1~1234xbcd, 0.1_foobar, 0.1-pre1.1, 0.1-r, 0.1-r2_pre1, 0.1-r2-r3,
        0.1-r2.1, .1, a, _pre1, -r1, 0.1_, 0.1_-r0, 0.1__alpha, 0.1_1_alpha, 1.A
    """,
    "bitnami": """
        1.2.beta, foo, 1.2.3.4, v1.2.3, nightly.6-6
    """,
    "cargo": """
        1.0, 1, v1.0.0, 1.0.0-01, 01.0.0, 1.0.0-, 1.0.0+, 1.0.0.0
    """,
    "composer": """
        dev-main, main, 1.0.0 - 2.0.0, ^1.0, 1.0.0-foo
    """,
    "deb": """
        :1, x:1, -1:1, 2147483648:1, 1:, 1 2, 1-, -1, 1:-1, é
    """,
    "gem": """
        a1, 1..2, 1.2., .1, 1.0-, ~> 1.0
    """,
    "generic": """
        1.0.2k, 1.0-1, 1.2.3-4.el9, devel, 1.0+git, 1.0~rc1, latest, 1.0-rc1.2
    """,
    "golang": """
        (devel), devel go1.23-9e3d1e5, go1.25-devel_abc, v1.x, go1, 1.2 3
    """,
    "maven": """
        ${revision}, 1.0 beta, LATEST!
    """,
    "npm": """
        latest, ^1.0.0, 1.x, 1.2.3.4, 1.2.34.5, git+ssh://x, *, 1.0.0+
    """,
    "nuget": """
        1.0.0.0.0, v1.0, 1.0.0-, 1.0.0-a..b
    """,
    "pep440": """
        1.0-foo, french toast, 1.0+a+b, 1.0+, 1..0, !1.0, 1.0.dev1.post1, 2004d
    """,
    "rpm": """
        -1, 1:-1, 1:, 1 2
    """,
    "semver": """
        1.0, v1.0.0, 1.0.0-00, 1.0.0-a..b
    """,
}
ODD = [
    ("composer", ""),
    ("gem", "1,0"),
    ("golang", ""),
    ("maven", "[1.0,2.0)"),
    ("maven", ""),
    ("nuget", "[1.0,2.0)"),
    ("rpm", ""),
]

NAMES = pytest.mark.parametrize("name", sorted(SCHEMES))


@NAMES
def test_the_table_rises_and_equal_spellings_have_equal_keys(name: str) -> None:
    rows = [row.split(" = ") for row in " ".join(RISING[name].split()).split(" < ")]

    keys = [{text: SCHEMES[name].key(text) for text in row} for row in rows]

    assert [row for row in keys if len(set(row.values())) > 1 or None in row.values()] == []
    order = [next(iter(row.values())) or b"" for row in keys]
    wrong = [(rows[i], rows[i + 1]) for i in range(len(rows) - 1) if order[i] >= order[i + 1]]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(INVALID))
def test_what_the_ecosystem_refuses_has_no_key(name: str) -> None:
    texts = " ".join(INVALID[name].split()).split(", ")

    assert [text for text in texts if SCHEMES[name].key(text) is not None] == []


@pytest.mark.parametrize(("name", "text"), ODD)
def test_odd_texts_have_no_key(name: str, text: str) -> None:
    assert SCHEMES[name].key(text) is None


@pytest.mark.parametrize(
    ("name", "text", "plain"),
    [
        ("npm", " 1.0.0 ", "1.0.0"),
        ("gem", " 1.0.1\n", "1.0.1"),
        ("pep440", "\t1.0 ", "1.0"),
        ("deb", " 1.0\t", "1.0"),
        ("composer", " 1.0 ", "1.0"),
    ],
)
def test_blanks_around_count_where_the_ecosystem_says_so(name: str, text: str, plain: str) -> None:
    key = SCHEMES[name].key

    assert key(text) == key(plain)


@pytest.mark.parametrize(
    "text", ["1.sp.1", "3.0.19.redhat-1", "1.0.rc-1", "1-0-alpha", "Finchley.SR1"]
)
def test_maven_texts_that_its_tool_orders_in_circles_are_known_and_have_a_place(text: str) -> None:
    assert is_circular(text)
    assert SCHEMES["maven"].key(text) is not None


@pytest.mark.parametrize(
    "text",
    ["1.0-alpha-1", "1.0.Final-redhat-1", "2.0.0.RC1", "1.2.jre8", "0-SNAPSHOT", "0", "1.0.x"],
)
def test_usual_maven_texts_are_not_in_circles(text: str) -> None:
    assert not is_circular(text)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("1.0.rc-1", "1.0"),
        ("3.0.19", "3.0.19.redhat-1"),
        ("3.0.19-alpha", "3.0.19.redhat-1"),
        ("3.0.19.redhat-1", "3.0.20"),
        ("0", "Finchley.SR1"),
    ],
)
def test_circles_of_maven_are_broken_where_the_meaning_is(low: str, high: str) -> None:
    key = SCHEMES["maven"].key

    assert (key(low) or b"") < (key(high) or b"")


@pytest.mark.parametrize(
    ("reported", "version"),
    [
        ("go1.21rc2", "1.21.0-rc.2"),
        ("go1.18beta1", "1.18.0-beta.1"),
        ("go1.21.3", "1.21.3"),
        ("go1.20", "1.20.0"),
        ("1.21", "1.21.0"),
        ("go1.22.5 X:boringcrypto,loopvar", "1.22.5"),
        ("go1.22.5 (Red Hat 1.22.5-1.el9)", "1.22.5"),
        ("go1.17.2b7", "1.17.2"),
        ("go1.20.6-fips", "1.20.6"),
        ("devel go1.23-9e3d1e5 Thu Aug 1", None),
        ("devel +a12c5d0a", None),
        ("go1.25-devel_9e3d1e5", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_a_toolchains_own_words_become_a_version_of_the_standard_library(
    reported: str, version: str | None
) -> None:
    assert stdlib_version(reported) == version
