"""A plan as JSON: everything, with the whole texts of edited files."""

from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.core.model.plan import FixPlan
from scantling.reports.formats.json import inert

SCHEMA_VERSION: Final = "1.0.0"


def render(plan: FixPlan) -> Iterator[str]:
    """Yield the document, indented by two spaces. Texts are neutralized but for those of files."""
    document = {"schema_version": SCHEMA_VERSION, "plan": _members(plan)}
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _members(plan: FixPlan) -> dict[str, object]:
    bare = msgspec.structs.replace(
        plan,
        actions=tuple(msgspec.structs.replace(one, edits=()) for one in plan.actions),
    )
    members: dict[str, object] = {
        name: inert(getattr(bare, name)) for name in plan.__struct_fields__ if name != "actions"
    }
    actions = []
    for one, without in zip(plan.actions, bare.actions, strict=True):
        fields = dict(msgspec.to_builtins(without))
        made = {name: inert(value) for name, value in fields.items()}
        made["edits"] = [
            {"path": edit.path, "before": _utf8(edit.before), "after": _utf8(edit.after)}
            for edit in one.edits
        ]
        actions.append(made)
    members["actions"] = actions
    return members


def _utf8(text: str) -> str:
    """Return a file's text with undecodable bytes replaced, as JSON cannot hold them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
