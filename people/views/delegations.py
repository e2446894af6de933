"""One's own delegations and absences: what is lent, what was lent, who gets the notices."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ledger.errors import NotThere, ServiceError
from people import access, catalogue, selectors
from people.catalogue import DELEGABLE
from people.forms import AbsenceForm, DelegationForm
from people.machines import ABSENCE, DELEGATION
from people.models import Absence, Delegation, Grant, User
from people.pages import acting, actor_of, paged, reading, tell
from people.services.absences import absence_announce, absence_cancel
from people.services.delegations import delegation_make, delegation_revoke


@reading
def own(request: HttpRequest) -> HttpResponse:
    """What the person lent, what was lent to them, and when they are away."""
    user = _user(request)
    page = paged(request, selectors.delegations_of(user))
    rows = list(page.object_list)
    context = {
        "page": page,
        "rows": _rows(rows, user),
        "in_force": {row.pk for row in selectors.delegations_in_force(rows)},
        "absences": selectors.absences_of(user)[:20],
        "query": "",
    }
    return render(request, "people/delegations.html", context)


@acting
def make(request: HttpRequest) -> HttpResponse:
    """Lend roles of one's own to somebody for a time."""
    actor = actor_of(request)
    grants = [row for row in access.in_force(actor).order_by("role", "starts") if row.role in DELEGABLE]
    form = DelegationForm(_choices(grants), selectors.systems_seen(actor), request.POST or None)
    status, stale = 200, False
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                delegation_make(
                    actor=actor,
                    grant_ids=[UUID(pk) for pk in given["grants"]],
                    delegate_id=selectors.person_at(given["delegate"], "delegate").pk,
                    starts=given["starts"],
                    ends=given["ends"],
                    reason=given["reason"],
                    scope_type="system" if given["scope_id"] else "",
                    scope_id=given["scope_id"],
                )
            except ServiceError as error:
                tell(form, error)
                status, stale = error.status, getattr(error, "reason", "") == "stale-session"
            else:
                messages.success(request, "Lent, and recorded. You can take it back at any time.")
                return redirect("people:delegations")
    context = {"form": form, "lends": bool(grants), "stale": stale}
    return render(request, "people/delegation_new.html", context, status=status)


@acting
def revoke(request: HttpRequest, delegation_id: UUID) -> HttpResponse:
    """End a delegation of one's own, or one to oneself."""
    user, actor = _user(request), actor_of(request)
    row = selectors.delegations_of(user).filter(pk=delegation_id, state="active").first()
    if row is None:
        raise NotThere
    if request.method == "POST":
        delegation_revoke(actor=actor, delegation_id=row.pk)
        messages.success(request, "The delegation is over.")
        return redirect("people:delegations")
    consequence = next(move.consequence for move in DELEGATION.transitions if move.name == "revoke")
    return _confirm(request, "End the delegation", str(row), consequence)


@acting
def announce(request: HttpRequest) -> HttpResponse:
    """Say when one is away, and who gets the notices."""
    form = AbsenceForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                deputy = selectors.person_at(given["deputy"], "deputy") if given["deputy"] else None
                absence_announce(
                    actor=actor_of(request),
                    starts=given["starts"],
                    ends=given["ends"],
                    deputy_id=deputy.pk if deputy else None,
                )
            except ServiceError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(request, "Announced.")
                return redirect("people:delegations")
    return render(request, "people/absence_new.html", {"form": form}, status=status)


@acting
def cancel(request: HttpRequest, absence_id: UUID) -> HttpResponse:
    """Back early, or never away."""
    row = Absence.objects.filter(pk=absence_id, user=_user(request), state="active").first()
    if row is None:
        raise NotThere
    if request.method == "POST":
        absence_cancel(actor=actor_of(request), absence_id=row.pk)
        messages.success(request, "Cancelled.")
        return redirect("people:delegations")
    return _confirm(request, "Cancel the absence", "", ABSENCE.transitions[0].consequence)


def _confirm(request: HttpRequest, title: str, what: str, consequence: str) -> HttpResponse:
    context = {"title": title, "what": what, "consequence": consequence}
    return render(request, "people/confirm.html", context)


def _user(request: HttpRequest) -> User:
    user = selectors.acting_user(actor_of(request))
    if user is None:
        raise NotThere
    return user


def _choices(grants: list[Grant]) -> list[tuple[str, str]]:
    scopes = selectors.scope_names(grants)
    return [(str(row.pk), f"{catalogue.ROLES[row.role].title}: {scopes[row.scope_id]}") for row in grants]


def _rows(rows: list[Delegation], user: User) -> list[dict[str, object]]:
    scopes = selectors.scope_names(rows)
    return [
        {
            "row": row,
            "role": catalogue.ROLES[row.grant.role].title
            if row.grant.role in catalogue.ROLES
            else row.grant.role,
            "scope": scopes[row.scope_id],
            "mine": row.grant.holder_user_id == user.pk,
            "state": DELEGATION.state(row.state).title,
        }
        for row in rows
    ]
