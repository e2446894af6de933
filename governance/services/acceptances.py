"""A named validator accepts an inconclusive result: with a limitation, a compensating test and a review date.

An acceptance is counted and printed; it never turns a result green (DESIGN law 6).
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance import events
from governance.machines import ACCEPTANCE
from governance.models import Acceptance, Policy, Recertification
from governance.selectors.recertifications import policy_for
from governance.selectors.requirements import RequirementState, document_of, policy_of, requirement_states
from governance.services.endings import end_early
from governance.services.refusals import because
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import CONTENT_OPEN
from registry.models import Version
from registry.selectors import versions
from registry.selectors.versions import version_locked


@governed
def acceptance_give(
    *,
    actor: Actor,
    version_id: UUID,
    requirement: str,
    limitation: str,
    compensating_test: str,
    review_by: dt.datetime,
) -> Acceptance:
    """Accept the inconclusive standing of `requirement` (its key) on its latest run: before the decision, or while a
    renewal is in review, by the policy of that."""
    version = version_locked(version_id)
    access.require(actor, P.VERSION_VALIDATE, version)
    if actor.principals & versions.contributors(version.pk):
        raise NotAllowed(
            "You took part in making this version and can't accept its results.",
            permission=P.VERSION_VALIDATE,
            subject=Subject.of(version),
            reason="contributor",
            visible=True,
        )
    renewal = Recertification.objects.filter(version=version, state="review").first()
    if version.state not in CONTENT_OPEN and renewal is None:
        raise Conflict(f"The version is {version.state}; results are accepted before the decision.")
    now = clock.now()
    policy = policy_for(renewal) if renewal else policy_of(version)
    state = _state(version, requirement, now, policy)
    document = document_of(policy) if policy else None
    if (
        document is None
        or state.run is None
        or state.standing != "inconclusive"
        or not document.acceptable(requirement)
    ):
        raise because(
            "This result can't be accepted.",
            version,
            P.VERSION_VALIDATE,
            gate="checks-pass",
            code=f"check-{state.standing}",
            text=_why_not(state),
        )
    days = document.acceptance.review_within_days
    for field, text in (("limitation", limitation), ("compensating_test", compensating_test)):
        if not text.strip() and (field == "limitation" or document.acceptance.compensating_test):
            raise Invalid(
                "Say it in a sentence; it is printed with every use of this acceptance.", field=field
            )
    if not now < review_by <= now + dt.timedelta(days=days):
        raise Invalid(f"The review date must be within the next {days} days.", field="review_by")
    if state.acceptance:
        raise Conflict("This result is already accepted.")
    acceptance = Acceptance()
    records.write(
        actor=actor,
        event=events.ACCEPTANCE_GIVEN,
        row=acceptance,
        set={
            "version": version,
            "run": state.run,
            "requirement": requirement,
            "limitation": limitation.strip(),
            "compensating_test": compensating_test.strip(),
            "validator": actor.id,
            "accepted_at": now,
            "review_by": review_by,
            "state": ACCEPTANCE.initial.name,
        },
    )
    return acceptance


@governed
def acceptance_revoke(*, actor: Actor, acceptance_id: UUID) -> Acceptance:
    """Take an acceptance back; the requirement is open again, and warrants of the version end early."""
    acceptance = Acceptance.objects.select_for_update().filter(pk=acceptance_id).first()
    if acceptance is None:
        raise NotThere()
    move_row(actor=actor, row=acceptance, machine=ACCEPTANCE, move="revoke", event=events.ACCEPTANCE_MOVED)
    end_early(acceptance.version, actor=actor, ground="acceptance-revoked")
    return acceptance


def _state(version: Version, key: str, now: dt.datetime, policy: Policy | None) -> RequirementState:
    for state in requirement_states(version, at=now, policy=policy):
        if state.requirement.name == key:
            return state
    raise Invalid(f"The policy has no requirement '{key}'.", field="requirement")


def _why_not(state: RequirementState) -> str:
    if state.standing != "inconclusive":
        return f"Only an inconclusive result can be accepted; this one is {state.standing}."
    return "The policy does not allow an inconclusive result to be accepted here."
