"""How decisions are taken, for who answers for the process or audits it: counts, no names."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors import reading as counts
from governance.services.signals import QUICK
from ledger import clock
from people import access
from people.catalogue import P
from people.pages import actor_of
from people.pages import reading as page
from people.services.reading import shown


@page
def reading(request: HttpRequest) -> HttpResponse:
    """Decisions of the last twelve months by system: how many without opened evidence, how many within seconds."""
    actor = actor_of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.PEOPLE_VIEW):
        shown(actor=actor, permission=P.PEOPLE_VIEW, row=None)
    context = {
        "rows": counts.by_system(reached, at=clock.now()),
        "seconds": int(QUICK.total_seconds()),
        "fewest": counts.FEWEST,
        "months": counts.MONTHS,
    }
    return render(request, "governance/reading.html", context)
