"""Where a waiting version stands: until when it is due, who is on it, and to whom it was put when it was late."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from governance.models import Claim, Escalation
from governance.selectors.due import Due, claims_of, counts_until, due_of
from ledger import clock
from ledger.actors import Actor
from people.access import Reach
from people.catalogue import ROLES, P
from registry.machines import ROUND_OPEN
from registry.models import Version
from registry.selectors.contents import contents_of


@dataclass(frozen=True, slots=True)
class Held:
    """A claim that counts: in which seat, until when, and whether it is mine."""

    claim: Claim
    seat: str
    until: dt.datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class Desk:
    due: Due | None
    overdue: bool
    held: tuple[Held, ...]
    escalations: tuple[tuple[Escalation, str], ...]
    may_claim: bool
    may_escalate: bool

    @property
    def people(self) -> set[str]:
        """Pseudonyms that the page names."""
        return {one.claim.person for one in self.held} | {row.raised_by for row, _ in self.escalations}


def desk_of(version: Version, actor: Actor, reached: Reach) -> Desk:
    """The desk of one version as this person sees it."""
    now = clock.now()
    waits = version.state in ROUND_OPEN
    due = due_of(version) if waits else None
    held = tuple(
        Held(claim, _title(claim.seat), counts_until(claim), claim.person == actor.id)
        for claim in (claims_of([version], now=now).get(version.pk, []) if waits else ())
    )
    raised = Escalation.objects.filter(version=version, decision_round=version.decision_round)
    free = not actor.principals & contents_of(version).contributors
    mine = any(one.mine for one in held)
    return Desk(
        due,
        due is not None and due.overdue(now),
        held,
        tuple((row, _title(row.to_role)) for row in raised.order_by("raised_at")) if waits else (),
        waits and free and not mine and reached.allows(P.VERSION_APPROVE, version),
        due is not None
        and any(
            reached.allows(one, version) for one in (P.VERSION_SUBMIT, P.VERSION_REVIEW, P.VERSION_APPROVE)
        ),
    )


def _title(role: str) -> str:
    return ROLES[role].title if role in ROLES else role
