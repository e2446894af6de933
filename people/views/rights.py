"""The page "who could do what when", and the same as a file."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from ledger import clock
from people import access
from people.catalogue import P
from people.forms import RightsForm
from people.pages import PER_PAGE, actor_of, reading
from people.rights import Asked, Found, Right
from people.services.reading import shown
from people.spreadsheets import lines

HEAD = (
    "holder",
    "pseudonym",
    "role",
    "on",
    "from",
    "until",
    "in the right of",
    "granted by",
    "ended",
    "locked out then",
    "may (by today's table)",
)


@reading
def rights(request: HttpRequest) -> HttpResponse:
    """Who held which role at a moment, as far as the caller may see."""
    form, asked, found = _asked(request)
    context: dict[str, Any] = {"form": form, "asked": asked, "query": "", "page": None}
    if asked is not None and found is not None:
        given = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
        context |= {
            "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
            "query": urlencode(given),
            "now": not given.get("at"),
        }
    return render(request, "people/rights.html", context, status=200 if asked else 400)


@reading
def rights_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All of it, as a file for a spreadsheet."""
    form, asked, found = _asked(request)
    if asked is None or found is None:
        return render(request, "people/rights.html", {"form": form, "page": None}, status=400)
    answer = StreamingHttpResponse(
        lines(HEAD, map(_line, found.every())), content_type="text/csv; charset=utf-8"
    )
    name = f"rights-{asked.at.astimezone(UTC):%Y%m%dT%H%M%SZ}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked(request: HttpRequest) -> tuple[RightsForm, Asked | None, Found | None]:
    actor = actor_of(request)
    reached = access.reach(actor)
    if not reached.anywhere(P.PEOPLE_VIEW):
        shown(actor=actor, permission=P.PEOPLE_VIEW, row=None)
    form = RightsForm(request.GET)
    if not form.is_valid():
        return form, None, None
    given = form.cleaned_data
    asked = Asked(given["at"] or clock.now(), given["person"].strip(), given["role"], given["system"])
    return form, asked, Found(reached, asked)


def _line(right: Right) -> tuple[object, ...]:
    return (
        right.holder,
        right.holder.pseudonym,
        right.role,
        right.scope,
        right.starts.isoformat(),
        right.ends.isoformat() if right.ends else "",
        right.delegator,
        ", ".join(filter(None, right.granted_by)),
        right.ended,
        "yes" if right.locked_out else "no",
        "; ".join(right.permissions),
    )
