"""Every emergency that ever was, on one page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors.emergencies import emergencies_visible, status_at
from ledger import clock
from people.pages import actor_of, named, paged, reading


@reading
def emergencies(request: HttpRequest) -> HttpResponse:
    """Emergencies of what I may see, the newest first. Nothing leaves this list."""
    rows = emergencies_visible(actor_of(request)).order_by("-requested_at", "id")
    page, now = paged(request, rows), clock.now()
    context = {
        "page": page,
        "rows": [(row, status_at(row, now)) for row in page],
        "agreed": rows.filter(agreed_at__isnull=False).count(),
        "open": rows.filter(state="open").count(),
        "names": named({row.requested_by for row in page} | {row.agreed_by for row in page}),
    }
    return render(request, "governance/emergencies.html", context)
