"""Results, breaches and incidents as pages."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from monitoring import selectors
from monitoring.catalogue import CATALOGUE
from monitoring.machines import MONITOR
from monitoring.overview import overview
from monitoring.presentation import charts_of
from people.catalogue import P
from people.pages import actor_of, named, paged, reading
from people.services.reading import shown


@reading
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One result: verdict in words, what shows it, the bound and who set it, and what it can't tell."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.RUN_VIEW, row=selectors.run_by_id(run_id))
    outcome = row.outcome or {}
    results = outcome.get("results", [])
    context = {
        "run": row,
        "check": CATALOGUE.get(row.check_name),
        "outcome": outcome,
        "charts": charts_of(row.outcome),
        "judged": [result for result in results if result["verdict"]],
        "measured": [result for result in results if not result["verdict"]],
        "attempts": selectors.runs_of(row.version_id)
        .filter(check_name=row.check_name, batch=row.batch)
        .order_by("-requested_at"),
        "names": named([row.requested_by]),
        "may_cancel": row.requested_by in actor.principals,
    }
    return render(request, "monitoring/run.html", context)


@reading
def monitors(request: HttpRequest) -> HttpResponse:
    """What is watched, by the newest data."""
    rows = selectors.monitors_visible(actor_of(request)).order_by(F("newest").desc(nulls_last=True), "id")
    return render(request, "monitoring/monitors.html", {"page": paged(request, rows)})


@reading
def monitor(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """One watched deployment: its days, what was told and what was not, and what is normal for it."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.RUN_VIEW, row=selectors.monitor_of(deployment_id))
    baselines = list(row.baselines.order_by("-number"))
    context = {
        "monitor": row,
        "overview": overview(row),
        "baselines": baselines,
        "open_breaches": list(
            selectors.breaches_visible(actor)
            .filter(monitor=row, state="open", paging__paged=True)
            .order_by("-opened_at")
        ),
        "moves": [(f"{move.name}-monitor", move.title) for move in MONITOR.legal(row.state)],
        "names": named([one.asked_by for one in baselines]),
    }
    return render(request, "monitoring/monitor.html", context)


@reading
def breaches(request: HttpRequest) -> HttpResponse:
    """Monitored criteria that were not met, the newest first."""
    rows = selectors.breaches_visible(actor_of(request)).order_by("-opened_at")
    return render(request, "monitoring/breaches.html", {"page": paged(request, rows)})


@reading
def breach(request: HttpRequest, breach_id: UUID) -> HttpResponse:
    """One breach with its alerts."""
    row = shown(actor=actor_of(request), permission=P.RUN_VIEW, row=selectors.breach_by_id(breach_id))
    return render(
        request,
        "monitoring/breach.html",
        {
            "breach": row,
            "alerts": row.alerts.order_by("raised_at"),
            "missed": list(row.missed.order_by("starts_at")),
        },
    )


@reading
def incidents(request: HttpRequest) -> HttpResponse:
    """What people work on."""
    rows = selectors.incidents_visible(actor_of(request)).order_by("state", "-opened_at")
    return render(request, "monitoring/incidents.html", {"page": paged(request, rows)})
