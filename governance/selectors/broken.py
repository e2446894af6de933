"""What an approval rested on and no longer holds: a later run that isn't met, or a policy that asks for more by now.

The approval itself stays what it was. What follows for what runs is the policy's to say; this only says it aloud.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from governance.models import Policy
from governance.policies.document import UncoveredTask
from governance.selectors.ground import ground_of
from governance.selectors.recertifications import policy_in_force
from governance.selectors.rejudged import Evidence, requirement_obstacles
from governance.selectors.requirements import (
    RequirementState,
    Standing,
    accepted,
    declared,
    document_of,
    waivers_of,
)
from registry.models import Version

APPROVED = ("approved", "restricted")
MEASURED = (Standing.FAILED, Standing.INCONCLUSIVE, Standing.ERROR)
"""A result that grew old is said with the evidence and renewed by a recertification; it broke nothing."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One requirement in words; `policy` where it is one that the version wasn't approved under."""

    text: str
    policy: Policy | None = None

    def __str__(self) -> str:
        under = f" Asked by {self.policy}, in force since." if self.policy else ""
        return f"{self.text}{under}"


def broken(version: Version, states: Iterable[RequirementState], at: dt.datetime) -> tuple[Broken, ...]:
    """Requirements of an approved version that don't hold at `at`: `states` are those of its own policy. Nothing for a
    version that isn't approved."""
    if version.state not in APPROVED:
        return ()
    states = list(states)
    return (
        *_measured(states),
        *_tightened(version, {state.requirement.name for state in states if state.open}, at),
    )


def _measured(states: Iterable[RequirementState]) -> Iterator[Broken]:
    for state in states:
        if state.open and state.standing in MEASURED:
            yield Broken(f"{state.title}: {state.standing}, {state.why.rstrip('.')}.")


def _tightened(version: Version, known: set[str], at: dt.datetime) -> Iterator[Broken]:
    policy = policy_in_force(version)
    if policy is None or policy.digest == version.policy_digest:
        return
    try:
        found, _ = requirement_obstacles(document_of(policy), version, _evidence(version, at))
    except UncoveredTask as error:
        found = {"task": str(error)}
    for key, text in found.items():
        if key.removeprefix("check:") not in known:
            yield Broken(f"{text.rstrip('.')}.", policy)


def _evidence(version: Version, at: dt.datetime) -> Evidence:
    return Evidence(
        at,
        tuple(ground_of(version).evidence),
        declared(version),
        frozenset(waivers_of(version, at=at)),
        frozenset((row.requirement, row.run_id) for row in accepted(version, at)),
    )
