"""Any two versions side by side: chosen from all that I may see, of any model."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors.compare import compare
from governance.selectors.contents import content_of
from ledger import clock
from people.catalogue import P
from people.pages import actor_of, reading
from people.services.reading import shown
from registry.selectors.versions import version_by_id, versions_visible

MOST = 50


@reading
def choose(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Which version to hold this one against: those of its own model first."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(version_id))
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    others = versions_visible(actor).exclude(pk=row.pk)
    if text:
        named = Q(model__name__icontains=text) | Q(model__system__name__icontains=text)
        others = others.filter(named | Q(label__icontains=text))
    else:
        others = others.filter(model=row.model_id)
    found = list(others.order_by("model__name", "-number")[: MOST + 1])
    context = {"version": row, "q": text, "others": found[:MOST], "more": len(found) > MOST}
    return render(request, "governance/compare_choose.html", context)


@reading
def compared(request: HttpRequest, version_id: UUID, other_id: UUID) -> HttpResponse:
    """What differs from the first version to the second."""
    actor = actor_of(request)
    old, new = (
        shown(actor=actor, permission=P.VERSION_VIEW, row=version_by_id(one))
        for one in (version_id, other_id)
    )
    now = clock.now()
    context = {
        "old": old,
        "new": new,
        "comparison": compare(content_of(old, at=now), content_of(new, at=now)),
    }
    return render(request, "governance/compare.html", context)
