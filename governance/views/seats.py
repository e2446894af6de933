"""Pages about who is there to decide: seats that nobody could fill, and what waits for whom."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors.seats import Lint, in_use
from governance.workload import COUNTERS, workload
from people import access
from people.catalogue import ROLES, P
from people.pages import actor_of, paged, reading
from people.services.reading import shown

PER_PAGE = 50


@reading
def seats(request: HttpRequest) -> HttpResponse:
    """Seats of the policies in force that today's people can't fill, for the systems the caller may see."""
    actor = actor_of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.SYSTEM_VIEW):
        shown(actor=actor, permission=P.SYSTEM_VIEW, row=None)
    page = paged(request, access.within(reached, P.SYSTEM_VIEW, in_use()))
    lines = list(Lint().lines(page.object_list))
    context = {
        "page": page,
        "lines": lines,
        "faults": [line for line in lines if not line.sound],
        "named": {line.system.pk for line in lines if reached.allows(P.PEOPLE_VIEW, line.system)},
        "titles": {role.name: role.title for role in ROLES.values()},
    }
    return render(request, "governance/seats.html", context)


@reading
def work(request: HttpRequest) -> HttpResponse:
    """What waits for each person, of what the caller may see."""
    actor = actor_of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.PEOPLE_VIEW):
        shown(actor=actor, permission=P.PEOPLE_VIEW, row=None)
    page = Paginator(workload(actor), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "governance/workload.html", {"page": page, "counters": COUNTERS})
