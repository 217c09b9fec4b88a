"""Manifests are read as the cluster would; what cannot be read is said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.conditions.manifests import MANIFEST_BYTES, read_manifests
from scantling.assess.conditions.workloads import Container, Manifests

_HELM = b"""\
---
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {name: web, creationTimestamp: null}
spec:
  type: NodePort
  selector: {app: shop}
  ports: [{port: 80, targetPort: http}]
---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  creationTimestamp: null
spec:
  template:
    metadata:
      labels: {app: shop, tier: front}
      annotations:
        container.apparmor.security.beta.kubernetes.io/app: runtime/default
    spec:
      securityContext: {runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      initContainers:
        - {name: setup, image: "registry.example.com/shop:1", securityContext: {runAsUser: 0}}
      containers:
        - name: app
          image: registry.example.com/shop:1
          command: null
          args: [--port, "80"]
          env:
            - {name: A, value: "1"}
            - {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}
          ports: [{containerPort: 80}]
          securityContext:
            capabilities: {drop: [ALL], add: [CAP_NET_BIND_SERVICE]}
status: {}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{http: {paths: [{backend: {service: {name: web}}}]}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {image: not an image field}
"""


def _only(text: str) -> Container:
    [container] = read_manifests([("a.yaml", text.encode())]).containers
    return container


def test_the_output_of_helm_is_read() -> None:
    found = read_manifests([("helm.yaml", _HELM)])

    app, setup = found.containers
    assert app == Container(
        place="Deployment web, container app",
        image="registry.example.com/shop:1",
        arguments=("--port", "80"),
        environment=(("A", "1"), ("B", None)),
        ports=(80,),
        outside=("Service web (NodePort)", "Ingress to Service web"),
        user=1000,
        added=frozenset({"NET_BIND_SERVICE"}),
        dropped=frozenset({"ALL"}),
        seccomp="RuntimeDefault",
        apparmor="runtime/default",
    )
    assert (setup.place, setup.user, setup.seccomp) == (
        "Deployment web, container setup",
        0,
        "RuntimeDefault",
    )


@pytest.mark.parametrize(
    "kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout"]
)
def test_everything_with_a_pod_template_runs_containers(kind: str) -> None:
    found = _only(
        f"{{kind: {kind}, metadata: {{name: n, namespace: x}},"
        " spec: {template: {spec: {containers: [{name: c, image: i}]}}}}"
    )

    assert found.place == f"{kind} n of x, container c"


def test_a_cron_job_has_its_template_deeper() -> None:
    pod = "{template: {spec: {containers: [{name: c, image: i}]}}}"

    found = _only(
        f"{{kind: CronJob, metadata: {{name: n}}, spec: {{jobTemplate: {{spec: {pod}}}}}}}"
    )

    assert found.image == "i"


def test_a_list_holds_documents() -> None:
    pod = "{kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}"

    found = read_manifests([("l.yaml", f"{{kind: List, items: [{pod}, {pod}]}}".encode())])

    assert len(found.containers) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("kind: Deployment\nspec: {{ .Values.spec }}\n", id="a_template_of_helm"),
        pytest.param("{{- if .Values.x }}\nkind: Pod\n{{- end }}\n", id="template_syntax"),
        pytest.param("kind: Pod\nspec: {}\n", id="no_containers"),
        pytest.param("kind: Pod\nspec: {containers: [{name: c, image: 3}]}\n", id="odd_type"),
        pytest.param(
            "kind: Pod\nspec: {containers: [{name: c, securityContext: {privileged: 'yes'}}]}\n",
            id="text_for_a_boolean",
        ),
        pytest.param("kind: Database\nspec: {server: {image: x}}\n", id="an_operator's_own_kind"),
        pytest.param("apiVersion: v1\n", id="no_kind"),
        pytest.param("- a\n- b\n", id="a_list"),
        pytest.param("kind: Pod\nkind: Pod\n", id="a_key_twice"),
        pytest.param("a: &a [*a]", id="an_endless_alias"),
    ],
)
def test_what_may_run_containers_and_cannot_be_read_is_said(text: str) -> None:
    found = read_manifests([("bad.yaml", text.encode())])

    assert found.containers == ()
    assert all(one.reason.startswith("bad.yaml") for one in found.unread)
    assert found.unread


def test_a_bad_document_does_not_hide_the_others_in_its_file() -> None:
    pod = "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n"

    found = read_manifests([("a.yaml", f"kind: Pod\n---\n{pod}".encode())])

    assert (len(found.containers), len(found.unread)) == (1, 1)


def test_a_file_that_is_too_long_is_not_read() -> None:
    found = read_manifests([("big.yaml", b"#" * (MANIFEST_BYTES + 1))])

    assert "larger than" in found.unread[0].reason


def test_other_namespaces_and_selectors_do_not_reach_a_pod() -> None:
    services = (
        "kind: Service\nmetadata: {namespace: x}\nspec: {type: NodePort, selector: {app: a}}",
        "kind: Service\nmetadata: {name: b}\nspec: {type: NodePort, selector: {app: b}}",
        "kind: Service\nmetadata: {name: c}\nspec: {type: NodePort}",
    )
    pod = (
        "kind: Pod\nmetadata: {name: p, labels: {app: a}}\n"
        "spec: {containers: [{name: c, image: i}]}"
    )

    assert _only("\n---\n".join((*services, pod))).outside == ()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_said(data: bytes) -> None:
    assert isinstance(read_manifests([("x", data)]), Manifests)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(_HELM) - 1), st.binary(max_size=2))
def test_damage_never_loses_a_container_silently(at: int, byte: bytes) -> None:
    damaged = _HELM[:at] + byte + _HELM[at + 1 :]

    found = read_manifests([("helm.yaml", damaged)])

    assert found.containers or found.unread
