"""Doors to one's own desk: saved views and exports of lists, how notices are mailed, the private calendar."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from people import sessions
from people.exports import FORMATS, MOST_ROWS
from people.lists import LISTINGS, Asked, asked, cells_in_chunks, rows_of
from people.pages import actor_of, changing
from people.services import calendars, desks, feeds, notices


@changing
def view_save(request: HttpRequest, name: str) -> HttpResponse:
    """Keep the list as it is filtered and sorted under a name."""
    wanted = _asked(request, name)
    view = desks.view_save(
        actor=actor_of(request), listing=name, name=request.POST.get("name", ""), query=wanted.query
    )
    messages.success(request, f"The view “{view.name}” is kept.")
    return redirect(_address(wanted))


@changing
def view_delete(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Delete one of one's own views."""
    listing = LISTINGS.get(desks.view_delete(actor=actor_of(request), view_id=view_id))
    messages.success(request, "The view is deleted.")
    return redirect(listing.page if listing else "people:profile")


@changing
def export(request: HttpRequest, name: str) -> HttpResponseBase:
    """The list as a file, recorded before its first byte leaves."""
    wanted = _asked(request, name)
    form = request.POST.get("format", "")
    if form not in FORMATS:
        raise Invalid(f"One of {', '.join(FORMATS)} is expected.", field="format")
    actor = actor_of(request)
    rows = rows_of(wanted, actor)
    there = len(rows) if isinstance(rows, list) else rows.count()
    count = min(there, MOST_ROWS)
    desks.export_record(actor=actor, listing=name, form=form, filters=wanted.query, rows=count)
    _, media_type, write = FORMATS[form]
    lines = cells_in_chunks(wanted.listing, rows, most=count)
    answer = StreamingHttpResponse(write(wanted.listing, lines, there - count), content_type=media_type)
    stamp = f"{clock.now():%Y-%m-%d}"
    answer["Content-Disposition"] = f'attachment; filename="modelwarrant-{name}-{stamp}.{form}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@changing
def mail(request: HttpRequest) -> HttpResponse:
    """How notices reach me beside the portal."""
    notices.mail_prefer(actor=actor_of(request), mode=request.POST.get("mode", ""))
    messages.success(request, "Kept. It holds from the next notice on.")
    return redirect(f"{reverse('people:profile')}#mail")


@changing
def calendar_new(request: HttpRequest) -> HttpResponse:
    """A new private address for my calendar; the one before ends. It is shown once, on this answer."""
    token = feeds.feed_renew(actor=actor_of(request))
    portal = settings.PORTAL_URL or request.build_absolute_uri("/").rstrip("/")
    address = f"{portal}{reverse('people:calendar')}?{urlencode({'token': token})}"
    return render(request, "people/calendar.html", {"address": address})


@changing
def calendar_end(request: HttpRequest) -> HttpResponse:
    """End the private address of my calendar."""
    feeds.feed_end(actor=actor_of(request))
    messages.success(request, "The address of your calendar has ended.")
    return redirect(f"{reverse('people:profile')}#calendar")


@require_safe
@never_cache
def calendar(request: HttpRequest) -> HttpResponse:
    """My due dates for a calendar, which has no session: the token in the address says whose."""
    actor: Actor | None = feeds.feed_reader(
        token=request.GET.get("token", ""), address=sessions.address(request)
    )
    if actor is None:
        raise NotThere
    body = calendars.as_ical(calendars.due_dates(actor), now=clock.now())
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="due.ics"'
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _asked(request: HttpRequest, name: str) -> Asked:
    listing = LISTINGS.get(name)
    if listing is None:
        raise NotThere
    return asked(listing, QueryDict(request.POST.get("query", "")[:1000]))


def _address(wanted: Asked) -> str:
    query = f"?{wanted.query}" if wanted.query else ""
    return f"{reverse(wanted.listing.page)}{query}"
