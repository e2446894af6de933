"""The threads of comments on one thing, a page at a time."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.models import Finding, Validation
from governance.selectors.comments import kind_of, thing_by_id, threads_on
from people import access
from people.catalogue import P
from people.pages import actor_of, named, paged, reading
from people.services.reading import shown
from registry.models import Version


@reading
def threads(request: HttpRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Every thread on a version, a finding or a validation, the newest first."""
    actor = actor_of(request)
    thing: Version | Finding | Validation = shown(
        actor=actor, permission=P.VERSION_VIEW, row=thing_by_id(kind, row_id)
    )
    page = paged(request, threads_on(thing))
    people = {author for row in page for author in (row.author, *(item.author for item in row.answers.all()))}
    context = {
        "thing": thing,
        "kind": kind_of(thing),
        "page": page,
        "me": actor.id,
        "may_comment": access.reach(actor).allows(P.COMMENT_WRITE, thing),
        "names": named(people),
    }
    return render(request, "governance/comments.html", context)
