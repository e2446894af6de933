"""Policies as pages: the list, one as sentences, two side by side, and what one would have changed."""

from __future__ import annotations

import csv
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.machines import POLICY
from governance.models import Policy, PolicyWorkingCopy
from governance.policies.compare import compare
from governance.policies.document import PolicyDocument
from governance.policies.sentences import sentences
from governance.selectors.dry_run import COLUMNS, MOST, dry_run, table_of
from governance.selectors.policies import document_of, in_force
from governance.selectors.visible import policies_visible
from governance.services.policies import policy_shown
from governance.views.lists import POLICIES
from people import access
from people.catalogue import P
from people.lists import shown_list
from people.pages import actor_of, named, reading
from registry.selectors.versions import versions_visible


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


@reading
def trial(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """Which decisions and versions would come out differently under this policy, of those I may see."""
    row = policy_shown(actor=actor_of(request), policy_id=policy_id)
    found = dry_run(document_of(row), versions_visible(actor_of(request)), most=MOST)
    if request.GET.get("format") == "csv":
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="dry-run-{row.tier}-{row.number}.csv"'
        csv.writer(answer, lineterminator="\r\n").writerows([COLUMNS, *table_of(found)])
        return answer
    context: dict[str, Any] = {"policy": row, "found": found, "most": MOST}
    return render(request, "governance/policy_dry_run.html", context)


def standing_for(document: PolicyDocument) -> Policy | None:
    """The policy in force that this one would supersede, or else the one whose models it would take over."""
    rows = in_force(document.tier)
    same = next((row for row in rows if document_of(row).scope.key == document.scope.key), None)
    return same or next((row for row in rows if not any(document_of(row).scope.named)), None)
