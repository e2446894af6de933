"""What waits for me, oldest first, and why it is mine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance.models import Decision, Policy, Waiver
from governance.selectors.visible import retraining_visible, waivers_visible
from ledger.actors import Actor
from monitoring.selectors import breaches_visible, incidents_visible
from people import access
from people.catalogue import P
from people.pages import actor_of, reading
from people.selectors import notices_for
from registry.models import Contribution, Version
from registry.selectors.versions import versions_visible

MOST = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: where, on what, why it is mine, since when."""

    what: str
    url: str
    about: str
    tier: str
    why: str
    since: datetime | None
    state: str


@reading
def inbox(request: HttpRequest) -> HttpResponse:
    """The first page: everything that waits for me."""
    actor = actor_of(request)
    reached = access.reach(actor)
    tasks = [*_versions(actor, reached), *_waivers(actor, reached), *_others(actor, reached)]
    tasks.sort(key=lambda task: (task.since is None, task.since))
    barred = [row for row in _open_versions(actor)[:MOST] if row.pk in _mine(actor)]
    context = {
        "tasks": tasks[:MOST],
        "more": max(0, len(tasks) - MOST),
        "barred": barred,
        "notices": notices_for(actor).filter(read_at=None)[:20],
    }
    return render(request, "governance/inbox.html", context)


def _open_versions(actor: Actor) -> QuerySet[Version]:
    return versions_visible(actor).filter(state__in=("validation", "review")).order_by("registered_at")


def _mine(actor: Actor) -> set[object]:
    rows = Contribution.objects.filter(principal__in=actor.principals) | Contribution.objects.filter(
        controller__in=actor.principals
    )
    return set(rows.values_list("version_id", flat=True))


def _versions(actor: Actor, reached: access.Reach) -> Iterator[Task]:
    mine = _mine(actor)
    decided = set(Decision.objects.filter(person=actor.id).values_list("version_id", "decision_round"))
    for row in _open_versions(actor)[:MOST]:
        url = reverse("governance:version", args=[row.pk])
        if row.pk in mine:
            continue
        if row.state == "review" and reached.allows(P.VERSION_APPROVE, row):
            if (row.pk, row.decision_round) in decided:
                continue
            yield _task(
                "Decide", reverse("governance:decide", args=[row.pk]), row, "you hold an approval seat"
            )
        elif row.state == "validation" and reached.allows(P.VERSION_REVIEW, row):
            yield _task("Validate and start the review", url, row, "you may review it")
    for row in versions_visible(actor).filter(state="draft").order_by("registered_at")[:MOST]:
        if row.pk in mine and reached.allows(P.VERSION_SUBMIT, row):
            yield _task(
                "Finish and submit", reverse("governance:version", args=[row.pk]), row, "you work on it"
            )


def _waivers(actor: Actor, reached: access.Reach) -> Iterator[Task]:
    mine = _mine(actor)
    rows: QuerySet[Waiver] = waivers_visible(actor).filter(state="requested").exclude(requested_by=actor.id)
    for waiver in rows.order_by("starts")[:MOST]:
        if waiver.version_id in mine or not reached.allows(P.WAIVER_APPROVE, waiver):
            continue
        url = reverse("governance:version", args=[waiver.version_id])
        yield _task(f"Decide the waiver of {waiver.requirement}", f"{url}#waivers", waiver.version,
                    "you may approve waivers", waiver.starts)  # fmt: skip


def _others(actor: Actor, reached: access.Reach) -> Iterator[Task]:
    for request in retraining_visible(actor).filter(state="requested").order_by("requested_at")[:MOST]:
        if reached.allows(P.RETRAINING_DECIDE, request):
            url = reverse("governance:act", args=["decide-retraining", request.pk])
            yield _task(
                "Decide on retraining", url, request.version, "you may decide it", request.requested_at
            )
    for breach in breaches_visible(actor).filter(state="open").order_by("opened_at")[:MOST]:
        if reached.allows(P.BREACH_CLOSE, breach):
            url = reverse("monitoring:breach", args=[breach.pk])
            yield _task("Look into a breach", url, breach.monitor.deployment.version, "you work on breaches",
                        breach.opened_at)  # fmt: skip
    for incident in incidents_visible(actor).filter(state="open").order_by("opened_at")[:MOST]:
        if reached.allows(P.INCIDENT_WORK, incident):
            system = incident.system
            yield Task("Work on an incident", reverse("monitoring:incidents"), incident.title, system.risk_tier,
                       "you work on incidents", incident.opened_at, incident.state)  # fmt: skip
    if reached.anywhere(P.POLICY_APPROVE):
        for policy in Policy.objects.filter(state="review").exclude(drafted_by=actor.id):
            url = reverse("governance:policy", args=[policy.pk])
            yield Task(
                "Decide on a policy",
                url,
                str(policy),
                policy.tier,
                "you approve policies",
                None,
                policy.state,
            )


def _task(what: str, url: str, version: Version, why: str, since: datetime | None = None) -> Task:
    tier = version.model.system.risk_tier
    return Task(what, url, str(version), tier, why, since or version.registered_at, version.state)
