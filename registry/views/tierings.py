"""The tiering of a system: how its tier stands, what was proposed and decided, and the questionnaire."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ledger import clock
from ledger.errors import ServiceError
from people import access
from people.catalogue import P
from people.pages import acting, actor_of, named, paged, reading, tell
from people.services.reading import shown
from registry import questionnaire
from registry.forms import ANSWER, ModelDecisionForm
from registry.models import Tiering
from registry.selectors import systems as inventory
from registry.selectors import tierings as standing
from registry.selectors.systems import owners
from registry.services.tierings import tiering_propose


@reading
def tiering(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """How the tier stands, what waits, and every tiering before."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
    page = paged(request, Tiering.objects.filter(system=row))
    found = standing.standing(row, clock.now())
    mine = access.reach(actor)
    waiting = found.proposed
    barred = waiting is not None and actor.principals & {waiting.proposed_by, *owners(row.pk)}
    context = {
        "system": row,
        "standing": found,
        "page": page,
        "rows": [(item, questionnaire.spelt(item.answers)) for item in page],
        "names": named(name for item in page for name in (item.proposed_by, item.decided_by)),
        "may_propose": row.state == "active" and waiting is None and mine.allows(P.TIER_PROPOSE, row),
        "may_withdraw": waiting is not None and mine.allows(P.TIER_PROPOSE, row),
        "may_decide": waiting is not None and mine.allows(P.TIER_CONFIRM, row) and not barred,
        "barred": barred and mine.allows(P.TIER_CONFIRM, row),
    }
    return render(request, "registry/tiering.html", context)


@acting
def propose(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """Answer the questionnaire and propose the tier."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
    form = ModelDecisionForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            made = tiering_propose(actor=actor, system_id=row.pk, **form.said())
        except ServiceError as error:
            if error.field and error.field.startswith("answers."):
                _tell_answers(form, error)
            else:
                tell(form, error)
            status = error.status
        else:
            messages.success(
                request, f"Proposed: {made.get_tier_display().lower()}. The second line confirms it."
            )
            return redirect("registry:tiering", row.pk)
    return render(request, "registry/tiering_propose.html", {"system": row, "form": form}, status=status)


def _tell_answers(form: ModelDecisionForm, error: ServiceError) -> None:
    """Every unanswered question at its place."""
    for reason in error.reasons:
        name = f"{ANSWER}{reason['code']}"
        form.add_error(name if name in form.fields else None, str(reason["text"]).partition(": ")[2])
