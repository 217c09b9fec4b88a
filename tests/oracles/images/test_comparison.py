"""The comparisons themselves find differences: no image is needed to see that."""

import msgspec
from tools.compare_inventories import by_type, ours, theirs

from tests.oracles.images.truth import Claims, Difference, unexplained

GUICE = Difference(pattern="- *guice*", reason="it has no group")


def test_claims_of_one_side_alone_are_differences() -> None:
    found = unexplained(Claims(["a 1", "b 1"]), Claims(["b 1", "b 2"]))

    assert found == (["- a 1", "+ b 2"], [])


def test_two_copies_are_not_one() -> None:
    assert unexplained(Claims(["a 1", "a 1"]), Claims(["a 1"])) == (["- a 1"], [])


def test_an_explained_difference_is_none() -> None:
    assert unexplained(Claims(["x.jar guice 4"]), Claims(), (GUICE,)) == ([], [])


def test_an_explanation_covers_as_many_as_it_says() -> None:
    _, stale = unexplained(Claims(["x.jar guice 4", "y.jar guice 5"]), Claims(), (GUICE,))
    _, unused = unexplained(Claims(), Claims(), (GUICE,))

    assert len(stale) == len(unused) == 1


def test_inventories_of_three_tools_are_read_alike() -> None:
    package = {"purl": "pkg:deb/debian/zlib1g@1:1.2?arch=amd64", "locations": [{"path": "status"}]}
    trivy = {
        "Target": "debian",
        "Packages": [
            {"Identifier": {"PURL": "pkg:deb/debian/zlib1g@1.2?arch=amd64&epoch=1"}},
            {"Name": "without an identifier"},
        ],
    }

    found = [
        by_type(ours(msgspec.json.encode({"report": {"packages": [package]}}))),
        by_type(theirs(msgspec.json.encode({"artifacts": [package, {"name": "no URL"}]}))),
        by_type(theirs(msgspec.json.encode({"Results": [trivy, {"Target": "nothing"}]}))),
    ]

    assert [list(one) for one in found] == [["deb"]] * 3
    assert [list(one["deb"]) for one in found] == [["pkg:deb/debian/zlib1g@1:1.2"]] * 3
