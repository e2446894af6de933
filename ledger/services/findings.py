"""What a self-audit finds, collected so that a badly broken log doesn't fill the memory.

Everything is verified and everything is counted; only the list of what is shown ends somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `kind`: changed, missing, inserted, reordered, truncated, bad signature, state, trigger, pending,
    personal. `where`: the table or kind of row with its key. `index`: place in the log, where there is one.
    """

    kind: str
    where: str
    message: str
    index: int | None = None

    def text(self) -> str:
        """One line for a terminal or a log."""
        return f"{self.where}: {self.kind}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind, "where": self.where, "message": self.message, "index": self.index}


@dataclass
class Findings:
    """The first thousand findings and the number of all."""

    shown: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, kind: str, where: str, message: str, index: int | None = None) -> None:
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(Finding(kind, where, message, index))

    def extend(self, found: Iterable[Finding]) -> None:
        for finding in found:
            self.add(finding.kind, finding.where, finding.message, finding.index)
