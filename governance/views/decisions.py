"""The decision: first what changed, then what it rests on, then the form, bound to exactly what was shown."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from governance.forms import DecisionForm
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.services.decisions import decision_record
from governance.views.versions import decidable_seats, since_last_approved
from ledger import clock
from ledger.errors import NotAllowed, ServiceError
from people.catalogue import P
from people.pages import acting, actor_of, tell
from people.services.reading import shown as visible
from registry.machines import VERSION
from registry.models import Version
from registry.selectors.versions import version_by_id

KEPT = "governance.shown"
MOST_KEPT = 20


@acting
def decide(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Read what the decision rests on, and decide."""
    actor = actor_of(request)
    row = visible(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(version_id))
    seats = decidable_seats(request, row)
    if not seats:
        raise NotAllowed(
            "You can't decide on this version: you hold no seat for it, or you took part in making it.",
            visible=True,
        )
    form = DecisionForm(request.POST or None, seats=seats)
    status, sign_in_again = 200, False
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        kept = request.session.get(KEPT, {})
        try:
            decision = decision_record(
                actor=actor,
                version_id=row.pk,
                outcome=said["outcome"],
                seat=said["seat"],
                shown=kept.get(said["shown"], {}),
                shown_digest=said["shown"],
                reason=said["reason"],
            )
        except ServiceError as error:
            tell(form, error)
            status, sign_in_again = error.status, getattr(error, "reason", "") == "stale-session"
        else:
            state = version_by_id(row.pk).state
            messages.success(
                request, f"Your decision is recorded ({decision.outcome}). The version is now {state}."
            )
            return redirect("governance:version", row.pk)
    return _page(request, row, form, seats, status=status, sign_in_again=sign_in_again)


def _page(
    request: HttpRequest,
    row: Version,
    form: DecisionForm,
    seats: list[str],
    *,
    status: int,
    sign_in_again: bool,
) -> HttpResponse:
    context = Context(row, clock.now())
    _keep(request, context)
    # Whatever was sent before, the form now carries the set that this page shows.
    fresh = DecisionForm(
        {**request.POST.dict(), "shown": context.shown_digest} if form.is_bound else None,
        seats=seats,
        initial={"shown": context.shown_digest, "seat": seats[0]},
    )
    if form.is_bound:
        fresh.full_clean()
        fresh.errors.clear()
        fresh.errors.update(form.errors)
    before, changes = since_last_approved(row)
    return render(
        request,
        "governance/decide.html",
        {
            "version": row,
            "form": fresh,
            "before": before,
            "changes": changes,
            "requirements": context.requirements,
            "answers": evaluate(VERSION.move("review", "approve").gates, context),
            "shown_digest": context.shown_digest,
            "items": sorted(context.shown.items()),
            "sign_in": f"{reverse('people:sign-in')}?next={request.path}" if sign_in_again else "",
        },
        status=status,
    )


def _keep(request: HttpRequest, context: Context) -> None:
    """Remember what was shown under its digest, so that a later mismatch can be named item by item."""
    kept: dict[str, dict[str, str]] = request.session.get(KEPT, {})
    kept.pop(context.shown_digest, None)
    kept[context.shown_digest] = context.shown
    request.session[KEPT] = dict(list(kept.items())[-MOST_KEPT:])
