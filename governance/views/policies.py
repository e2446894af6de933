"""Policies as pages: the list, one as sentences, two side by side, and what one would have changed."""

from __future__ import annotations

import csv
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from governance.machines import POLICY
from governance.models import DryRunAnswer, Policy, PolicyWorkingCopy
from governance.policies.compare import compare
from governance.policies.document import PolicyDocument
from governance.policies.sentences import sentences
from governance.selectors.dry_runs import (
    COLUMNS,
    Which,
    answers_visible,
    dry_runs_of,
    figures_visible,
    table_of,
)
from governance.selectors.policies import document_of, in_force
from governance.selectors.visible import policies_visible
from governance.services.dry_runs import dry_run_ask
from governance.services.policies import policy_shown
from governance.views.lists import POLICIES
from ledger.errors import ServiceError
from people import access
from people.catalogue import P
from people.lists import shown_list
from people.pages import acting, actor_of, named, paged, reading, tell

REFRESH_SECONDS = 3


@reading
def policies(request: HttpRequest) -> HttpResponse:
    """Every policy: the organisation's law is open to everybody who may sign in."""
    actor = actor_of(request)
    writes = access.reach(actor).anywhere(P.POLICY_EDIT)
    context = {
        **shown_list(request, POLICIES),
        "writes": writes,
        "copies": PolicyWorkingCopy.objects.filter(author=actor.id) if writes else (),
    }
    return render(request, "governance/policies.html", context)


@reading
def policy(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """One policy as sentences, what it changes, and its exact text."""
    actor = actor_of(request)
    row = policy_shown(actor=actor, policy_id=policy_id)
    reached = access.reach(actor)
    moves = [move for move in POLICY.legal(row.state) if move.name != "supersede"]
    document = document_of(row)
    standing = standing_for(document) if row.state in ("draft", "review") else None
    context = {
        "policy": row,
        "sections": sentences(document),
        "moves": [move for move in moves if reached.allows(P(move.permission), row)],
        "names": named([row.drafted_by]),
        "standing": standing,
        "differences": compare(document_of(standing), document) if standing else (),
        "compared": row.state in ("draft", "review"),
        "writes": reached.anywhere(P.POLICY_EDIT),
        "others": policies_visible(actor).filter(tier=row.tier).exclude(pk=row.pk).order_by("-number")[:20],
    }
    return render(request, "governance/policy.html", context)


@reading
def comparison(request: HttpRequest, policy_id: UUID, other_id: UUID) -> HttpResponse:
    """What changes from the other policy to this one, what got looser first."""
    actor = actor_of(request)
    row, other = (policy_shown(actor=actor, policy_id=pk) for pk in (policy_id, other_id))
    context = {"policy": row, "standing": other, "differences": compare(document_of(other), document_of(row))}
    return render(request, "governance/policy_compare.html", context)


@acting
def trial(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """Which decisions and versions would come out differently under this policy, of those I may see; asked for here, done
    by workers, and shown to everybody with as much as they may see."""
    actor = actor_of(request)
    row = policy_shown(actor=actor, policy_id=policy_id)
    form, status = Form(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        form.full_clean()
        try:
            dry_run_ask(actor=actor, policy_id=row.pk)
        except ServiceError as error:
            tell(form, error)
            status = error.status
        else:
            return redirect("governance:policy-dry-run", row.pk)
    present, done = dry_runs_of(row)
    if done and request.GET.get("format") == "csv":
        return _table(row, answers_visible(actor, done, "all"))
    reached = access.reach(actor)
    show: Which = "untold" if request.GET.get("show") == "untold" else "differing"
    context: dict[str, Any] = {
        "policy": row,
        "form": form,
        "present": present,
        "refresh": REFRESH_SECONDS if present and present.state == "due" else 0,
        "may_ask": reached.anywhere(P.VERSION_VIEW),
        "sees_all": reached.allows(P.VERSION_VIEW),
        "names": named([item.asked_by for item in (present, done) if item]),
        "done": done,
        "show": show,
    }
    if done:
        context |= {
            "figures": figures_visible(actor, done),
            "untold": answers_visible(actor, done, "untold").count(),
            "page": paged(request, answers_visible(actor, done, show)),
            "query": "show=untold" if show == "untold" else "",
        }
    return render(request, "governance/policy_dry_run.html", context, status=status)


def _table(policy: Policy, rows: QuerySet[DryRunAnswer]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="dry-run-{policy.tier}-{policy.number}.csv"'
    csv.writer(answer, lineterminator="\r\n").writerows([COLUMNS, *table_of(rows)])
    return answer


def standing_for(document: PolicyDocument) -> Policy | None:
    """The policy in force that this one would supersede, or else the one whose models it would take over."""
    rows = in_force(document.tier)
    same = next((row for row in rows if document_of(row).scope.key == document.scope.key), None)
    return same or next((row for row in rows if not any(document_of(row).scope.named)), None)
