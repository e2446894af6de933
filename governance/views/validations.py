"""Validations as pages: the list, one validation, its report, who has how much to do, and giving work to others."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from governance.challenge import VALIDATION
from governance.forms import BulkReassignForm
from governance.models import Validation
from governance.selectors.comments import threads_on
from governance.selectors.holders import holders_of
from governance.selectors.validations import (
    UNDER_WAY,
    barred,
    eligible,
    overdue,
    report_readable,
    validation_by_id,
    validations_visible,
    why_not,
)
from governance.selectors.validations import workload as load
from governance.services.validations import MOST_AT_ONCE, report_bytes, validations_reassign
from governance.views.acts_validations import ACTS
from governance.views.challenge_lists import VALIDATIONS
from governance.views.findings import NEWEST_COMMENTS, Move
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import NotAllowed, ServiceError
from monitoring.charts import diagrams
from people import access
from people.catalogue import P
from people.lists import shown_list
from people.models import User
from people.pages import acting, actor_of, named, reading, tell
from people.services.reading import shown

WHY = {
    "contributor": "you took part in making this version",
    "owner": "you own this system, or did until recently",
}


@reading
def validations(request: HttpRequest) -> HttpResponse:
    """Validations of what I may see, those due first at the top."""
    reached = access.reach(actor_of(request))
    works = reached.anywhere(P.VALIDATION_WORK) or reached.anywhere(P.VALIDATION_ASSIGN)
    onward = [("Workload", reverse("governance:validators"))] if works else []
    hint = "Independent validations of versions, those due first at the top. One is planned from a version's page."
    context = shown_list(request, VALIDATIONS)
    return render(request, "components/listing.html", {**context, "onward": onward, "hint": hint})


@reading
def validation(request: HttpRequest, validation_id: UUID) -> HttpResponse:
    """One validation: where it stands, what I may do, its conclusion, and who had it when."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=validation_by_id(validation_id))
    reached = access.reach(actor)
    assignments = list(row.assignments.order_by("assigned_at", "id"))
    responses = list(row.responses.order_by("said_at", "id"))
    history = log.history("validation", row.pk, limit=200)
    threads = threads_on(row)
    people = {row.planned_by, row.validator, *(item.row.actor_id for item in history)}
    people |= {item.validator for item in assignments} | {item.assigned_by for item in assignments}
    people |= {item.person for item in responses} | {item.author for item in threads[:NEWEST_COMMENTS]}
    context = {
        "validation": row,
        "overdue": overdue(row, clock.now()),
        "readable": report_readable(row, reached),
        "moves": _moves(row, reached, actor),
        "acts": _acts(row, reached, actor),
        "diagram": diagrams.machine(VALIDATION, row.state),
        "assignments": assignments,
        "responses": responses,
        "findings": row.findings.order_by("found_at", "id"),
        "threads": threads[:NEWEST_COMMENTS],
        "thread_count": threads.count(),
        "may_comment": reached.allows(P.COMMENT_WRITE, row),
        "history": history[::-1],
        "names": named(people),
    }
    return render(request, "governance/validation.html", context)


@reading
def report(request: HttpRequest, validation_id: UUID) -> HttpResponse:
    """The report, byte for byte, to whoever may see the validation now; never shown by the browser itself."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=validation_by_id(validation_id))
    answer = HttpResponse(report_bytes(row, access.reach(actor)), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{row.report_name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@reading
def workload(request: HttpRequest) -> HttpResponse:
    """Who has which validations under way and how many seats wait for them."""
    actor, now = actor_of(request), clock.now()
    reached = access.reach(actor)
    if not (reached.anywhere(P.VALIDATION_WORK) or reached.anywhere(P.VALIDATION_ASSIGN)):
        raise NotAllowed("You hold no role that validates.", permission=P.VALIDATION_WORK, visible=True)
    loads = [(item, [(row, overdue(row, now)) for row in item.validations]) for item in load(actor, now)]
    context = {"loads": loads, "may_assign": reached.anywhere(P.VALIDATION_ASSIGN)}
    return render(request, "governance/validators.html", context)


@acting
def reassign(request: HttpRequest) -> HttpResponse:
    """Give several validations to another person: choose, look at what would happen, confirm. All or none."""
    actor = actor_of(request)
    rows, capped = _assignable(actor)
    form = BulkReassignForm(request.POST if request.method == "POST" else None)
    people = {user.pseudonym: user for row in rows for user in holders_of(P.VALIDATION_WORK, row)}
    _offer(form, rows, people)
    status, preview = 200, []
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        chosen_rows = [row for row in rows if row.pk in set(said["validations"])]
        preview = [(row, why_not(said["validator"], row.version)) for row in chosen_rows]
        if "confirmed" in request.POST:
            try:
                validations_reassign(
                    actor=actor,
                    validation_ids=said["validations"],
                    validator=said["validator"],
                    reason=said["reason"],
                )
            except ServiceError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(request, f"Reassigned: {len(chosen_rows)}.")
                return redirect("governance:validators")
    context = {
        "form": form,
        "rows": rows,
        "capped": capped,
        "most": MOST_AT_ONCE,
        "preview": preview,
        "possible": bool(preview) and not any(why for _, why in preview),
        "person": people.get(form.cleaned_data.get("validator", "")) if preview else None,
        "names": named(row.validator for row in rows),
    }
    return render(request, "governance/reassign.html", context, status=status)


def _offer(form: BulkReassignForm, rows: list[Validation], people: dict[str, User]) -> None:
    names = named(row.validator for row in rows)
    form.fields["validations"].choices = [  # type: ignore[attr-defined]
        (row.pk, f"{row.version}, with {names[row.validator]}, due {row.due_at:%d %b %Y}") for row in rows
    ]
    offered = sorted(people.values(), key=lambda user: (user.name, user.pseudonym))
    form.fields["validator"].choices = [(user.pseudonym, user.name) for user in offered]  # type: ignore[attr-defined]


def _assignable(actor: Actor) -> tuple[list[Validation], bool]:
    reached = access.reach(actor)
    if not reached.anywhere(P.VALIDATION_ASSIGN):
        raise NotAllowed(
            "You hold no role that assigns validations.", permission=P.VALIDATION_ASSIGN, visible=True
        )
    rows = access.within(reached, P.VALIDATION_ASSIGN, validations_visible(actor).filter(state__in=UNDER_WAY))
    found = list(rows.order_by("due_at", "id")[: MOST_AT_ONCE + 1])
    return found[:MOST_AT_ONCE], len(found) > MOST_AT_ONCE


def _moves(row: Validation, reached: access.Reach, actor: Actor) -> list[Move]:
    bars = barred(row.version)
    found = []
    for move in VALIDATION.legal(row.state):
        if move.name == "supersede":
            continue
        why = next((WHY[name] for name in move.not_by if actor.principals & bars[name]), "")
        if not reached.allows(P(move.permission), row):
            why = "your roles don't allow it"
        elif not why and move.permission == P.VALIDATION_WORK and row.validator != actor.id:
            why = "it is somebody else's"
        elif not why and move.name in ("assign", "reassign") and not eligible(row.version):
            why = "nobody can be chosen: every validator made the version or owns the system"
        found.append(Move(move, f"validation-{move.name}", not why, why))
    return found


def _acts(row: Validation, reached: access.Reach, actor: Actor) -> list[tuple[str, str]]:
    found = []
    if row.state == "response" and actor.id != row.validator and reached.allows(P.FINDING_RESPOND, row):
        found.append("validation-respond")
    if row.state in (*UNDER_WAY, "issued") and reached.allows(P.FINDING_JUDGE, row):
        found.append("validation-finding")
    return [(name, ACTS[name].title) for name in found]
