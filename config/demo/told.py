"""What the demo says while it runs, and what `summary.json` keeps of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ledger import clock
from ledger.errors import ServiceError


@dataclass
class Told:
    """Progress on `out`, and the facts of the story in the order they happened."""

    out: TextIO
    began: float = field(default_factory=time.monotonic)
    versions: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    warrant: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    verification: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self.out.write(f"\n[{time.monotonic() - self.began:5.1f} s] {title}\n")
        self.out.flush()

    def line(self, text: str) -> None:
        """One thing that happened."""
        self.out.write(f"          {text}\n")
        self.out.flush()

    def happened(self, what: str, outcome: str) -> None:
        """One row of the table at the end."""
        self.events.append((what, outcome))
        self.line(f"{what}: {outcome}")

    def refused(self, what: str, who: str, error: ServiceError) -> None:
        """A refusal with every reason."""
        reasons = [dict(reason) for reason in error.reasons] or [{"code": error.code, "text": error.message}]
        self.refusals.append(
            {"what": what, "who": who, "code": error.code, "message": error.message, "reasons": reasons}
        )
        self.happened(what, f"refused ({error.code}), {len(reasons)} reason{'s' if len(reasons) > 1 else ''}")
        for reason in reasons:
            self.line(f"  - {reason['text']}")

    def warrant_status(self, status: str, ground: str = "") -> None:
        """The warrant as it stands from now on."""
        self.warrant.append({"at": clock.text(clock.now()), "status": status, "ground": ground})

    def verified(self, what: str, code: int, wanted: int, headline: str) -> None:
        """The outcome of a command that a stranger would run."""
        self.verification.append({"command": what, "exit": code, "expected": wanted, "headline": headline})
        self.line(f"{what}: exit {code}, {headline}")

    def write(self, target: Path) -> None:
        """`summary.json`."""
        document = {
            **self.facts,
            "versions": self.versions,
            "verdicts": self.verdicts,
            "refusals": self.refusals,
            "warrant_status": self.warrant,
            "verification": self.verification,
            "steps": [{"what": what, "outcome": outcome} for what, outcome in self.events],
            "seconds": round(time.monotonic() - self.began, 1),
        }
        target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def table(self, where: list[tuple[str, str]]) -> None:
        """What happened, and where to look."""
        width = max(len(what) for what, _ in self.events)
        self.out.write(f"\nWhat happened ({time.monotonic() - self.began:.0f} s)\n")
        for what, outcome in self.events:
            self.out.write(f"  {what.ljust(width)}  {outcome}\n")
        self.out.write("\nWhere to look\n")
        for name, path in where:
            self.out.write(f"  {name.ljust(width)}  {path}\n")
