"""Plain data -> the one YAML text that a form writes for it; `reading.read` gives the same data back, to the last digit.

Pure. Comments and layout of an uploaded text aren't kept: who wants those uploads the text itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from governance.policies.reading import is_no_number, plain

_SAFE: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_ ./()?'-]*[A-Za-z0-9)?])?\Z")
"""Words that mean themselves without quotes anywhere, also between brackets."""


def write(data: Mapping[str, Any]) -> str:
    """The text of a policy, keys in the order in which they are given."""
    return "\n".join(_lines(data, 0)) + "\n"


def _lines(data: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in data.items():
        name = f"{indent}{_scalar(str(key))}:"
        if isinstance(value, Mapping) and (
            depth == 0 or any(isinstance(item, Mapping) for item in value.values())
        ):
            if depth == 0 and value:
                yield ""
            yield name if value else f"{name} {{}}"
            yield from _lines(value, depth + 1)
        elif isinstance(value, Mapping) and depth == 1:
            yield name if value else f"{name} {{}}"
            yield from _lines(value, depth + 1)
        elif _is_list(value) and not _fits(value):
            yield name
            yield from (f"{indent}  - {_flow(item)}" for item in value)
        else:
            yield f"{name} {_flow(value)}"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _fits(value: Sequence[Any]) -> bool:
    """Whether a list is short words that read well in one line."""
    if any(isinstance(item, Mapping) for item in value):
        return False
    return all(" " not in str(item) or len(str(item)) < 20 for item in value) or not value


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _SAFE.match(text) and plain(text) == text and not is_no_number(text):
        return text
    return json.dumps(text, ensure_ascii=False)
