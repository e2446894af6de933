"""What waits for one person: each thing with why it is theirs, until when, and who is on it already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from governance.models import Claim, Decision, Policy, Waiver
from governance.selectors.desks import Desk, decided_for, desk_of
from governance.selectors.due import Due, claims_of, dues
from governance.selectors.emergencies import emergencies_visible
from governance.selectors.recertifications import OPEN
from governance.selectors.visible import (
    conditions_mine,
    recertifications_visible,
    retraining_visible,
    waivers_visible,
)
from governance.selectors.waiting import waiting_findings, waiting_validations
from ledger import clock
from ledger.actors import Actor
from monitoring.selectors import breaches_visible, incidents_visible
from people.catalogue import P
from registry.models import Contribution, Version
from registry.selectors.systems import owners
from registry.selectors.tierings import tierings_visible
from registry.selectors.versions import versions_visible

MOST = 200
"""Of one kind."""
KINDS = {
    "decide": "Decide",
    "review": "Validate and start the review",
    "finish": "Finish and submit",
    "waiver": "Decide the waiver",
    "retraining": "Decide on retraining",
    "breach": "Look into a breach",
    "incident": "Work on an incident",
    "policy": "Decide on a policy",
    "emergency": "Agree to an emergency, or refuse it",
    "renewal": "Decide on a renewal",
    "condition": "See to a condition",
    "tier": "Decide on a tier",
    "finding": "Answer or judge a finding",
    "validation": "Work on a validation",
}
CLAIMED = ("decide", "review")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: where, on what, why it is mine, since when, until when. `on_it` holds pseudonyms of who claimed
    it, `stands_for` of those in whose right alone it is mine."""

    kind: str
    what: str
    url: str
    about: str
    system: str
    tier: str
    why: str
    since: dt.datetime | None
    state: str
    due: dt.datetime | None = None
    on_it: tuple[str, ...] = ()
    key: str = ""
    stands_for: tuple[str, ...] = ()

    @property
    def claimable(self) -> bool:
        """Whether several could do it, so that one says who is on it."""
        return self.kind in CLAIMED

    def overdue(self, now: dt.datetime) -> bool:
        return self.due is not None and now > self.due


@dataclass(frozen=True, slots=True)
class Waiting:
    """Versions in which something waits, with what is asked about all of them at once."""

    versions: tuple[Version, ...]
    mine: frozenset[UUID]
    dues: Mapping[UUID, Due]
    claims: Mapping[UUID, list[Claim]]


def waiting_for(actor: Actor) -> tuple[list[Task], list[Version]]:
    """The acting person's tasks, what is overdue first, then by due date, then the oldest; and the open versions that
    they took part in, which others decide on."""
    reached, now = desk_of(actor), clock.now()
    open_versions = (
        versions_visible(actor).filter(state__in=("validation", "review")).order_by("registered_at")
    )
    rows = tuple(open_versions[:MOST])
    waiting = Waiting(rows, frozenset(_mine(actor)), dues(rows), claims_of(rows, now=now))
    tasks = [
        *_versions(actor, reached, waiting),
        *_drafts(actor, reached, waiting.mine),
        *_waivers(actor, reached, waiting.mine),
        *_others(actor, reached),
        *_running(actor, reached, waiting.mine),
        *_second_line(actor, reached),
    ]
    tasks.sort(key=_urgency)
    return tasks, [row for row in rows if row.pk in waiting.mine]


def _urgency(task: Task) -> tuple[bool, dt.datetime, bool, dt.datetime]:
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return task.due is None, task.due or never, task.since is None, task.since or never


def _mine(actor: Actor) -> set[UUID]:
    rows = Contribution.objects.filter(principal__in=actor.principals) | Contribution.objects.filter(
        controller__in=actor.principals
    )
    return set(rows.values_list("version_id", flat=True))


def _versions(actor: Actor, reached: Desk, waiting: Waiting) -> Iterator[Task]:
    used = _used(actor, reached)
    for row in waiting.versions:
        if row.pk in waiting.mine:
            continue
        if row.state == "review" and reached.allows(P.VERSION_APPROVE, row):
            lenders = reached.lenders(P.VERSION_APPROVE, row)
            left = [who for who in lenders or (actor.id,) if (row.pk, row.decision_round, who) not in used]
            if left and (row.pk, row.decision_round, actor.id) not in used:
                url = reverse("governance:decide", args=[row.pk])
                yield _task("decide", url, row, "you hold an approval seat", waiting=waiting,
                            stands_for=tuple(left) if lenders else ())  # fmt: skip
        elif row.state == "validation" and reached.allows(P.VERSION_REVIEW, row):
            url = reverse("governance:version", args=[row.pk])
            yield _task("review", url, row, "you may review it", waiting=waiting,
                        stands_for=reached.lenders(P.VERSION_REVIEW, row))  # fmt: skip


def _used(actor: Actor, reached: Desk) -> set[tuple[UUID, int, str]]:
    """Version, round and person: decided by them, or in their right. One person fills one seat."""
    people = {actor.id, *(who for _, _, who in reached.lent)}
    rows = Decision.objects.filter(person__in=people)
    found = set(rows.values_list("version_id", "decision_round", "person"))
    if reached.lent:
        found |= set(decided_for(people))
    return found


def _drafts(actor: Actor, reached: Desk, mine: frozenset[UUID]) -> Iterator[Task]:
    for row in versions_visible(actor).filter(state="draft").order_by("registered_at")[:MOST]:
        if row.pk in mine and reached.allows(P.VERSION_SUBMIT, row):
            yield _task("finish", reverse("governance:version", args=[row.pk]), row, "you work on it")


def _waivers(actor: Actor, reached: Desk, mine: frozenset[UUID]) -> Iterator[Task]:
    rows: QuerySet[Waiver] = (
        waivers_visible(actor).filter(state="requested").exclude(requested_by__in=actor.principals)
    )
    for waiver in rows.order_by("starts")[:MOST]:
        if waiver.version_id in mine or not reached.allows(P.WAIVER_APPROVE, waiver):
            continue
        url = reverse("governance:version", args=[waiver.version_id])
        yield _task("waiver", f"{url}#waivers", waiver.version, "you may approve waivers", waiver.starts,
                    what=f"Decide the waiver of {waiver.requirement}", key=f"waiver-{waiver.pk}",
                    stands_for=reached.lenders(P.WAIVER_APPROVE, waiver))  # fmt: skip


def _others(actor: Actor, reached: Desk) -> Iterator[Task]:
    for request in retraining_visible(actor).filter(state="requested").order_by("requested_at")[:MOST]:
        if reached.allows(P.RETRAINING_DECIDE, request):
            url = reverse("governance:act", args=["decide-retraining", request.pk])
            yield _task("retraining", url, request.version, "you may decide it", request.requested_at,
                        key=f"retraining-{request.pk}", stands_for=reached.lenders(P.RETRAINING_DECIDE, request))  # fmt: skip
    for breach in breaches_visible(actor).filter(state="open").order_by("opened_at")[:MOST]:
        if reached.allows(P.BREACH_CLOSE, breach):
            url = reverse("monitoring:breach", args=[breach.pk])
            yield _task("breach", url, breach.monitor.deployment.version, "you work on breaches", breach.opened_at,
                        key=f"breach-{breach.pk}", stands_for=reached.lenders(P.BREACH_CLOSE, breach))  # fmt: skip
    for incident in incidents_visible(actor).filter(state="open").order_by("opened_at")[:MOST]:
        if reached.allows(P.INCIDENT_WORK, incident):
            system = incident.system
            yield Task("incident", KINDS["incident"], reverse("monitoring:incidents"), incident.title, system.name,
                       system.risk_tier, "you work on incidents", incident.opened_at, incident.state,
                       key=f"incident-{incident.pk}", stands_for=reached.lenders(P.INCIDENT_WORK, incident))  # fmt: skip
    if reached.anywhere(P.POLICY_APPROVE):
        for policy in Policy.objects.filter(state="review").exclude(drafted_by__in=actor.principals):
            yield Task("policy", KINDS["policy"], reverse("governance:policy", args=[policy.pk]), str(policy), "",
                       policy.tier, "you approve policies", None, policy.state, key=f"policy-{policy.pk}",
                       stands_for=reached.lenders(P.POLICY_APPROVE, policy))  # fmt: skip


def _running(actor: Actor, reached: Desk, mine: frozenset[UUID]) -> Iterator[Task]:
    for emergency in emergencies_visible(actor).filter(state="requested").order_by("requested_at")[:MOST]:
        own = emergency.requested_by in actor.principals or emergency.version_id in mine
        if reached.allows(P.EMERGENCY_AGREE, emergency) and not own:
            url = reverse("governance:thing", args=["emergency", emergency.pk])
            yield _task("emergency", url, emergency.version, "you are the second person", emergency.requested_at,
                        key=f"emergency-{emergency.pk}", stands_for=reached.lenders(P.EMERGENCY_AGREE, emergency))  # fmt: skip
    for renewal in recertifications_visible(actor).filter(state__in=OPEN).order_by("requested_at")[:MOST]:
        own = renewal.requested_by in actor.principals or renewal.version_id in mine
        if reached.allows(P.RECERTIFICATION_DECIDE, renewal) and not own:
            url = reverse("governance:recertification", args=[renewal.pk])
            yield _task("renewal", url, renewal.version, "you may decide it", renewal.requested_at,
                        key=f"renewal-{renewal.pk}",
                        stands_for=reached.lenders(P.RECERTIFICATION_DECIDE, renewal))  # fmt: skip
    for condition in conditions_mine(actor)[:MOST]:
        url = reverse("governance:version", args=[condition.version_id])
        yield _task("condition", url, condition.version, "you are responsible", condition.set_at,
                    key=f"condition-{condition.pk}", due=condition.due_from)  # fmt: skip


def _second_line(actor: Actor, reached: Desk) -> Iterator[Task]:
    for row in tierings_visible(actor).filter(state="proposed").order_by("proposed_at")[:MOST]:
        own = actor.principals & {row.proposed_by, *owners(row.system_id)}
        if reached.allows(P.TIER_CONFIRM, row) and not own:
            yield Task("tier", KINDS["tier"], reverse("registry:tiering", args=[row.system_id]), str(row.system),
                       row.system.name, row.system.risk_tier, "you are the second line", row.proposed_at, row.state,
                       key=f"tier-{row.pk}", stands_for=reached.lenders(P.TIER_CONFIRM, row))  # fmt: skip
    for finding in waiting_findings(actor):
        url = reverse("governance:finding", args=[finding.row.pk])
        yield Task("finding", finding.what, url, finding.row.title, "", finding.tier, finding.why, finding.since,
                   finding.state, finding.row.due_at, key=f"finding-{finding.row.pk}")  # fmt: skip
    for validation in waiting_validations(actor):
        url = reverse("governance:validation", args=[validation.row.pk])
        yield Task("validation", validation.what, url, str(validation.row.version), "", validation.tier,
                   validation.why, validation.since, validation.state, validation.row.due_at,
                   key=f"validation-{validation.row.pk}")  # fmt: skip


def _task(
    kind: str,
    url: str,
    version: Version,
    why: str,
    since: dt.datetime | None = None,
    *,
    what: str = "",
    key: str = "",
    waiting: Waiting | None = None,
    due: dt.datetime | None = None,
    stands_for: tuple[str, ...] = (),
) -> Task:
    system = version.model.system
    asked = waiting.dues.get(version.pk) if waiting else None
    claims: Iterable[Claim] = waiting.claims.get(version.pk, []) if waiting else ()
    return Task(
        kind,
        what or KINDS[kind],
        url,
        str(version),
        system.name,
        system.risk_tier,
        why,
        since or (asked.since if asked else version.registered_at),
        version.state,
        due or (asked.at if asked else None),
        tuple(dict.fromkeys(claim.person for claim in claims)),
        key or f"{kind}-{version.pk}",
        stands_for,
    )
