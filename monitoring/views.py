"""Results, breaches and incidents as pages."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from monitoring import selectors
from monitoring.catalogue import CATALOGUE
from monitoring.machines import BREACH, INCIDENT, MONITOR, RUN
from monitoring.models import Breach, Run
from monitoring.overview import overview
from monitoring.presentation import attempts, page
from monitoring.presentation.errors import advice
from monitoring.presentation.results import Said
from monitoring.services.runs import monitored_of
from people.catalogue import P
from people.lists import Column, Filter, Listing, choices_of, equals, register, shown_list
from people.pages import actor_of, named, reading
from people.services.reading import shown
from people.signals import evidence_opened

REFRESH_SECONDS = 10
"""How often the page of a run that hasn't ended looks again."""


@reading
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One result: verdict in words, what shows it, the bound and who set it, and what it can't tell."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.RUN_VIEW, row=selectors.run_by_id(run_id))
    if row.batch_id is None:
        evidence_opened.send(sender=Run, actor=actor, version=row.version, what="run", about=row.pk)
    siblings = list(
        selectors.runs_of(row.version_id)
        .filter(check_name=row.check_name, batch=row.batch)
        .defer("outcome")
        .order_by("requested_at", "id")
    )
    decided = page.deciding_result(row.outcome) if row.outcome else None
    answers = _answers(decided, [row.pk, *(one.pk for one in siblings[-attempts.DRAWN :])])
    tried = attempts.attempts_of(
        [_attempt(one, answers.get(one.pk)) for one in siblings],
        row.pk,
        decided,
        row.check_name,
        on="batch" if row.batch else "version",
    )
    stage = _stage(row)
    context = {
        "run": row,
        "check": CATALOGUE.get(row.check_name),
        "outcome": row.outcome or {},
        "shown": page.shown(row.outcome, row.thresholds) if row.outcome else None,
        "attempts": tried,
        "labels": page.labels_of(stage, row.outcome),
        "other_stages": [one for one in siblings if stage and _stage(one) != stage],
        "error": advice(row.error_code) if row.state == "error" else None,
        "names": named([row.requested_by, *(one.attempt.by for one in tried.rows)]),
        "may_cancel": row.requested_by in actor.principals,
        "refresh": REFRESH_SECONDS if row.state == RUN.initial.name else 0,
    }
    return render(request, "monitoring/run.html", context)


def _answers(decided: Said | None, runs: list[UUID]) -> dict[UUID, Said | None]:
    """What each of these runs says to the question that decided. One outcome at a time is held: some are large."""
    if decided is None:
        return {}
    rows = Run.objects.filter(pk__in=runs).values_list("pk", "outcome").iterator(chunk_size=1)
    return {run: attempts.same(outcome, decided) for run, outcome in rows}


def _attempt(row: Run, result: Said | None) -> attempts.Attempt:
    data = row.batch.blob_id if row.batch else row.current.digest if row.current else ""
    labels = monitored_of(row).get("labels") or {}
    data = " ".join([data, *labels.get("sets", ())])
    bounds = json.dumps(row.thresholds, sort_keys=True)
    return attempts.Attempt(
        row.pk, row.requested_at, row.requested_by, row.requested_as, row.state, row.verdict, _stage(row),
        data, bounds, result,
    )  # fmt: skip


def _stage(row: Run) -> str:
    """Provisional or matured, for a run that waited for labels."""
    return str(monitored_of(row).get("stage") or "")


MONITORS = register(
    Listing(
        "monitors", "Monitoring", "monitoring:monitors", selectors.monitors_visible, order="-newest",
        columns=(
            Column("deployment", "Deployment", lambda row: str(row.deployment), sort=("deployment__version__model__name",),
                   link=lambda row: reverse("monitoring:monitor", args=[row.deployment_id])),
            Column("system", "System", lambda row: row.deployment.version.model.system.name,
                   sort=("deployment__version__model__system__name",)),
            Column("newest", "Newest data", lambda row: row.newest, "moment", sort=("newest",)),
            Column("breaches", "Open breaches", lambda row: row.open_breaches, "number", sort=("open_breaches",)),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
        ),
        filters=(Filter("state", "State", equals("state"), choices_of(state.name for state in MONITOR.states)),),
        things=("watched deployment", "watched deployments"),
        empty="Nothing that you may see is watched yet. A deployment is watched from its first report on.",
    )
)  # fmt: skip


def _told(row: Breach) -> str:
    paging = getattr(row, "paging", None)
    return "not decided" if paging is None else "yes" if paging.paged else "no"


BREACHES = register(
    Listing(
        "breaches", "Breaches", "monitoring:breaches", selectors.breaches_visible, order="-opened",
        columns=(
            Column("what", "What", lambda row: row.summary["text"],
                   link=lambda row: reverse("monitoring:breach", args=[row.pk])),
            Column("where", "Where", lambda row: str(row.monitor.deployment.version),
                   sort=("monitor__deployment__version__model__name", "monitor__deployment__version__number")),
            Column("response", "Response", lambda row: row.response, sort=("response",)),
            Column("told", "Told", _told, sort=("paging__paged",)),
            Column("opened", "Opened", lambda row: row.opened_at, "moment", sort=("opened_at",)),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
        ),
        filters=(Filter("state", "State", equals("state"), choices_of(state.name for state in BREACH.states)),),
        things=("breach", "breaches"),
        empty="No monitored criterion was missed in anything you may see.",
    )
)  # fmt: skip

INCIDENTS = register(
    Listing(
        "incidents", "Incidents", "monitoring:incidents", selectors.incidents_visible,
        columns=(
            Column("what", "What", lambda row: row.title, sort=("title",)),
            Column("system", "System", lambda row: row.system.name, sort=("system__name",),
                   link=lambda row: reverse("registry:system", args=[row.system_id])),
            Column("severity", "Severity", lambda row: row.severity, sort=("severity",)),
            Column("opened", "Opened", lambda row: row.opened_at, "moment", sort=("opened_at",)),
            Column("state", "State", lambda row: row.state, "tag", sort=("state", "opened_at")),
            Column("act", "Act", lambda row: "Close" if row.state == "open" else row.closing_note,
                   link=lambda row: f"/act/close-incident/{row.pk}/" if row.state == "open" else ""),
        ),
        filters=(Filter("state", "State", equals("state"), choices_of(state.name for state in INCIDENT.states)),),
        order="-state",
        things=("incident", "incidents"),
        empty="No incident is recorded on anything you may see.",
    )
)  # fmt: skip


@reading
def monitors(request: HttpRequest) -> HttpResponse:
    """What is watched, by the newest data."""
    return render(request, "components/listing.html", shown_list(request, MONITORS))


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
    return render(request, "components/listing.html", shown_list(request, BREACHES))


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
    """What people work on: the open ones first."""
    return render(request, "components/listing.html", shown_list(request, INCIDENTS))
