"""What a command answers, and how it is printed: for a CI log, or as one JSON document.

A command either returns an `Answer` or raises `Fault`, `UsageError` or `CannotCheck`; the printing and the
exit code are the same for all of them. Nothing here knows what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from modelwarrant.errors import CannotCheck, Fault, UsageError

OK: Final = 0
FAULT: Final = 1
USAGE: Final = 2
CANNOT_CHECK: Final = 3


@dataclass(frozen=True)
class Answer:
    """The outcome of one command.

    headline: one line, starting with its word ("OK: ...", "PASS: ...", "REFUSED: ...").
    facts: label and value, one printed line each, in this order.
    document: what `--json` prints besides `code` and `headline`; JSON types only.
    code: exit code.
    """

    headline: str
    facts: Sequence[tuple[str, str]] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    code: int = OK


def from_error(error: Exception) -> Answer:
    """The answer for an error that ended a command. Unforeseen errors are "cannot be checked", never ok."""
    if isinstance(error, Fault):
        where = () if error.index is None else (("first bad index", str(error.index)),)
        document = {"verdict": "fault", "kind": error.kind, "message": error.message, "index": error.index}
        return Answer(f"FAULT: {error}", where, document, FAULT)
    if isinstance(error, UsageError):
        return Answer(f"USAGE: {error}", (), {"verdict": "usage", "message": str(error)}, USAGE)
    if isinstance(error, (CannotCheck, OSError)):
        message = str(error)
    else:
        message = f"unexpected {type(error).__name__}: {error}"
    document = {"verdict": "cannot be checked", "message": message}
    return Answer(f"CANNOT BE CHECKED: {message}", (), document, CANNOT_CHECK)


def write(answer: Answer, stream: TextIO, *, as_json: bool) -> None:
    """Print the answer: one JSON document, or a headline and aligned facts."""
    if as_json:
        document = {"code": answer.code, "headline": answer.headline, **answer.document}
        stream.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    stream.write(_one_line(answer.headline) + "\n")
    width = max((len(label) for label, _ in answer.facts), default=0)
    for label, value in answer.facts:
        stream.write(f"  {label.ljust(width)}  {_one_line(value)}\n")


def _one_line(text: str) -> str:
    """Verified bytes are still other people's bytes: no control character may reach a terminal or CI log."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
