"""A forge made from its API's description: it refuses what the description does not allow.

Every request must be an operation of the description, with its required query parameters and no
others, and a body that its schema accepts and that has no member the schema does not name. Every
answer is the description's example with what the request changed, checked by the answer's schema.
What is created is listed, edited and removed later.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs

_DESCRIPTIONS = Path(__file__).parent / "descriptions"

Hook = Callable[[str, str, Any], httpx2.Response | None]


class MockForge:
    """One forge, called like an HTTP server: `httpx2.MockTransport(forge)`.

    `prefix` is the path of the API. `me` are the members that say who writes. `items` are what was
    created, by the collection's path. `hooks` see (method, path, body) first and may answer.
    """

    def __init__(self, name: str, *, prefix: str = "", me: dict[str, Any] | None = None) -> None:
        text = (_DESCRIPTIONS / f"{name}.json").read_text(encoding="utf-8")
        self._described = json.loads(text)
        self._prefix = prefix
        self._me = me or {}
        self._paths = {_pattern(path): path for path in self._described["paths"]}
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.hooks: list[Hook] = []
        self._next = 1000

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        raw = request.url.raw_path.decode().partition("?")[0]
        assert raw.startswith(self._prefix), raw
        assert request.headers["authorization"].startswith("Bearer "), "no token"
        path, method = raw.removeprefix(self._prefix), request.method.lower()
        body = json.loads(request.read()) if request.read() else None
        operation = self._operation(path, method)
        self._check_query(operation, {*request.url.params})
        self._check_body(operation, body, f"{method} {path}")
        self.calls.append((method, path, body))
        for hook in self.hooks:
            answer = hook(method, path, body)
            if answer is not None:
                return answer
        return self._answer(operation, method, path, body, dict(request.url.params))

    def changes(self) -> list[tuple[str, str]]:
        """Return (method, path) of everything but reading."""
        return [(method, path) for method, path, _ in self.calls if method != "get"]

    def plant(self, path: str, **members: Any) -> dict[str, Any]:
        """Put an item by somebody else into a collection."""
        item = {**self._example("get", path), **members, "id": self._new_id()}
        self.items.setdefault(path, []).append(item)
        return item

    def _operation(self, path: str, method: str) -> dict[str, Any]:
        for pattern, name in self._paths.items():
            if pattern.fullmatch(path) and method in self._described["paths"][name]:
                found: dict[str, Any] = self._described["paths"][name][method]
                return found
        raise AssertionError(f"the description has no {method} {path}")

    def _check_query(self, operation: dict[str, Any], given: set[str]) -> None:
        known = [self._resolved(one) for one in operation["parameters"]]
        wanted = [one for one in known if one["in"] == "query"]
        assert given <= {one["name"] for one in wanted}, f"unknown query: {given}"
        assert {one["name"] for one in wanted if one.get("required")} <= given, "query is missing"

    def _check_body(self, operation: dict[str, Any], body: Any, where: str) -> None:
        described = operation.get("requestBody")
        if described is None:
            assert body is None, f"{where}: there must be no body"
            return
        schema = described["application/json"]
        self._validate(schema, body, where)
        if isinstance(body, dict):
            unknown = {*body} - {*self._members(schema)}
            assert not unknown, f"{where}: the API has no {sorted(unknown)}"

    def _members(self, schema: dict[str, Any]) -> Iterator[str]:
        schema = self._resolved(schema)
        yield from schema.get("properties", {})
        for kind in ("allOf", "anyOf", "oneOf"):
            for one in schema.get(kind, []):
                yield from self._members(one)

    def _validate(self, schema: dict[str, Any], value: Any, where: str) -> None:
        errors = self._errors(schema, value)
        assert not errors, f"{where}: {errors}"

    def _errors(self, schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": self._described["components"]}
        return [
            f"{one.message[:300]} at {'/'.join(str(part) for part in one.instance_path)}"
            for one in jsonschema_rs.validator_for(whole).iter_errors(value)
        ]

    def _answer(
        self, operation: dict[str, Any], method: str, path: str, body: Any, query: dict[str, str]
    ) -> httpx2.Response:
        [(status, answer)] = operation["responses"].items()
        if method == "delete":
            collection, item = self._item(path)
            self.items[collection].remove(item)
            return httpx2.Response(int(status))
        if "schema" not in answer:
            return httpx2.Response(int(status))
        content = self._content(answer, method, path, body, query)
        # Publishers' own examples break their schemas here and there; only what we added counts.
        known = self._errors(answer["schema"], answer["example"])
        wrong = [one for one in self._errors(answer["schema"], content) if one not in known]
        assert not wrong, f"answer to {method} {path}: {wrong}"
        return httpx2.Response(int(status), json=content)

    def _content(
        self, answer: dict[str, Any], method: str, path: str, body: Any, query: dict[str, str]
    ) -> Any:
        example: Any = answer["example"]
        if method == "get":
            wrapper = _wrapper(example)
            if wrapper is None and not isinstance(example, list):
                return {**example, **self._me} if path == "/user" else example
            size = int(query.get("per_page", query.get("pagelen", "1000")))
            start = (int(query.get("page", "1")) - 1) * size
            found = self.items.get(path, [])[start : start + size]
            return found if wrapper is None else {**example, wrapper: found}
        if method == "post" and isinstance(example, dict) and isinstance(example.get("id"), int):
            # What is new has only the members of lists that the request gives it.
            new = {key: [] if isinstance(one, list) else one for key, one in example.items()}
            item = {**new, **self._who(example), **_merged(example, body), "id": self._new_id()}
            self.items.setdefault(path, []).append(item)
            return item
        if method in {"patch", "put"} and any(self._found(path)):
            _, item = self._item(path)
            item |= _merged(item, body)
            return item
        return example

    def _who(self, example: dict[str, Any]) -> dict[str, Any]:
        return {
            name: {**example[name], **self._me} for name in ("user", "author") if name in example
        }

    def _item(self, path: str) -> tuple[str, dict[str, Any]]:
        return next(self._found(path))

    def _found(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        *parents, name = path.split("/")
        for collection, items in self.items.items():
            for item in items:
                if name in {str(item.get(key)) for key in ("id", "number", "iid")}:
                    yield collection, item
                elif str(item["id"]) in parents:  # a comment of a thread
                    for part in item.get(parents[-1], []):
                        if str(part["id"]) == name:
                            yield collection, part

    def _example(self, method: str, path: str) -> dict[str, Any]:
        [answer] = self._operation(path, method)["responses"].values()
        example = answer["example"]
        wrapper = _wrapper(example)
        [first, *_] = example if wrapper is None else example[wrapper]
        assert isinstance(first, dict)
        return first

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            _, group, name = value["$ref"].removeprefix("#/").split("/")
            value = self._described["components"][group][name]
        return value

    def _new_id(self) -> int:
        self._next += 1
        return self._next


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path; a reference or path at its end has slashes."""
    text = re.escape(path).replace(r"\{ref\}", ".+").replace(r"\{artifact_path\}", ".+")
    return re.compile(re.sub(r"\\\{[A-Za-z_]+\\\}", "[^/]+", text))


def _wrapper(example: Any) -> str | None:
    """Return the member that holds the items of a page, None for a plain list."""
    if not isinstance(example, dict):
        return None
    return next((one for one in ("values", "value") if isinstance(example.get(one), list)), None)


def _merged(item: dict[str, Any], body: Any) -> dict[str, Any]:
    """Return the members of the request that the item has in the same shape."""
    if not isinstance(body, dict):
        return {}
    merged: dict[str, Any] = {}
    for name, value in body.items():
        old = item.get(name)
        if name not in item or isinstance(old, dict) != isinstance(value, dict):
            continue
        if isinstance(old, list) and old and isinstance(value, list) and isinstance(old[0], dict):
            merged[name] = [{**old[0], **one} for one in value]
        else:
            merged[name] = {**old, **value} if isinstance(old, dict) else value
    return merged
