"""Conditions of an approval: set with the decision, confirmed as met by a reviewing seat, overdue by the calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance import events
from governance.gates.context import Context
from governance.machines import CONDITION
from governance.models import Condition, Decision
from governance.policies.document import PolicyDocument
from governance.selectors.conditions import REVIEW, SET, local_text
from governance.services.endings import lapse_fallen
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Invalid, NotAllowed, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from ledger.workdays import Calendar, calendar
from monitoring.models import Run
from people import access
from people.catalogue import ROLES, P
from people.services.moves import move_row
from registry.models import Version
from registry.selectors import versions
from registry.selectors.versions import version_locked

MOST = 5
LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition as a decider asks for it: what, until the end of which day, and who sees to it (a pseudonym)."""

    text: str
    until: dt.date
    responsible: str


def planned(
    asked: Sequence[Asked], decision: Decision, *, actor: Actor, context: Context, document: PolicyDocument
) -> list[Condition]:
    """The rows for what is asked, not written yet. Raises Invalid naming the condition by its number."""
    rules, now, office = document.conditions, context.at, calendar()
    if asked and not rules.allowed:
        raise Invalid("The policy allows no approval under a condition.", field="conditions")
    if len(asked) > MOST:
        raise Invalid(f"At most {MOST} conditions; {len(asked)} were given.", field="conditions")
    latest = office.after(now, rules.max_days)
    made = []
    for number, one in enumerate(asked, 1):
        text, due = one.text.strip(), _close(office, one.until)
        if not text or len(text) > LONGEST_TEXT:
            raise _wrong(number, f"say in 1 to {LONGEST_TEXT} characters what must be done")
        if not now < due <= latest:
            raise _wrong(
                number,
                f"its deadline must lie within {rules.max_days} working days, until {local_text(latest)}",
            )
        if not access.holders(list(ROLES), context.version).filter(pseudonym=one.responsible).exists():
            raise _wrong(number, "whoever is responsible must hold a role for this version")
        made.append(_row(SET, "", text, one.responsible, due, decision, actor, context, document))
    return made


def planned_review(
    seat: str, decision: Decision, *, actor: Actor, context: Context, document: PolicyDocument
) -> Condition:
    """The row for an independent review afterwards in `seat`; its deadline is the policy's for small teams."""
    due = calendar().after(context.at, document.small_team.independent_afterwards_days)
    text = f"Independent review afterwards as {ROLES[seat].title}"
    owner = context.version.model.system.owner
    return _row(REVIEW, seat, text, owner, due, decision, actor, context, document)


def conditions_write(rows: Sequence[Condition], *, actor: Actor) -> None:
    """Record planned rows, in the transaction of their decision."""
    for row in rows:
        names = (*Condition.ledger_columns, *Condition.ledger_hashed)
        values = {name: getattr(row, name) for name in names if name != "run"}
        records.write(actor=actor, event=events.CONDITION_SET, row=row, set=values)


@governed
def condition_meet(
    *, actor: Actor, condition_id: UUID, evidence: str, run_id: UUID | None = None
) -> Condition:
    """Confirm that a condition is met, with what shows it. Late is allowed until the warrants are void.

    By a holder of a reviewing seat who neither made the version nor is responsible for the condition; an independent
    review afterwards by a holder of that very seat who didn't approve the version either.
    """
    condition = Condition.objects.select_for_update().filter(pk=condition_id).first()
    if condition is None:
        raise NotThere()
    version = version_locked(condition.version_id)
    condition.refresh_from_db()
    access.require(actor, P.CONDITION_CONFIRM, condition)
    if condition.kind == REVIEW:
        _require_reviewer(actor, condition, version)
    if not evidence.strip():
        raise Invalid("Say what shows that it is met; it is kept with the condition.", field="evidence")
    run = _run(version, run_id) if run_id else None
    # What has fallen by now stays fallen: nothing met afterwards raises a warrant again.
    lapse_fallen(version, actor=Actor.system("expiry-sweep"))
    move_row(
        actor=actor,
        row=condition,
        machine=CONDITION,
        move="meet",
        event=events.CONDITION_MOVED,
        barred={
            "contributor": versions.contributors(version.pk),
            "responsible": frozenset({condition.responsible}) if condition.kind == SET else frozenset(),
        },
        set={"met_by": actor.id, "met_at": clock.now(), "evidence": evidence.strip(), "run": run},
    )
    return condition


def _require_reviewer(actor: Actor, condition: Condition, version: Version) -> None:
    approvers = Decision.objects.filter(
        version=version, decision_round=condition.decision_round, outcome="approve"
    ).values_list("person", flat=True)
    reason, text = "", ""
    if condition.seat not in access.roles(actor, version):
        reason, text = "seat", f"Only a holder of the role '{condition.seat}' can review afterwards."
    elif actor.principals & set(approvers):
        reason, text = "approver", "You approved this version; the review afterwards is another person's."
    if reason:
        raise NotAllowed(
            text, permission=P.CONDITION_CONFIRM, subject=Subject.of(version), reason=reason, visible=True
        )


def _run(version: Version, run_id: UUID) -> Run:
    run = Run.objects.filter(pk=run_id, version=version, state="done").first()
    if run is None:
        raise Invalid("This version has no finished run of that id.", field="run_id")
    return run


def _close(office: Calendar, day: dt.date) -> dt.datetime:
    """The close of that day where people work, or of the next working day."""
    return office.after(dt.datetime.combine(day, dt.time(12), office.zone), 0)


def _row(
    kind: str,
    seat: str,
    text: str,
    responsible: str,
    due: dt.datetime,
    decision: Decision,
    actor: Actor,
    context: Context,
    document: PolicyDocument,
) -> Condition:
    office = calendar()
    not_after = office.within(due + dt.timedelta(days=document.warrant.due_days))
    return Condition(
        version=context.version,
        decision=decision,
        decision_round=context.version.decision_round,
        kind=kind,
        seat=seat,
        text=text,
        responsible=responsible,
        due_from=due,
        not_after=not_after,
        grace_ends=office.within(not_after + dt.timedelta(days=document.warrant.grace_days)),
        set_by=actor.id,
        set_at=context.at,
        state=CONDITION.initial.name,
    )


def _wrong(number: int, text: str) -> Invalid:
    return Invalid(f"Condition {number}: {text}.", field="conditions")
