"""The decision: first what changed and what is missing, then what it rests on, then the form, bound to exactly what was
shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from governance.forms import ConditionsForm, DecisionForm
from governance.gates.approvals import afterwards_allowed
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import RoundContent
from governance.selectors.compare import Comparison, compare
from governance.selectors.conditions import current_conditions
from governance.selectors.contents import content_of, last_round
from governance.selectors.reading import opened
from governance.selectors.requirements import document_of, policy_of
from governance.selectors.rounds import last_approved, newer_versions, requested_changes
from governance.selectors.standing import condition_state
from governance.services.decisions import decision_record, seat_require
from governance.views.desk import desk_of
from governance.views.policy_panels import readiness_panel
from governance.views.versions import decidable_seats
from ledger import clock
from ledger.errors import NotAllowed, ServiceError
from people import access
from people.catalogue import ROLES, P
from people.pages import acting, actor_of, named, tell
from people.services.reading import shown as visible
from registry.machines import VERSION
from registry.models import Version
from registry.selectors.versions import version_by_id

KEPT, KEPT_AT = "governance.shown", "governance.shown-at"
MOST_KEPT = 20


@dataclass(frozen=True, slots=True)
class Before:
    """What the version is held against: the one approved last, and what it was itself when it was sent back."""

    approved: Version | None
    since_approved: Comparison | None
    round: RoundContent | None
    since_round: Comparison | None


@acting
def decide(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Read what the decision rests on, and decide."""
    actor = actor_of(request)
    row = visible(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(version_id))
    context = Context(row, clock.now())
    seats = decidable_seats(actor, context)
    if not seats:
        seat_require(actor=actor, version_id=row.pk)  # says why, and records it
        raise NotAllowed(
            "You can't decide on this version: you hold no seat for it, or you took part in making it.",
            visible=True,
        )
    form = DecisionForm(request.POST or None, seats=seats)
    under = _conditions_form(request, context.version)
    status, sign_in_again = 200, False
    if request.method == "POST" and form.is_valid() and under.is_valid():
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
                conditions=under.asked(),
                review_afterwards=under.cleaned_data.get("review_afterwards", False),
                shown_at=_shown_at(request, said["shown"]),
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
        # Something may have changed since this request began: that may be why it was refused.
        context = Context(version_by_id(row.pk), clock.now())
    return _page(request, context, form, under, seats, status=status, sign_in_again=sign_in_again)


def _conditions_form(request: HttpRequest, row: Version) -> ConditionsForm:
    policy = policy_of(row)
    document = document_of(policy) if policy else None
    people = access.holders(list(ROLES), row).values_list("pseudonym", "name") if document else ()
    return ConditionsForm(
        request.POST or None,
        people=list(people),
        allowed=bool(document and document.conditions.allowed),
        afterwards=bool(document and afterwards_allowed(document)),
    )


def before(context: Context) -> Before:
    """What to hold the version against, with the differences."""
    row, at = context.version, context.at
    approved, kept = last_approved(row), last_round(row)
    present = {}
    if approved or kept:
        present = content_of(row, at=at, standing=context.signature, states=context.requirements)
    return Before(
        approved,
        compare(content_of(approved, at=at), present) if approved else None,
        kept,
        compare(kept.content, present) if kept else None,
    )


def _page(
    request: HttpRequest,
    context: Context,
    form: DecisionForm,
    under: ConditionsForm,
    seats: list[str],
    *,
    status: int,
    sign_in_again: bool,
) -> HttpResponse:
    actor = actor_of(request)
    row = context.version
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
    handed_in = readiness_panel(row, access.reach(actor))
    answers = evaluate(VERSION.move("review", "approve").gates, context)
    desk, requested = desk_of(row, actor, access.reach(actor)), requested_changes(row)
    people = desk.people | {decision.person for decision, _ in requested}
    people |= handed_in.people if handed_in else frozenset()
    return render(
        request,
        "governance/decide.html",
        {
            "version": row,
            "form": fresh,
            "under": under if under.fields else None,
            "conditions": [(item, condition_state(item, context.at)) for item in current_conditions(row)],
            "before": before(context),
            "requested": requested,
            "newer": newer_versions(row),
            "desk": desk,
            "names": named(people),
            "requirements": context.requirements,
            "answers": answers,
            "closed": [one for one in answers if not one.ok and one.gate != "approvals-complete"],
            "waiting": [one for one in answers if not one.ok and one.gate == "approvals-complete"],
            "notes": [note for one in answers for note in one.notes],
            "passed": [one for one in answers if one.ok],
            "opened": opened(row, actor.id),
            "shown_digest": context.shown_digest,
            "items": sorted(context.shown.items()),
            "readiness": handed_in,
            "sign_in": f"{reverse('people:sign-in')}?next={request.path}" if sign_in_again else "",
        },
        status=status,
    )


def _keep(request: HttpRequest, context: Context) -> None:
    """Remember what was shown under its digest, so that a later mismatch can be named item by item, and since when."""
    kept: dict[str, dict[str, str]] = request.session.get(KEPT, {})
    since: dict[str, str] = request.session.get(KEPT_AT, {})
    kept.pop(context.shown_digest, None)
    kept[context.shown_digest] = context.shown
    kept = dict(list(kept.items())[-MOST_KEPT:])
    # The first showing counts: whoever corrects a form has not just begun to read.
    since.setdefault(context.shown_digest, context.at.isoformat())
    request.session[KEPT] = kept
    request.session[KEPT_AT] = {digest: at for digest, at in since.items() if digest in kept}


def _shown_at(request: HttpRequest, digest: str) -> dt.datetime | None:
    said = request.session.get(KEPT_AT, {}).get(digest)
    return dt.datetime.fromisoformat(said) if said else None
