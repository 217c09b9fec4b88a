"""Write the JSON schema of the native report from the types that make it: docs/schema/.

python tools/schema.py          write it
python tools/schema.py --check  exit 1 if the committed one is not what the types say
"""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from scantling.core.model.report import SCHEMA_VERSION
from scantling.reports.formats.json import Document

FOLDER = Path(__file__).parent.parent / "docs" / "schema"


def schema() -> str:
    """Return the schema as text."""
    body = _cleaned(msgspec.json.schema(Document))
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Scantling report {SCHEMA_VERSION}",
    }
    return msgspec.json.format(msgspec.json.encode({**head, **body}), indent=2).decode() + "\n"


def _cleaned(value: object) -> Any:
    """Return the value with docstrings dedented, as Python 3.13 and later keep them."""
    match value:
        case dict():
            return {
                key: cleandoc(one)
                if key == "description" and isinstance(one, str)
                else _cleaned(one)
                for key, one in value.items()
            }
        case list():
            return [_cleaned(one) for one in value]
        case _:
            return value


def main() -> int:
    """Write or check; return the exit code."""
    path = FOLDER / f"report-{SCHEMA_VERSION}.json"
    if "--check" in sys.argv:
        same = path.exists() and path.read_text(encoding="utf-8") == schema()
        print(f"{path.name}: {'as the types say' if same else 'stale, run make schema'}")
        return 0 if same else 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
