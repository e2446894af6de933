"""Findings as pages: the list, one finding with all that was said, and a form for one across several models."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from governance.challenge import FINDING
from governance.forms import SystemicForm
from governance.models import Finding, FindingStatement
from governance.selectors.comments import threads_on
from governance.selectors.finding_bars import WHY_BARRED, barred, judges, why_closed
from governance.selectors.findings import (
    ENDED,
    Standing,
    finding_by_id,
    links_visible,
    standing,
)
from governance.services.dissents import AGAINST
from governance.services.findings import Subjects, finding_open
from governance.views.acts_findings import ACTS
from governance.views.challenge_lists import FINDINGS
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import NotAllowed, ServiceError
from modelwarrant.machine import Transition
from monitoring.charts import diagrams
from people import access
from people.catalogue import P
from people.lists import shown_list
from people.pages import acting, actor_of, named, reading, tell
from people.services.reading import shown
from registry.models import AIModel
from registry.selectors.systems import models_visible

MOST_MODELS = 500
NEWEST_COMMENTS = 3
SAID = {
    **{move.name: move.title for move in FINDING.transitions},
    "severity": "Severity changed",
    "successor": "Named who judges the answers",
}
"""What a statement was said with, as a heading."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way on from here: open to me, or why it is closed."""

    transition: Transition
    act: str
    open: bool
    why: str


@reading
def findings(request: HttpRequest) -> HttpResponse:
    """Findings on what I may see, those due first at the top; ended ones only where they are asked for."""
    onward = []
    if access.reach(actor_of(request)).anywhere(P.FINDING_JUDGE):
        onward = [("Open one on several models", reverse("governance:finding-new"))]
    hint = "Objections by validators and reviewers, those due first at the top. Ended ones show with the state “All”."
    context = shown_list(request, FINDINGS)
    return render(request, "components/listing.html", {**context, "onward": onward, "hint": hint})


@reading
def finding(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """One finding: where it stands, what I may do about it, and everything that was said."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=finding_by_id(finding_id))
    reached, stands = access.reach(actor), standing(row, clock.now())
    statements = list(row.statements.order_by("said_at", "id"))
    extensions = list(row.extensions.order_by("requested_at", "id"))
    dissents = list(row.dissents.order_by("recorded_at", "id"))
    history = log.history("finding", row.pk, limit=200)
    people = {row.owner, row.found_by, row.closer, *(item.row.actor_id for item in history)}
    people |= {item.person for item in dissents}
    people |= {name for item in statements for name in (item.person, item.after)}
    people |= {item.requested_by for item in extensions} | {item.decided_by for item in extensions}
    threads = threads_on(row)
    people |= {thread.author for thread in threads[:NEWEST_COMMENTS]}
    context = {
        "finding": row,
        "stands": stands,
        "links": links_visible(reached, row),
        "moves": _moves(row, stands, reached, actor),
        "acts": _acts(row, stands, reached, actor),
        "diagram": diagrams.machine(FINDING, stands.state),
        "statements": [(item, _heading(item)) for item in statements],
        "severities": [item for item in statements if item.kind == "severity"],
        "extensions": extensions,
        "granted": sum(item.state == "granted" for item in extensions),
        "may_decide": reached.allows(P.FINDING_JUDGE, row) and stands.open,
        "dissents": dissents,
        "threads": threads[:NEWEST_COMMENTS],
        "thread_count": threads.count(),
        "may_comment": reached.allows(P.COMMENT_WRITE, row),
        "history": history[::-1],
        "names": named(people),
    }
    return render(request, "governance/finding.html", context)


@acting
def new(request: HttpRequest) -> HttpResponse:
    """Open one finding across several models."""
    actor = actor_of(request)
    models = _models(actor)
    if not models:
        raise NotAllowed("You hold no role that opens findings.", permission=P.FINDING_JUDGE, visible=True)
    form = SystemicForm(request.POST if request.method == "POST" else None)
    form.fields["models"].choices = [(str(row.pk), f"{row.name} ({row.system.name})") for row in models]  # type: ignore[attr-defined]
    status = 200
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        about = Subjects(models=[UUID(pk) for pk in said.pop("models")])
        try:
            row = finding_open(actor=actor, about=about, **said)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            messages.success(request, "The finding is open.")
            return redirect("governance:finding", row.pk)
    context = {"form": form, "capped": len(models) == MOST_MODELS, "most": MOST_MODELS}
    return render(request, "governance/finding_new.html", context, status=status)


def _moves(row: Finding, stands: Standing, reached: access.Reach, actor: Actor) -> list[Move]:
    found = []
    for move in FINDING.legal(stands.state):
        if move.name == "lapse":
            continue
        why = ""
        if not reached.allows(P(move.permission), row):
            why = "your roles don't allow it"
        else:
            why = why_closed(row, move, actor.principals, actor.id)
        found.append(Move(move, f"finding-{move.name}", not why, why))
    return found


def _acts(row: Finding, stands: Standing, reached: access.Reach, actor: Actor) -> list[tuple[str, str, str]]:
    """Acts beside the moves: address name, title, and why it is closed to me (empty: open)."""
    bars = barred(row)
    made = next((WHY_BARRED[name] for name in ("contributor", "owner") if actor.principals & bars[name]), "")
    not_mine = "" if actor.id in judges(row) else "only who judges the answers can do this"
    offered = []
    if stands.open:
        offered.append(("request-extension", P.FINDING_RESPOND, ""))
    if stands.state not in ENDED:
        offered.append(("change-severity", P.FINDING_JUDGE, made or not_mine))
        offered.append(("name-successor", P.VALIDATION_ASSIGN, made))
    if stands.state in AGAINST:
        offered.append(("dissent", P.FINDING_JUDGE, ""))
    return [
        (name, ACTS[name].title, why if reached.allows(permission, row) else "your roles don't allow it")
        for name, permission, why in offered
    ]


def _heading(item: FindingStatement) -> str:
    if item.kind == "severity":
        return f"Severity changed from {item.before} to {item.after}"
    return SAID.get(item.kind, item.kind)


def _models(actor: Actor) -> list[AIModel]:
    reached = access.reach(actor)
    rows = access.within(reached, P.FINDING_JUDGE, models_visible(actor))
    return list(rows.order_by("system__name", "name", "pk")[:MOST_MODELS])
