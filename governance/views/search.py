"""Search over everything I may see."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors import search as finding
from people.pages import actor_of, reading


@reading
def search(request: HttpRequest) -> HttpResponse:
    """What I may see and these words fit, by kind."""
    text = finding.clean(request.GET.get("q", ""))
    found = finding.search(actor_of(request), text)
    query = urlencode({"q": text})
    listed = [(one, f"{at}?{query}" if (at := finding.more_at(one.kind, text)) else "") for one in found]
    context = {"q": text, "found": listed, "short": len(text) < finding.SHORTEST, "most": finding.MOST}
    return render(request, "governance/search.html", context)
