"""Trim JSON schemas of CI files to what a validator reads: words for people go.

    python tools/trim_schema.py FOLDER tests/schemas/ci

FOLDER is `check_jsonschema/builtin_schemas/vendor` of the PyPI package check-jsonschema, which
carries the publishers' schemas; provenance.toml beside the result says whose they are.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

NAMES: Final = (
    "azure-pipelines",
    "bitbucket-pipelines",
    "circle-ci",
    "github-actions",
    "github-workflows",
    "gitlab-ci",
)
_WORDS: Final = frozenset(
    {
        "default",
        "deprecationMessage",
        "description",
        "doNotSuggest",
        "examples",
        "markdownDescription",
        "title",
        "x-intellij-html-description",
    }
)
_NAMED: Final = frozenset({"$defs", "definitions", "patternProperties", "properties"})


def trimmed(value: Any, *, names: bool = False) -> Any:
    """Return the schema without words; `names`: the keys are names, not keywords."""
    if isinstance(value, list):
        return [trimmed(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: trimmed(one, names=key in _NAMED)
        for key, one in value.items()
        if names or key not in _WORDS
    }


def main() -> None:
    """Read the schemas of the first folder and write them to the second."""
    source, target = map(Path, sys.argv[1:3])
    for name in NAMES:
        schema = json.loads((source / f"{name}.json").read_text(encoding="utf-8"))
        text = json.dumps(trimmed(schema), sort_keys=True, separators=(",", ":")) + "\n"
        (target / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
