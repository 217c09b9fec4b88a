"""Trim a publisher's OpenAPI description to the operations that our forges use.

    python tools/trim_openapi.py api.github.com.json tests/ci/descriptions/github.json

What stays: the operations below with their parameters, request and response schemas, and the first
example of each answer. What goes: words for people, and all else. `nullable` of OpenAPI 3.0 becomes
a type of JSON Schema, which is what the tests' validator reads.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

_REPO: Final = "/repos/{owner}/{repo}"
USED: Final = {
    "/user": ["get"],
    f"{_REPO}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{_REPO}/issues/comments/{{comment_id}}": ["patch", "delete"],
    f"{_REPO}/check-runs": ["post"],
    f"{_REPO}/statuses/{{sha}}": ["post"],
    f"{_REPO}/pulls": ["get", "post"],
    f"{_REPO}/pulls/{{pull_number}}": ["patch"],
    f"{_REPO}/git/ref/{{ref}}": ["get"],
    f"{_REPO}/git/refs/{{ref}}": ["patch"],
    f"{_REPO}/git/refs": ["post"],
    f"{_REPO}/git/commits": ["post"],
    f"{_REPO}/git/commits/{{commit_sha}}": ["get"],
    f"{_REPO}/git/trees": ["post"],
    f"{_REPO}/git/trees/{{tree_sha}}": ["get"],
    f"{_REPO}/git/blobs": ["post"],
}
"""The operations of GitHub that `ci/forges/github.py` calls."""

_WORDS: Final = frozenset(
    {"description", "summary", "externalDocs", "tags", "title", "example", "deprecated"}
)


class Trimmer:
    """Copies parts of a description and remembers which components they refer to."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self._whole = whole
        self.components: dict[str, dict[str, Any]] = {}

    def copied(self, value: Any, *, names: bool = False) -> Any:
        """Return the value without words; `names`: its keys are names, not keywords."""
        if isinstance(value, list):
            return [self.copied(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            self._follow(value["$ref"])
            return {"$ref": value["$ref"]}
        kept = {
            key: self.copied(one, names=key in {"properties", "headers"})
            for key, one in value.items()
            if names or not (key in _WORDS or key.startswith("x-"))
        }
        return kept if names else _without_nullable(kept)

    def operation(self, known: dict[str, Any]) -> dict[str, Any]:
        """Return parameters, request body and the first answer that means success."""
        status = min(one for one in known["responses"] if one.startswith("2"))
        kept: dict[str, Any] = {
            "parameters": self.copied(known.get("parameters", [])),
            "responses": {status: self._answer(self._resolved(known["responses"][status]))},
        }
        if "requestBody" in known:
            schema = known["requestBody"]["content"]["application/json"]["schema"]
            kept["requestBody"] = {"application/json": self.copied(schema)}
        return kept

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        content = response.get("content", {}).get("application/json")
        if content is None:
            return {}
        kept = {"schema": self.copied(content["schema"])}
        for one in content.get("examples", {}).values():
            kept["example"] = self._resolved(one)["value"]
            break
        return kept

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            value = self._at(value["$ref"])
        return value

    def _at(self, reference: str) -> dict[str, Any]:
        found = self._whole
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def _follow(self, reference: str) -> None:
        _, group, name = reference.removeprefix("#/").split("/")
        known = self.components.setdefault(group, {})
        if name not in known:
            known[name] = {}
            known[name] = self.copied(self._at(reference))


def _without_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if not schema.pop("nullable", False):
        return schema
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def main() -> None:
    """Read the first file and write the second."""
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    trimmer = Trimmer(whole)
    paths = {
        path: {method: trimmer.operation(whole["paths"][path][method]) for method in methods}
        for path, methods in USED.items()
    }
    kept = {"openapi": whole["openapi"], "paths": paths, "components": trimmer.components}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":")) + "\n"
    Path(sys.argv[2]).write_text(text, encoding="utf-8")
    print(f"{len(text):,} bytes, {len(trimmer.components.get('schemas', ()))} schemas")


if __name__ == "__main__":
    main()
