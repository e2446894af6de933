"""Warrants, their renewal, and drills of what follows when one is void, as pages."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.machines import RECERTIFICATION
from governance.models import Recertification
from governance.selectors.drills import drill_state, drills_of
from governance.selectors.recertifications import policy_for, renewal_states
from governance.selectors.requirements import document_of
from governance.selectors.standing import condition_state, conditions_of, standing_at
from governance.selectors.visible import recertification_by_id, warrant_by_id
from governance.services.recertifications import GATES, recertification_answers
from ledger import clock
from ledger import selectors as log
from ledger.errors import NotThere
from ledger.workdays import calendar
from people import access
from people.catalogue import P
from people.pages import actor_of, named, reading
from people.services.reading import shown
from registry.selectors.systems import system_by_id


@reading
def warrant(request: HttpRequest, warrant_id: UUID) -> HttpResponse:
    """One warrant: its terms, how it stands and why, and how anybody checks it."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
    key = log.key_by_id("warrant", row.keyid) if row.keyid else None
    now = clock.now()
    standing = standing_at(row, now)
    context = {
        "warrant": row,
        "standing": standing,
        "zone": calendar().zone.key,
        "conditions": [(item, condition_state(item, now)) for item in conditions_of(row)],
        "renewals": row.recertifications.order_by("-requested_at")[:20],
        "may_renew": standing.in_force and access.allowed(actor, P.RECERTIFICATION_REQUEST, row),
        "drill": drill_state(row.version.model.system, now),
        "key": key.public if key else "",
        "vkeys": [item.vkey for item in log.verifiers(granted.origin)]
        if (granted := log.first_entry("warrant", row.pk))
        else [],
        "history": log.history("warrant", row.pk),
    }
    return render(request, "governance/warrant.html", context)


@reading
def warrant_document(request: HttpRequest, warrant_id: UUID) -> HttpResponse:
    """warrant.json, byte for byte."""
    row = shown(actor=actor_of(request), permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
    if not row.document:
        raise NotThere
    answer = HttpResponse(row.document.encode("utf-8"), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="warrant-{row.pk}.json"'
    return answer


@reading
def recertification(request: HttpRequest, recertification_id: UUID) -> HttpResponse:
    """One renewal: what it needs by which policy, where that stands, and what may be done."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.WARRANT_VIEW, row=recertification_by_id(recertification_id))
    reached, now = access.reach(actor), clock.now()
    policy = policy_for(row)
    context = {
        "renewal": row,
        "policy": policy,
        "standing": standing_at(row.warrant, now),
        "role": document_of(policy).recertification.role if policy else "",
        "moves": [
            (move, f"{move.name}-renewal")
            for move in RECERTIFICATION.legal(row.state)
            if reached.allows(P(move.permission), row)
        ],
        "may_accept": row.state == "review" and reached.allows(P.VERSION_VALIDATE, row),
        "names": named([row.requested_by, row.decided_by]),
        **_asked(row),
    }
    return render(request, "governance/recertification.html", context)


@reading
def drills(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """What a system does when its warrant is void, and how that went when it was tried."""
    actor = actor_of(request)
    system = shown(actor=actor, permission=P.SYSTEM_VIEW, row=system_by_id(system_id))
    rows = drills_of(system.pk)
    context = {
        "system": system,
        "state": drill_state(system, clock.now()),
        "rows": rows,
        "names": named([name for row in rows for name in (row.planned_by, row.performed_by)]),
        "may_drill": access.allowed(actor, P.DRILL_RUN, system),
    }
    return render(request, "governance/drills.html", context)


def _asked(row: Recertification) -> dict[str, object]:
    policy = policy_for(row)
    if policy is None or row.state not in ("requested", "review"):
        return {"answers": (), "requirements": ()}
    context = Context(row.version, clock.now(), judged_by=policy)
    answers = [*recertification_answers(row, context, document_of(policy)), *evaluate(GATES, context)]
    return {"answers": answers, "requirements": renewal_states(row, policy, at=context.at)}
