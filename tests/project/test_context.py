"""`.scantling.yaml` becomes a project, or says where it is wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import UsageError
from scantling.core.model.context import Context, Criticality, Exposure
from scantling.project.context import Project, read_project

FILE = b"""\
version: 1
product: shop
team: payments
criticality: high
exposure: internet
environment: production
owners: ["@example/payments"]
baseline: reports/main.json
policies:
  - policies/base.yaml
exceptions: exceptions.yaml
vex: [vex/shop.json]
images:
  - name: registry.example.com/shop/worker
    dockerfile: worker/Dockerfile
    target: final
    exposure: internal
    build-args:
      TAG: 12-slim
  - name: registry.example.com/shop/*
"""


def test_a_file_says_what_the_project_and_its_images_are() -> None:
    project = read_project(FILE)

    assert project.context == Context(
        product="shop",
        team="payments",
        criticality=Criticality.HIGH,
        exposure=Exposure.INTERNET,
        environment="production",
        owners=("@example/payments",),
    )
    assert (project.baseline, project.policies) == ("reports/main.json", ("policies/base.yaml",))
    assert (project.exceptions, project.vex) == ("exceptions.yaml", ("vex/shop.json",))
    worker = project.images[0]
    assert (worker.dockerfile, worker.target, worker.line) == ("worker/Dockerfile", "final", 14)
    assert worker.arguments == (("TAG", "12-slim"),)


def test_the_first_rule_that_names_an_image_counts() -> None:
    project = read_project(FILE)

    worker = project.context_of("registry.example.com/shop/worker:1.2")
    web = project.context_of("registry.example.com/shop/web@sha256:" + "0" * 64)

    assert (worker.exposure, worker.product) == (Exposure.INTERNAL, "shop")
    assert web.exposure is Exposure.INTERNET
    assert project.image("example.com/other") is None
    assert project.context_of("example.com/other") == project.context


@pytest.mark.parametrize(
    ("pattern", "reference", "named"),
    [
        ("nginx", "docker.io/library/nginx:1.25", True),
        ("nginx", "nginx", True),
        ("nginx:1.25", "nginx:1.25", True),
        ("nginx:1.25", "nginx:1.26", False),
        ("registry.example.com/*/web", "registry.example.com/shop/web:1", True),
        ("registry.example.com/*", "registry.example.com/shop/web", False),
        ("registry.example.com/**", "registry.example.com/shop/web", True),
        ("localhost:5000/a", "localhost:5000/a:1", True),
        ("out/*.tar", "out/shop.tar", True),
        ("nginx", "example.com/nginx", False),
    ],
)
def test_a_rule_names_images(pattern: str, reference: str, named: bool) -> None:  # noqa: FBT001
    project = read_project(f"images: [{{name: '{pattern}'}}]".encode())

    assert (project.image(reference) is not None) is named


def test_nothing_said_is_nothing_known() -> None:
    assert read_project(b"# later\n") == Project(path=".scantling.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product: a\ncriticality: huge", "x.yaml:2: criticality: invalid enum value 'huge'"),
        ("product: a\nexposre: internet", "did you mean 'exposure'?"),
        ("images:\n  - dockerfile: a", "x.yaml:2: images[0]: missing required field 'name'"),
        ("images:\n- name: ' '", "x.yaml:2: the name is empty; write the image's repository"),
        ("images:\n- name: a\n  dockerfile: ../b", "x.yaml:3: '../b' is not a path inside"),
        ("policies:\n- a\n- /etc/passwd", "x.yaml:3: '/etc/passwd' is not a path inside"),
        ("vex: ['~/a']", "x.yaml:1: '~/a' is not a path inside"),
        ("exceptions: 'C:\\a'", "is not a path inside"),
        ("owners: a", "x.yaml:1: owners: expected"),
        ("product: 1", "x.yaml:1: product: expected"),
        ("version: 2", "x.yaml:1: version: invalid"),
        ("a: [", "x.yaml:1"),
        ("owners: [" + "a, " * 1001 + "]", "x.yaml:1: 1001 owners; at most 1000"),
    ],
)
def test_an_error_says_file_line_what_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_project(text.encode(), name="x.yaml")

    assert message in str(raised.value)
    assert ";" in str(raised.value)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(FILE.decode().split("\n")) | st.text(max_size=5), max_size=12).map(
        "\n".join
    )
    | st.binary(max_size=30).map(lambda data: data.decode("latin-1"))
)
def test_any_file_is_a_project_or_an_error(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    said = ""
    project = Project()

    try:
        project = read_project(data)
    except UsageError as error:
        said = str(error)

    assert not said or said.startswith(".scantling.yaml:")
    assert all(".." not in path.split("/") for path in project.policies)


def test_the_example_of_the_manual_is_a_project() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "project-file.md"
    example = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]

    project = read_project(example.encode())

    assert project.context.criticality is Criticality.HIGH
    assert [image.name for image in project.images] == [
        "registry.example.com/shop/worker",
        "registry.example.com/shop/*",
    ]
