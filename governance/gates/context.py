"""Everything the gates of one move look at, read once inside the transaction of the move."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from governance.gates import material
from governance.models import Decision, Policy
from governance.policies.document import PolicyDocument
from governance.selectors.ground import Ground, ground_of, grounded, is_grounded
from governance.selectors.requirements import RequirementState, document_of, policy_of, requirement_states
from governance.selectors.shown import shown_digest, shown_set
from ledger.services.replay import Examined, examine
from registry.models import Version
from registry.selectors import signatures, tierings
from registry.selectors.signatures import Judgement

DECIDED = frozenset({"approved", "restricted", "suspended", "retired"})
"""States of a version whose round of decisions is over."""


@dataclass
class Context:
    """A version at a moment. Parts are read when a gate first asks for them. A renewal is judged by a policy of its own,
    `judged_by`, everything else by the version's."""

    version: Version
    at: dt.datetime
    place: str = ""
    """Where it is to run (`environment/region/arm`); empty while nobody asks for a place."""
    judged_by: Policy | None = None

    def __post_init__(self) -> None:
        # Whatever the gates ask of it rests on one reading: that which the caller has begun, or a new one.
        if not is_grounded(self.version):
            self.version = grounded(self.version)

    @cached_property
    def ground(self) -> Ground:
        return ground_of(self.version)

    @cached_property
    def policy(self) -> Policy | None:
        return self.judged_by or policy_of(self.version)

    @cached_property
    def document(self) -> PolicyDocument | None:
        return document_of(self.policy) if self.policy else None

    @property
    def cooling_off(self) -> dt.timedelta:
        """How long a former owner of the system stays barred."""
        return dt.timedelta(days=self.document.cooling_off_days if self.document else 0)

    @cached_property
    def tier(self) -> tierings.Standing:
        """How the tier of the system stands."""
        return tierings.standing(self.version.model.system, self.at)

    @cached_property
    def system_examined(self) -> Examined:
        """The system and the tiering in force, held against the log."""
        confirmed = self.tier.confirmed
        return examine({}, fresh=(self.version.model.system, *([confirmed] if confirmed else [])))

    @cached_property
    def requirements(self) -> tuple[RequirementState, ...]:
        return requirement_states(self.version, at=self.at, place=self.place, policy=self.policy)

    @cached_property
    def to_complete(self) -> tuple[RequirementState, ...]:
        """The requirements that must have been measured before the review starts."""
        if self.document is None:
            return ()
        names = {item.name for item in self.document.to_complete("start-review", self.version.model.task)}
        return tuple(state for state in self.requirements if state.requirement.name in names)

    @cached_property
    def signature(self) -> Judgement:
        """What the version's signatures are worth: read, verified and judged once."""
        return signatures.standing(self.version)

    @cached_property
    def shown(self) -> dict[str, str]:
        return shown_set(self.version, self.signature.status)

    @cached_property
    def shown_digest(self) -> str:
        return shown_digest(self.shown)

    @cached_property
    def path(self) -> str:
        """`light` where a retrained version may take it now, or took it when it was approved; otherwise `full`."""
        if self.version.state not in DECIDED:
            return material.path_of(self.version)
        seats = self.document.seats("approve") if self.document else ()
        given = sum(decision.shown_digest == self.approved_digest for decision in self.decisions)
        return material.LIGHT if material.confirmed(self.version) and given < len(seats) else material.FULL

    @cached_property
    def approved_digest(self) -> str:
        """The digest of what was shown to the last approver of the present round; empty if there is none."""
        given = [decision.shown_digest for decision in self.decisions if decision.outcome == "approve"]
        return given[-1] if given else ""

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions of the present round, in the order they were taken."""
        present = self.version.decision_round
        return tuple(row for row in self.ground.decisions if row.decision_round == present)
