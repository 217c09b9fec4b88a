"""attest, verify-attestation, verify and replay as a user types them."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scantling.testing.images import MemoryImage, index_blob, layout_of, write_tree
from scantling.testing.registries import DockerRegistry, copy_image
from tests.journeys.conftest import APP, BASE, EPOCH

from .conftest import Run
from .making import DATA, key

DAY = 86_400
PASSING = ("--allow-incomplete", "coverage.partial")
FIXED_STATUS = BASE["var/lib/dpkg/status"].replace(b"3.0.11-1~deb12u2", b"3.0.13-1~deb12u1")
FIXED_BASE = {**BASE, "var/lib/dpkg/status": FIXED_STATUS}
NO_APP = {"app/node_modules/left/package.json": APP["app/node_modules/left/package.json"]}
BEFORE = MemoryImage(layers=(BASE, APP))
FIXED = MemoryImage(layers=(FIXED_BASE, NO_APP))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Return the image as a layout in this folder."""
    return BEFORE.write_layout(tmp_path / "app")


def _scanned(run: Run, target: object, name: str = "report.json", *more: object) -> str:
    run("scan", target, "-q", *PASSING, "--format", f"json={name}", *more)
    return name


def _keys(run: Run) -> None:
    """Write a pair of keys; not encrypted, since opening an encrypted one takes 0.2 s."""
    del run  # its folder is the current one
    made = ec.derive_private_key(1_000_003, ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    Path("cosign.key").write_bytes(made.private_bytes(serialization.Encoding.PEM, *form))
    Path("cosign.pub").write_bytes(key().public.pem())


def _attested(run: Run, target: object, *more: object) -> None:
    done = run(
        "attest", target, "--report", _scanned(run, target), "--key", "cosign.key", "--push", *more
    )
    assert done.code == 0, done.err


# attest and verify-attestation


def test_a_scan_is_attested_and_verified_beside_the_image(run: Run, app: Path) -> None:
    assert run("attest", "--generate-key", "cosign").code == 0
    _attested(run, app)

    done = run("verify-attestation", app, "--key", "cosign.pub", "--max-age", "7d")

    assert done.code == 0, done.out + done.err
    assert done.out.endswith("verified\n")
    assert "signed by cosign.pub (sha256:" in done.out
    assert "verdict findings, exit code 0, by scantling" in done.out


def test_what_is_attested_is_the_same_bytes_each_time_but_for_the_signature(
    run: Run, app: Path
) -> None:
    _keys(run)
    report = _scanned(run, app)

    payloads = {
        json.loads(run("attest", app, "--report", report, "--key", "cosign.key").out)["payload"]
        for _ in range(2)
    }

    assert len(payloads) == 1


def test_a_blocked_scan_is_attested_and_its_verification_blocks(run: Run, app: Path) -> None:
    _keys(run)
    report = _scanned(run, app, "report.json", "--fail-on", "high")
    run("attest", app, "--report", report, "--key", "cosign.key", "--push")

    done = run("verify-attestation", app, "--key", "cosign.pub")

    assert done.code == 1
    assert "refused: the scan did not pass: 1 finding of severity high or worse" in done.out


def test_the_wrong_key_is_refused_and_told(run: Run, app: Path) -> None:
    _keys(run)
    _attested(run, app)

    done = run("verify-attestation", app, "--key", DATA / "pynacl.pub")

    assert done.code == 1
    assert "not counted" in done.out
    assert "none of the given keys signed it" in done.out


def test_one_of_several_keys_is_enough_and_named(run: Run, app: Path) -> None:
    _keys(run)
    _attested(run, app)

    done = run(
        "verify-attestation", app, "--key", DATA / "pynacl.pub", "--key", "cosign.pub", "--json"
    )

    answer = json.loads(done.out)
    assert (done.code, answer["verified"]) == (0, True)
    assert answer["counts"]["key_file"] == "cosign.pub"
    assert answer["counts"]["predicate"]["verdict"]["status"] == "findings"


def test_an_attestation_moved_to_another_image_does_not_count(
    run: Run, app: Path, tmp_path: Path
) -> None:
    _keys(run)
    run("attest", app, "--report", _scanned(run, app), "--key", "cosign.key", "--output", "a.json")
    other = FIXED.write_layout(tmp_path / "other")

    done = run("verify-attestation", other, "--key", "cosign.pub", "--attestation", "a.json")

    assert done.code == 1
    assert "about another image" in done.out
    assert (
        run("verify-attestation", app, "--key", "cosign.pub", "--attestation", "a.json").code == 0
    )


def test_an_attestation_expires(run: Run, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _keys(run)
    _attested(run, app)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + 8 * DAY))

    old = run("verify-attestation", app, "--key", "cosign.pub", "--max-age", "7d")
    data = run("verify-attestation", app, "--key", "cosign.pub", "--database-max-age", "7d")

    assert (old.code, data.code) == (1, 5)
    assert "it is 8 days old; at most 7 days are accepted" in old.out


@pytest.mark.parametrize("type_", ["vuln", "cyclonedx", "spdx", "openvex"])
def test_other_types_are_attested_and_verified_as_such(run: Run, app: Path, type_: str) -> None:
    _keys(run)
    _attested(run, app, "--type", type_)

    done = run("verify-attestation", app, "--key", "cosign.pub", "--type", type_, "--max-age", "1d")

    assert done.code == 0, done.out
    assert run("verify-attestation", app, "--key", "cosign.pub").code == 1


def test_a_verdict_on_one_platform_does_not_vouch_for_the_index(run: Run, tmp_path: Path) -> None:
    images = (BEFORE, MemoryImage(layers=(BASE,), architecture="arm64"))
    path = write_tree(tmp_path / "many", layout_of(images, as_index=True))
    _keys(run)
    report = _scanned(run, path, "report.json", "--platform", "linux/amd64")
    run(
        "attest",
        path,
        "--platform",
        "linux/amd64",
        "--report",
        report,
        "--key",
        "cosign.key",
        "--push",
    )

    def verified(platform: str) -> int:
        done = run("verify-attestation", path, "--platform", platform, "--key", "cosign.pub")
        return done.code

    assert verified("linux/amd64") == 0
    assert verified("linux/arm64") == 1
    envelope = run(
        "attest", path, "--platform", "linux/amd64", "--report", report, "--key", "cosign.key"
    )
    whole = run(
        "attest",
        path,
        "--platform",
        "linux/amd64",
        "--report",
        report,
        "--key",
        "cosign.key",
        "--index",
    )
    assert len(whole.out) > len(envelope.out)


def test_a_report_about_another_image_is_not_attested(run: Run, app: Path, tmp_path: Path) -> None:
    _keys(run)
    report = _scanned(run, FIXED.write_layout(tmp_path / "other"))

    done = run("attest", app, "--report", report, "--key", "cosign.key", "--push")

    assert done.code == 2
    assert "scan it again" in done.err
    assert run("verify-attestation", app, "--key", "cosign.pub").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("attest",), "needs TARGET"),
        (("attest", "app", "--report", "report.json", "--key", "nowhere.key"), "cannot read"),
        (("attest", "app", "--report", "report.json", "--key", "env://NOWHERE"), "no such env"),
        (("attest", "app", "--report", "app/index.json", "--key", "cosign.key"), "not a report"),
        (("attest", "--generate-key", "cosign"), "never overwritten"),
        (("verify-attestation", "app", "--key", "cosign.key"), "holds a private key"),
        (("verify-attestation", "app", "--key", "cosign.pub", "--verdict", "fine"), "takes some"),
        (("verify-attestation", "app", "--key", "cosign.pub", "--max-age", "soon"), "takes a n"),
        (("verify-attestation", "app", "--key", "cosign.pub", "--type", "x"), "a URI"),
        (
            ("verify-attestation", "app", "--key", "cosign.pub", "--type=vuln", "--verdict=clean"),
            "are about verdicts",
        ),
    ],
)
def test_mistakes_are_said_in_a_sentence(
    run: Run, app: Path, arguments: tuple[str, ...], said: str
) -> None:
    _keys(run)
    _scanned(run, app)

    done = run(*arguments)

    assert done.code == 2
    assert said in done.err


def test_an_archive_keeps_its_attestation_in_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_bytes(BEFORE.oci_archive())
    _keys(run)
    report = _scanned(run, "app.tar")

    pushed = run("attest", "app.tar", "--report", report, "--key", "cosign.key", "--push")
    run("attest", "app.tar", "--report", report, "--key", "cosign.key", "--output", "a.json")

    assert pushed.code == 2
    assert "attest --output" in pushed.err
    done = run("verify-attestation", "app.tar", "--key", "cosign.pub", "--attestation", "a.json")
    assert done.code == 0


@pytest.mark.integration
@pytest.mark.skipif(
    not DockerRegistry.is_installed(), reason="the real registry was NOT tested: not installed"
)
def test_the_real_registry_keeps_attestations(run: Run, app: Path, tmp_path: Path) -> None:
    _keys(run)
    with DockerRegistry.run(tmp_path) as running:
        copy_image(f"oci:{app}", f"docker://{running.place}/example/app:1")
        target = f"registry:{running.place}/example/app:1"
        _attested(run, target, "--platform", "linux/amd64")

        done = run("verify-attestation", target, "--key", "cosign.pub", "--platform", "linux/amd64")
        wrong = run(
            "verify-attestation", target, "--key", DATA / "pynacl.pub", "--platform", "linux/amd64"
        )

    assert done.code == 0, done.out + done.err
    assert wrong.code == 1
    assert f"{running.place}/example/app sha256:" in done.out


@pytest.mark.integration
@pytest.mark.skipif(
    not DockerRegistry.is_installed(), reason="the real registry was NOT tested: not installed"
)
def test_a_replay_finds_the_image_by_digest_when_its_tag_has_moved(
    run: Run, app: Path, tmp_path: Path
) -> None:
    with DockerRegistry.run(tmp_path) as running:
        there = f"{running.place}/example/app:1"
        copy_image(f"oci:{app}", f"docker://{there}")
        report = _scanned(run, f"registry:{there}", "report.json", "--platform", "linux/amd64")
        copy_image(f"oci:{FIXED.write_layout(tmp_path / 'fixed')}", f"docker://{there}")

        done = run("replay", report, "-q")

    assert done.code == 0, done.out + done.err
    assert "the image was read from registry:" in done.out
    assert "@sha256:" in done.out


def test_an_index_of_one_platform_is_attested_with_its_image(run: Run, tmp_path: Path) -> None:
    path = write_tree(tmp_path / "one", layout_of((BEFORE,), as_index=True))
    _keys(run)

    done = run("attest", path, "--report", _scanned(run, path), "--key", "cosign.key", "--push")

    digests = {line.split()[2] for line in done.out.strip().split("\n")}
    assert digests == {f"{BEFORE.manifest_blob().digest}:", f"{index_blob((BEFORE,)).digest}:"}
    assert run("verify-attestation", path, "--key", "cosign.pub").code == 0


# verify


def test_fixes_that_are_in_are_proven_by_a_rescan(run: Run, app: Path, tmp_path: Path) -> None:
    before = _scanned(run, app)
    fixed = FIXED.write_layout(tmp_path / "fixed")

    done = run("verify", fixed, "--fixes", before, "-q")

    assert done.code == 0, done.out + done.err
    assert "2 of 2 claims proven" in done.out
    assert "libssl3 3.0.13-1~deb12u1: debian (DSA-2)" in done.out
    assert "pkg:pypi/django is not in the image, but for 1 of an OS package" in done.out
    assert "layer 0: step 0" in done.out


def test_a_fix_that_is_not_in_blocks(run: Run, app: Path, tmp_path: Path) -> None:
    before = _scanned(run, app)
    half = MemoryImage(layers=(FIXED_BASE, APP)).write_layout(tmp_path / "half")

    done = run("verify", half, "--fixes", before, "-q", "--json")
    chosen = run("verify", half, "--fixes", before, "-q", "--ids", "CVE-2023-5678")

    assert done.code == 1
    proofs = {
        one["claim"]["vulnerability"]: one["proof"] for one in json.loads(done.out)["answers"]
    }
    assert proofs == {"CVE-2019-19844": "not-fixed", "CVE-2023-5678": "fixed"}
    assert chosen.code == 0


def test_a_package_that_a_gap_may_hide_is_not_gone(run: Run, app: Path, tmp_path: Path) -> None:
    before = _scanned(run, app)
    hiding = {**NO_APP, "app/x-1.dist-info/METADATA": b"\x00\xff"}
    hidden = MemoryImage(layers=(FIXED_BASE, hiding)).write_layout(tmp_path / "hidden")

    done = run("verify", hidden, "--fixes", before, "-q")

    assert done.code == 3
    assert "it is not seen, but the image was not fully read" in done.out


def test_a_stored_report_stands_for_the_rescan_if_it_is_about_the_image(
    run: Run, app: Path, tmp_path: Path
) -> None:
    before = _scanned(run, app)
    fixed = FIXED.write_layout(tmp_path / "fixed")
    after = _scanned(run, fixed, "after.json")

    assert run("verify", fixed, "--fixes", before, "--report", after).code == 0
    refused = run("verify", fixed, "--fixes", before, "--report", before)
    assert refused.code == 4
    assert "leave --report out" in refused.err


def test_a_plan_claims_what_its_actions_remove(run: Run, app: Path, tmp_path: Path) -> None:
    report = json.loads(Path(_scanned(run, app)).read_text())["report"]
    findings = [one for one in report["findings"] if one["state"] == "open"]
    named = [{key: one[key] for key in ("identity", "id", "purl", "severity")} for one in findings]
    ssl = next(one["identity"] for one in findings if one["id"] == "CVE-2023-5678")
    action = {"kind": "upgrade-os", "title": "", "subject": "", "before": "", "after": ""}
    plan = {"image": "app", "actions": [{**action, "removes": [ssl]}], "findings": named}
    Path("plan.json").write_text(json.dumps({"schema_version": "1.0.0", "plan": plan}))
    fixed = MemoryImage(layers=(FIXED_BASE, APP)).write_layout(tmp_path / "fixed")

    done = run("verify", fixed, "--fixes", "plan.json", "-q")

    assert done.code == 0, done.out + done.err
    assert "1 of 1 claims proven" in done.out
    assert run("verify", app, "--fixes", "plan.json", "-q").code == 1


_YAML = "- vulnerability: CVE-2023-5678\n  package: {}\n"
_CSV = "vulnerability, package\nCVE-2023-5678, {}\n"


@pytest.mark.parametrize("form", [_YAML, _CSV], ids=["yaml", "csv"])
@pytest.mark.parametrize(
    ("package", "codes"),
    [
        ("openssl", (1, 0)),
        ("libssl3", (1, 0)),
        ("pkg:deb/debian/libssl3@9", (1, 0)),
        ("", (1, 0)),
        ("opensll", (3, 3)),
    ],
)
def test_a_list_of_claims_is_proven_or_not(
    run: Run, app: Path, form: str, package: str, codes: tuple[int, int]
) -> None:
    Path("claims").write_text(form.format(package))
    fixed = FIXED.write_layout(Path("fixed"))

    found = tuple(run("verify", one, "--fixes", "claims", "-q").code for one in (app, fixed))

    assert found == codes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "claims nothing"),
        (b"{}", "not a report"),
        (b"{", "not valid JSON"),
        (b'{"plan": 7}', "not a plan"),
        (b"- vulnerability: 7\n", "a list of claims has"),
        (b"- vulnerability: ''\n", "names no vulnerability"),
        (b"- vulnerability: CVE-1\n  pakage: x\n", "pakage"),
        (b"vulnerability,pakage\nCVE-1,x\n", "other columns"),
        (b"vulnerability,package\nCVE-1,x,y\n", "other columns"),
        (b'vulnerability,package\n"CVE-1\n', "not a CSV"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_what_claims_nothing_readable_is_refused(
    run: Run, app: Path, content: bytes, said: str
) -> None:
    Path("claims").write_bytes(content)

    done = run("verify", app, "--fixes", "claims", "-q")

    assert done.code == 2
    assert said in done.err


# replay


def test_a_report_is_replayed_byte_for_byte(
    run: Run, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = _scanned(run, "app", "report.json", "--policy", "baseline", "--fail-on", "high")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + 90 * DAY))

    done = run("replay", report, "-q")

    assert done.code == 0, done.out + done.err
    assert done.out == "report.json: identical\n"
    assert app.exists()


def test_a_report_is_replayed_from_another_place(run: Run, app: Path) -> None:
    report = _scanned(run, "app")
    app.rename("moved")

    assert run("replay", report, "-q").code == 4
    assert run("replay", report, "-q", "--image", "moved").code == 0


def test_the_cost_of_a_scan_is_not_compared(run: Run, app: Path) -> None:
    done = run("replay", _scanned(run, app, "report.json", "--timings"), "-q")

    assert done.code == 0
    assert "never the same twice" in done.out


def test_an_inventory_is_replayed_too(run: Run, app: Path) -> None:
    run("sbom", app, "-q", "--format", "json=bom.json")

    assert run("replay", "bom.json", "-q").code == 0


def _changed(name: str, old: str, new: str) -> str:
    text = Path(name).read_text()
    assert old in text
    Path("changed.json").write_text(text.replace(old, new, 1))
    return "changed.json"


def test_a_changed_report_is_told_from_its_replay(run: Run, app: Path) -> None:
    report = _scanned(run, app)
    milder = _changed(report, '"severity": "critical"', '"severity": "low"')

    done = run("replay", milder, "-q", "--json")

    answer = json.loads(done.out)
    assert (done.code, answer["sameness"]) == (1, "different")
    assert any(one.startswith("findings otherwise: 1") for one in answer["differences"])


def test_spaces_in_a_report_are_told(run: Run, app: Path) -> None:
    done = run("replay", _changed(_scanned(run, app), "{\n", "{ \n"), "-q")

    assert done.code == 1
    assert "the same in other bytes" in done.out


def test_another_version_of_the_tool_is_no_comparison(run: Run, app: Path) -> None:
    older = _changed(_scanned(run, app), '"tool_version": "', '"tool_version": "0.0.0.')

    done = run("replay", older, "-q")

    assert done.code == 3
    assert "install that version" in done.out


def test_a_missing_policy_is_told(run: Run, app: Path) -> None:
    Path("ours.yaml").write_text(
        'scantling: policy/1\nname: ours\ndescription: Ours.\nowner: "@x/y"\nrules:\n'
        '  - id: open\n    when: "true"\n    action: warn\n    reason: It is open.\n'
    )
    done = run("scan", app, "-q", "--policy", "ours.yaml", "--format", "json=report.json")
    assert done.code != 2, done.err

    again = run("replay", "report.json", "-q")

    assert again.code == 3
    assert "give --policy for" in again.out
    assert run("replay", "report.json", "-q", "--policy", "ours.yaml").code == 0


def test_a_missing_database_has_its_own_code(run: Run, app: Path) -> None:
    report = _scanned(run, app)
    digest = json.loads(Path(report).read_text())["report"]["database"]["digest"]

    done = run("replay", _changed(report, digest, "sha256:" + "0" * 64), "-q")

    assert done.code == 5
    assert "bring that version here" in done.err


def test_another_image_under_the_same_name_is_told(run: Run, app: Path) -> None:
    report = _scanned(run, "app")
    app.rename("old")
    FIXED.write_layout(Path("app"))

    done = run("replay", report, "-q")

    assert done.code == 4
    assert "name the image with --image" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"profile": "standard"', '"profile": "odd"', "option that is not known"),
        ('"created": "2', '"created": "x2', "not a time"),
    ],
)
def test_a_report_that_cannot_be_replayed_says_why(
    run: Run, app: Path, old: str, new: str, said: str
) -> None:
    text = Path(_scanned(run, app)).read_text()
    at = text.rindex(old) if "profile" in old else text.index(old)
    Path("changed.json").write_text(text[:at] + new + text[at + len(old) :])

    done = run("replay", "changed.json", "-q")

    assert done.code == 2
    assert said in done.err
