"""The files that people copy: valid by the publishers' schemas, pinned, without secrets."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml_rs

ROOT = Path(__file__).parents[2]
FILES = ROOT / "integrations"
SCHEMAS = ROOT / "tests" / "schemas" / "ci"
ACTION = FILES / "github" / "action.yml"
BASH = shutil.which("bash")

SCHEMA_OF = {
    "github/action.yml": "github-actions",
    "github/example.yml": "github-workflows",
    "gitlab/templates/scantling.yml": "gitlab-ci",
    "gitlab/example.gitlab-ci.yml": "gitlab-ci",
    "azure/azure-pipelines.yml": "azure-pipelines",
    "azure/scantling.yml": "azure-pipelines",
    "circleci/config.yml": "circle-ci",
    "circleci/orb.yml": "circle-ci",
    "bitbucket/bitbucket-pipelines.yml": "bitbucket-pipelines",
}


def documents(path: Path) -> list[Any]:
    """Return the YAML documents of a file."""
    text = path.read_text(encoding="utf-8")
    return [yaml_rs.loads(part) for part in re.split(r"(?m)^---$", text)]


def checked(name: str, value: Any) -> list[str]:
    """Return what a publisher's schema has against a value."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    found = jsonschema_rs.validator_for(schema).iter_errors(value)
    return [f"{'/'.join(map(str, one.instance_path))}: {one.message[:200]}" for one in found]


def as_azure_reads(value: Any) -> Any:
    """Azure Pipelines reads every scalar as text, and chooses parts of lists by `${{ if … }}`."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case list():
            return [part for one in value for part in chosen(one)]
        case dict():
            merged: dict[str, Any] = {}
            for key, one in value.items():
                if key.startswith("${{ if"):
                    merged |= as_azure_reads(one)
                else:
                    merged[key] = as_azure_reads(one)
            return merged
        case _:
            return value


def chosen(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and next(iter(value)).startswith("${{ if"):
        [parts] = value.values()
        yield from map(as_azure_reads, parts)
    else:
        yield as_azure_reads(value)


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from strings(one)
        case dict():
            for key, one in value.items():
                yield from (key, *strings(one))
        case _:
            return


def all_files() -> list[Path]:
    return sorted(path for path in FILES.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", SCHEMA_OF)
def test_a_file_is_valid_by_the_publishers_schema(name: str) -> None:
    *_, value = documents(FILES / name)
    if SCHEMA_OF[name] == "azure-pipelines":
        value = as_azure_reads(value)

    assert checked(SCHEMA_OF[name], value) == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("github-actions", {"name": "x", "runs": {"using": "composite", "steps": [{"ran": "x"}]}}),
        ("github-workflows", {"on": "push", "jobs": {"a": {"runs_on": "x", "steps": []}}}),
        ("gitlab-ci", {"job": {"script": ["x"], "artefacts": {}}}),
        ("azure-pipelines", {"jobs": [{"job": "a", "step": []}]}),
        ("circle-ci", {"version": 2.1, "jobs": {"a": {"docker": [{"img": "x"}], "steps": []}}}),
        ("bitbucket-pipelines", {"pipelines": {"default": [{"step": {"script": "x"}}]}}),
    ],
)
def test_a_schema_refuses_what_is_wrong(schema: str, value: Any) -> None:
    assert checked(schema, value)


_USES = re.compile(r"[A-Za-z0-9_./-]+@[0-9a-f]{40}")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def test_actions_are_pinned_by_commit_with_their_version_beside() -> None:
    for path in (ACTION, FILES / "github" / "example.yml"):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if "uses:" in line:
                used, _, version = line.partition("uses:")[2].partition("#")
                assert _USES.fullmatch(used.strip()), line
                assert version.strip(), line


def test_images_are_pinned_by_digest_or_chosen_by_the_user() -> None:
    keys = re.compile(r"^\s*(?:- )?(?:image|container|FROM)(?:[: ]+|\s+)(?P<value>\S.*)$")
    seen = 0
    for path in all_files():
        for line in path.read_text(encoding="utf-8").split("\n"):
            found = keys.match(line)
            if not found or "scantling@" not in found["value"]:
                continue
            seen += 1
            assert _DIGEST.search(found["value"].strip("'\"")), f"{path.name}: {line}"
    assert seen >= 5
    text = (FILES / "container" / "Dockerfile").read_text(encoding="utf-8")
    assert "ARG PYTHON\nFROM ${PYTHON}" in text, "no default that is not pinned"


def test_the_workflow_asks_for_no_more_than_it_needs() -> None:
    [workflow] = documents(FILES / "github" / "example.yml")

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in (FILES / "github" / "example.yml").read_text("utf-8")
    for job in workflow["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert {*job["permissions"]} == {
            "checks",
            "contents",
            "pull-requests",
            "security-events",
        }


def test_no_secret_is_needed_or_read_by_default() -> None:
    [action] = documents(ACTION)

    assert action["inputs"]["token"]["default"] == ""
    assert "secrets." not in ACTION.read_text(encoding="utf-8")
    assert "github.token" not in ACTION.read_text(encoding="utf-8")


def scripts() -> Iterator[tuple[str, str]]:
    """Yield (where, text) of everything that a shell runs."""
    for path in all_files():
        if path.suffix not in {".yml", ".yaml"}:
            continue
        for document in documents(path):
            yield from ((path.name, text) for text in _scripts(document))


def _scripts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _scripts(one)
    if isinstance(value, dict):
        for key, one in value.items():
            if key in {"run", "script", "command"} and not isinstance(one, dict):
                yield from strings(one)
            elif isinstance(one, dict | list):
                yield from _scripts(one)


def test_no_value_is_pasted_into_a_script() -> None:
    """`${{ … }}` and `$(params.…)` in a script are replaced before the shell reads it."""
    seen = [*scripts()]

    assert len(seen) > 10
    for where, text in seen:
        if where == "scantling.yml" and "$[[" in text:
            continue  # inputs of the GitLab component: written by whoever writes the pipeline
        assert not re.search(r"\$\{\{|<<[ ]*parameters|\$\((?:params|results)\.", text), text


@pytest.mark.skipif(BASH is None, reason="bash is not installed: scripts were NOT checked")
def test_scripts_are_of_the_shells_language() -> None:
    for where, text in scripts():
        done = subprocess.run(
            [str(BASH), "-n"], input=text, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, f"{where}: {done.stderr}"


@pytest.mark.skipif(BASH is None, reason="bash is not installed: the action was NOT run")
def test_the_actions_script_scans_and_takes_hostile_words_as_words(tmp_path: Path) -> None:
    [action] = documents(ACTION)
    [script] = [one["run"] for one in action["runs"]["steps"] if one.get("id") == "scan"]
    venv = tmp_path / "temp" / "scantling" / "bin"
    venv.mkdir(parents=True)
    (venv / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (venv / "python").chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    (work / "msgspec.py").write_text("raise SystemExit('a module of the workspace')\n", "utf-8")
    words = ["--image-name", "$(touch owned)`touch owned`", "", "--allow-incomplete"]

    done = subprocess.run(
        [str(BASH), "-c", script],
        cwd=work,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION.parent),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_REPOSITORY": "example/shop",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "SCANTLING_ARGUMENTS": "\n".join([*words, "advisories.stale"]),
            "SCANTLING_FAIL_ON": "",
            "SCANTLING_GITHUB_TOKEN": "",
            "SCANTLING_IMAGE": str(ROOT / "examples" / "shop.tar"),
            "SCANTLING_REPORTS": "my reports",
        },
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode in {0, 3, 5}, done.stderr
    assert (work / "my reports" / "scantling.sarif").is_file()
    assert not (work / "owned").exists()
    exported = (tmp_path / "output").read_text(encoding="utf-8")
    assert f"exit-code={done.returncode}\n" in exported
    report = json.loads((work / "my reports" / "scantling.json").read_text(encoding="utf-8"))
    assert "advisories.stale" in str(report["report"]["verdict"])


def test_the_outputs_of_the_action_are_those_that_the_command_exports() -> None:
    [action] = documents(ACTION)
    named = {
        one["value"].removeprefix("${{ steps.scan.outputs.").removesuffix(" }}")
        for one in action["outputs"].values()
    }

    assert named == {"verdict", "exit-code", "sarif", "report"}


def test_files_that_pipelines_store_are_those_that_the_command_writes() -> None:
    from scantling.ci.registry import SYSTEMS  # noqa: PLC0415

    named = {
        "gitlab": "gitlab/templates/scantling.yml",
        "jenkins": "jenkins/Jenkinsfile",
        "azure": "azure/scantling.yml",
        "circleci": "circleci/orb.yml",
        "tekton": "tekton/task.yaml",
    }
    stored = re.compile(r"(?:scantling-reports|\$REPORTS)/(?P<file>[a-z-]+(?:\.[a-z]+)?)\b")
    for system, name in named.items():
        files = {one.file for one in SYSTEMS[system].outputs if one.file}
        files |= {one.partition("/")[0] for one in files}
        text = (FILES / name).read_text(encoding="utf-8")
        found = {one["file"] for one in stored.finditer(text)}
        assert found, name
        assert found <= files, f"{name}: {found - files}"


def test_a_jenkins_step_never_pastes_a_variable_into_a_shell() -> None:
    text = (FILES / "jenkins" / "Jenkinsfile").read_text(encoding="utf-8")

    assert re.findall(r"\bsh[ (]+(?P<quote>.)", text) == ["'", "'"]
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")


def test_the_tekton_task_uses_what_it_declares() -> None:
    [task] = documents(FILES / "tekton" / "task.yaml")
    spec = task["spec"]
    declared = {
        *(f"params.{one['name']}" for one in spec["params"]),
        *(f"results.{one['name']}.path" for one in spec["results"]),
        *(f"workspaces.{one['name']}.path" for one in spec["workspaces"]),
    }
    used = {name for text in strings(spec) for name in re.findall(r"\$\(([a-z.-]+)\)", text)}

    assert used == declared
    assert task["apiVersion"] == "tekton.dev/v1"
    security = spec["stepTemplate"]["securityContext"]
    assert security["runAsNonRoot"]
    assert not security["allowPrivilegeEscalation"]
    mounts = {one["name"] for one in spec["stepTemplate"]["volumeMounts"]}
    assert mounts == {one["name"] for one in spec["volumes"]}


def test_variables_that_files_set_are_read_by_the_command() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "src" / "scantling").rglob("*.py")
    )
    ours = {"SCANTLING_ARGUMENTS", "SCANTLING_REPORTS", "SCANTLING_PYTHON"}  # of the action itself
    for path in all_files():
        for name in set(re.findall(r"SCANTLING_[A-Z_]+", path.read_text(encoding="utf-8"))) - ours:
            short = name.removeprefix("SCANTLING_").removeprefix("CI_")
            assert f'"{short}"' in source or f'"{name}"' in source, f"{path.name}: {name}"


def test_the_hooks_of_pre_commit_are_commands_that_there_are() -> None:
    from scantling.cli.main import COMMANDS  # noqa: PLC0415

    [hooks] = documents(ROOT / ".pre-commit-hooks.yaml")

    assert [one["id"] for one in hooks] == ["scantling-policy", "scantling-scan"]
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= {*hook}
        program, command, *_ = hook["entry"].split(" ")
        assert program == "scantling"
        assert command in COMMANDS
        assert hook["language"] == "python"
    files = re.compile(hooks[0]["files"])
    for path in (".scantling.yaml", "team/policy.yaml", "shop/exceptions-2026.yml"):
        assert files.search(path), path
    assert not files.search("src/main.py")


@pytest.mark.oracle
@pytest.mark.skipif(
    shutil.which("zizmor") is None, reason="zizmor is not installed: actions were NOT audited"
)
def test_zizmor_finds_nothing_in_the_action_and_the_workflow(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    shutil.copy(FILES / "github" / "example.yml", workflows / "scan.yml")

    done = subprocess.run(
        ["zizmor", "--offline", "--persona", "pedantic", str(ACTION), str(workflows / "scan.yml")],
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("ci-github", ["integrations/github/example.yml"]),
        (
            "ci-gitlab",
            [
                "integrations/gitlab/example.gitlab-ci.yml",
                "integrations/gitlab/templates/scantling.yml",
            ],
        ),
        ("ci-jenkins", ["integrations/jenkins/Jenkinsfile"]),
        (
            "ci-azure",
            ["integrations/azure/azure-pipelines.yml", "integrations/azure/scantling.yml"],
        ),
        ("ci-circleci", ["integrations/circleci/config.yml", "integrations/circleci/orb.yml"]),
        ("ci-bitbucket", ["integrations/bitbucket/bitbucket-pipelines.yml"]),
        ("ci-tekton", ["integrations/tekton/task.yaml"]),
        ("ci-pre-commit", [".pre-commit-hooks.yaml"]),
    ],
)
def test_the_manual_shows_the_files_that_are_checked(page: str, files: list[str]) -> None:
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8")

    for file in files:
        content = (ROOT / file).read_text(encoding="utf-8")
        assert f"\n{content}```\n" in text, f"{page}.md shows another {file}"
    assert f"({page}.md)" in (ROOT / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")
