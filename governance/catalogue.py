"""On which grounds a warrant ends, as one table: what it is called, whether at once, and who can bring it about.

Governance must not become the incident: only what makes the warrant itself untrue, or a named person's suspension, ends
it at once. Everything else lets it pass through due and grace, with notices, into void. Knows no row and no person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ground:
    """One row. `code` is stored and signed; `title` is shown; `immediate` says whether it voids at once; `who` brings
    it about."""

    code: str
    title: str
    immediate: bool
    who: str


GROUNDS: Mapping[str, Ground] = {
    ground.code: ground
    for ground in (
        Ground("integrity", "Stored files are not what was approved", True, "the integrity sweep"),
        Ground(
            "key-revoked",
            "The key under the signature or the warrant was revoked",
            True,
            "a person who revokes a key",
        ),
        Ground("suspended", "A named person suspended the version", True, "a person who may suspend"),
        Ground("end-of-term", "The term and its grace are over", False, "the calendar"),
        Ground(
            "condition-overdue",
            "A condition of the approval was not met in time",
            False,
            "the calendar",
        ),
        Ground(
            "break-glass-ended",
            "The hours of an emergency are over",
            False,
            "its clock, or a person who ends it",
        ),
        Ground("retired", "The version was retired", False, "a person who may retire"),
        Ground(
            "acceptance-revoked",
            "An acceptance that the approval rests on was revoked",
            False,
            "a named validator",
        ),
        Ground(
            "waiver-revoked",
            "A waiver that the approval rests on was revoked",
            False,
            "a person who may revoke waivers",
        ),
    )
}

IMMEDIATE: frozenset[str] = frozenset({"integrity", "key-revoked", "suspended"})
"""What DESIGN law 11 lets void at once. The table is held against it at start-up."""


def title_of(code: str) -> str:
    """What pages and the gate call a ground; the code itself for one that an earlier release recorded."""
    return GROUNDS[code].title if code in GROUNDS else code


def faults() -> list[str]:
    """What makes the table unsound, one sentence each; the service refuses to start on any."""
    found = [
        f"ground '{row.code}' lacks its title, or who brings it about"
        for row in GROUNDS.values()
        if not (row.title and row.who)
    ]
    at_once = {row.code for row in GROUNDS.values() if row.immediate}
    if at_once != IMMEDIATE:
        found.append(f"grounds that void at once are {sorted(at_once)}, not {sorted(IMMEDIATE)}")
    return found
