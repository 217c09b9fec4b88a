"""The one way to read YAML in advisory feeds: bounded, without tags, dates stay text.

`yaml-rs` caps nesting itself. Aliases are capped here because a few hundred bytes of them can
expand to gigabytes ("billion laughs"); real advisories use none.
"""

from typing import Final, TypeVar

import msgspec
import yaml_rs

from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT

T = TypeVar("T")

_ALIASES: Final = yaml_rs.AliasLimits(
    max_total_replayed_events=100_000,
    max_replay_stack_depth=16,
    max_alias_expansions_per_anchor=1_000,
)


def from_yaml(data: bytes, type_: type[T], *, what: str = "document") -> T:
    """Return one YAML 1.2 document as `type_`; integers may stand for texts of digits.

    A float where a text is expected is refused: `1.10` has lost its zero before we see it.
    Raises InputError (`advisories.record`) with the place of the mistake.
    """
    if len(data) > DEFAULT.yaml_bytes:
        raise InputError("limit.file", f"{what} is larger than allowed", limit="yaml_bytes")
    try:
        value = yaml_rs.loads(data.decode("utf-8"), parse_datetime=False, alias_limits=_ALIASES)
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise InputError("advisories.record", f"{what}: {error}") from error
    except yaml_rs.YAMLDecodeError as error:
        raise InputError("advisories.record", f"{what}: {_first_line(error)}") from error
    # TypeError: an unhashable mapping key, which yaml-rs does not catch; UnicodeDecodeError and
    # RecursionError: what the names say.
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError("advisories.record", f"{what} is not YAML ({error})") from error


def to_json(data: bytes, *, what: str = "document") -> bytes:
    """Return one YAML document as JSON, for a format that exists in both. Raises InputError."""
    value = from_yaml(data, object, what=what)
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InputError("advisories.record", f"{what} has no JSON form ({error})") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
