"""What of findings and validations waits for one person, and why it is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Q

from governance.challenge import FINDING, VALIDATION
from governance.models import Finding, Validation
from governance.selectors.findings import findings_visible, links_visible, standing
from governance.selectors.validations import UNDER_WAY, validations_visible
from ledger import clock
from ledger.actors import Actor
from people import access
from people.catalogue import P

MOST = 200
Row = TypeVar("Row")
_TO_ANSWER = {"open": "Respond to a finding", "remediation": "Remedy what a finding found"}
_TO_JUDGE = {
    "responded": "Judge the response to a finding",
    "disputed": "Judge the rebuttal of a finding",
    "remediated": "Look whether a finding is remedied",
}
_TO_WORK = {
    "assigned": "Begin a validation",
    "fieldwork": "Hand in a draft validation report",
    "draft": "Ask the makers for their response",
    "response": "Issue a validation report",
}


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Row]):
    """One thing to do: what, on which row, why it is mine, since when, and how it stands."""

    what: str
    row: Row
    tier: str
    why: str
    since: datetime
    state: str


def waiting_findings(actor: Actor) -> Iterator[Waiting[Finding]]:
    """Findings that wait for `actor`: theirs to answer, theirs to judge, an extension of theirs to decide."""
    now, reached = clock.now(), access.reach(actor)
    mine = Q(owner=actor.id) | Q(found_by=actor.id) | Q(closer=actor.id)
    ended = [state.name for state in FINDING.states if state.kind == "final"]
    rows = findings_visible(actor).filter(mine).exclude(state__in=ended).prefetch_related("extensions")
    for row in rows.order_by("due_at", "id")[:MOST]:
        stands = standing(row, now)
        tier = next((link.system.risk_tier for link in links_visible(reached, row)), "")
        if row.owner == actor.id and stands.state in _TO_ANSWER:
            yield Waiting(
                _TO_ANSWER[stands.state], row, tier, "it is yours to answer", row.found_at, stands.state
            )
        if actor.id not in (row.found_by, row.closer):
            continue
        if stands.state in _TO_JUDGE:
            yield Waiting(
                _TO_JUDGE[stands.state], row, tier, "it is yours to judge", row.found_at, stands.state
            )
        for extension in row.extensions.all():
            if extension.state == "requested" and extension.requested_by != actor.id:
                what = "Decide on an extension"
                yield Waiting(
                    what, row, tier, "it is yours to judge", extension.requested_at, extension.state
                )


def waiting_validations(actor: Actor) -> Iterator[Waiting[Validation]]:
    """Validations that wait for `actor`: assigned to them, to be assigned by them, or with them for a response."""
    reached = access.reach(actor)
    rows = validations_visible(actor).filter(state__in=("planned", *UNDER_WAY))
    for row in rows.prefetch_related("responses").order_by("due_at", "id")[:MOST]:
        found = _waiting(row, actor, reached)
        if found:
            what, why = found
            tier = row.version.model.system.risk_tier
            yield Waiting(what, row, tier, why, row.planned_at, VALIDATION.state(row.state).name)


def _waiting(row: Validation, actor: Actor, reached: access.Reach) -> tuple[str, str] | None:
    if row.validator == actor.id:
        return _TO_WORK[row.state], "it is assigned to you"
    if row.state == "planned" and reached.allows(P.VALIDATION_ASSIGN, row):
        return "Assign a validator", "you assign validations"
    if row.state == "response" and reached.allows(P.FINDING_RESPOND, row):
        answered = any(item.report_digest == row.report_digest for item in row.responses.all())
        return None if answered else ("Respond to a draft validation report", "you may answer for the makers")
    return None
