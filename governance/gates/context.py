"""Everything the gates of one move look at, read once inside the transaction of the move."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from governance.models import Decision, Policy
from governance.policies.document import PolicyDocument
from governance.selectors.requirements import RequirementState, document_of, policy_of, requirement_states
from governance.selectors.shown import shown_digest, shown_set
from registry.models import Version


@dataclass
class Context:
    """A version at a moment. Parts are read when a gate first asks for them."""

    version: Version
    at: dt.datetime

    @cached_property
    def policy(self) -> Policy | None:
        return policy_of(self.version)

    @cached_property
    def document(self) -> PolicyDocument | None:
        return document_of(self.policy) if self.policy else None

    @property
    def cooling_off(self) -> dt.timedelta:
        """How long a former owner of the system stays barred."""
        return dt.timedelta(days=self.document.cooling_off_days if self.document else 0)

    @cached_property
    def requirements(self) -> tuple[RequirementState, ...]:
        return requirement_states(self.version, at=self.at)

    @cached_property
    def to_complete(self) -> tuple[RequirementState, ...]:
        """The requirements that must have been measured before the review starts."""
        if self.document is None:
            return ()
        names = {item.name for item in self.document.to_complete("start-review", self.version.model.task)}
        return tuple(state for state in self.requirements if state.requirement.name in names)

    @cached_property
    def shown(self) -> dict[str, str]:
        return shown_set(self.version)

    @cached_property
    def shown_digest(self) -> str:
        return shown_digest(self.shown)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions of the present round, in the order they were taken."""
        rows = Decision.objects.filter(version=self.version, decision_round=self.version.decision_round)
        return tuple(rows.order_by("decided_at", "id"))
