"""What waits for one person: each thing with why it is theirs, until when, and who is on it already."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from governance.challenge import FINDING, VALIDATION
from governance.models import (
    Claim,
    Condition,
    Decision,
    Emergency,
    Finding,
    Policy,
    Recertification,
    RetrainingRequest,
    Validation,
    Waiver,
)
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
from ledger import clock, reading
from ledger.actors import Actor
from ledger.models import Governed
from monitoring.models import Breach, Incident
from monitoring.selectors import breaches_visible, incidents_visible
from people.catalogue import P
from registry.models import Contribution, Ownership, Tiering, Version
from registry.selectors.tierings import tierings_visible
from registry.selectors.versions import versions_visible

MOST = 100
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
_NAMED = (
    "number", "state", "decision_round", "registered_at", "policy_digest",
    "model__name", "model__system__name", "model__system__risk_tier",
)  # fmt: skip
"""What a task says of a version: a hundred model cards are not read for it."""
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
    """Versions that the person may review or decide on, with what is asked about all of them at once."""

    versions: tuple[Version, ...]
    dues: Mapping[UUID, Due]
    claims: Mapping[UUID, list[Claim]]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The acting person's tasks, what is overdue first, then by due date, then the oldest; the open versions that they
    took part in, which others decide on; and the kinds of which more wait than are listed."""

    tasks: list[Task]
    barred: list[Version]
    more: tuple[str, ...] = ()


def inbox_of(actor: Actor) -> Inbox:
    """Everything that waits for the acting person."""
    reached, now = desk_of(actor), clock.now()
    there = reading.there_are(
        {kind: (model, {"state": states}) for kind, (model, states, _) in SOURCES.items()}
    )
    review, decide = _to_review(actor, reached), _to_decide(actor, reached)
    rows = (*review[:MOST], *decide[:MOST])
    waiting = Waiting(rows, dues(rows), claims_of(rows, now=now))
    tasks = [
        *_versions(actor, reached, waiting),
        *_drafts(actor, reached),
        *(
            task
            for kind, (_, _, tasks_of) in SOURCES.items()
            if kind in there
            for task in tasks_of(actor, reached)
        ),
    ]
    tasks.sort(key=_urgency)
    count = Counter(task.kind for task in tasks)
    full = {kind for kind, number in count.items() if number >= MOST and kind not in CLAIMED}
    full |= {kind for kind, found in (("review", review), ("decide", decide)) if len(found) > MOST}
    barred = versions_visible(actor).filter(_took_part(actor), state__in=("validation", "review"))
    return Inbox(tasks, list(barred.order_by("registered_at")[:MOST]), tuple(sorted(full)))


def _urgency(task: Task) -> tuple[bool, dt.datetime, bool, dt.datetime]:
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return task.due is None, task.due or never, task.since is None, task.since or never


def _took_part(actor: Actor, version: str = "pk") -> Exists:
    """The condition that the acting person took part in the version that `version` names, or answers for who did."""
    mine = Q(principal__in=actor.principals) | Q(controller__in=actor.principals)
    return Exists(Contribution.objects.filter(mine, version=OuterRef(version)))


def _to_review(actor: Actor, reached: Desk) -> list[Version]:
    """What waits for whoever may review it, the oldest first, of others' work alone; one more than is listed."""
    rows = reached.within(P.VERSION_REVIEW, versions_visible(actor).filter(state="validation"))
    return list(rows.filter(~_took_part(actor)).only(*_NAMED).order_by("registered_at")[: MOST + 1])


def _to_decide(actor: Actor, reached: Desk) -> list[Version]:
    """What the acting person may decide on and hasn't in this round, as `_to_review`."""
    rows = reached.within(P.VERSION_APPROVE, versions_visible(actor).filter(state="review"))
    given = Decision.objects.filter(
        version=OuterRef("pk"), decision_round=OuterRef("decision_round"), person=actor.id
    )
    rows = rows.filter(~_took_part(actor), ~Exists(given)).only(*_NAMED)
    return list(rows.order_by("registered_at")[: MOST + 1])


def _versions(actor: Actor, reached: Desk, waiting: Waiting) -> Iterator[Task]:
    used = _used(actor, reached, waiting)
    for row in waiting.versions:
        if row.state == "review":
            lenders = reached.lenders(P.VERSION_APPROVE, row)
            left = [who for who in lenders or (actor.id,) if (row.pk, row.decision_round, who) not in used]
            if left and (row.pk, row.decision_round, actor.id) not in used:
                url = reverse("governance:decide", args=[row.pk])
                yield _task("decide", url, row, "you hold an approval seat", waiting=waiting,
                            stands_for=tuple(left) if lenders else ())  # fmt: skip
        else:
            url = reverse("governance:version", args=[row.pk])
            yield _task("review", url, row, "you may review it", waiting=waiting,
                        stands_for=reached.lenders(P.VERSION_REVIEW, row))  # fmt: skip


def _used(actor: Actor, reached: Desk, waiting: Waiting) -> set[tuple[UUID, int, str]]:
    """Version, round and person: decided by them, or in their right. One person fills one seat."""
    people = {actor.id, *(who for _, _, who in reached.lent)}
    rows = Decision.objects.filter(person__in=people, version__in=waiting.versions)
    found = set(rows.values_list("version_id", "decision_round", "person"))
    if reached.lent:
        found |= set(decided_for(people))
    return found


def _drafts(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = versions_visible(actor).filter(_took_part(actor), state="draft")
    for row in reached.within(P.VERSION_SUBMIT, rows).order_by("registered_at")[:MOST]:
        yield _task("finish", reverse("governance:version", args=[row.pk]), row, "you work on it")


def _waivers(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows: QuerySet[Waiver] = (
        waivers_visible(actor)
        .filter(~_took_part(actor, "version"), state="requested")
        .exclude(requested_by__in=actor.principals)
    )
    for waiver in reached.within(P.WAIVER_APPROVE, rows).order_by("starts")[:MOST]:
        url = reverse("governance:version", args=[waiver.version_id])
        yield _task("waiver", f"{url}#waivers", waiver.version, "you may approve waivers", waiver.starts,
                    what=f"Decide the waiver of {waiver.requirement}", key=f"waiver-{waiver.pk}",
                    stands_for=reached.lenders(P.WAIVER_APPROVE, waiver))  # fmt: skip


def _retraining(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = reached.within(P.RETRAINING_DECIDE, retraining_visible(actor).filter(state="requested"))
    for request in rows.order_by("requested_at")[:MOST]:
        url = reverse("governance:act", args=["decide-retraining", request.pk])
        yield _task("retraining", url, request.version, "you may decide it", request.requested_at,
                    key=f"retraining-{request.pk}", stands_for=reached.lenders(P.RETRAINING_DECIDE, request))  # fmt: skip


def _breaches(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = reached.within(P.BREACH_CLOSE, breaches_visible(actor).filter(state="open"))
    for breach in rows.order_by("opened_at")[:MOST]:
        url = reverse("monitoring:breach", args=[breach.pk])
        yield _task("breach", url, breach.monitor.deployment.version, "you work on breaches", breach.opened_at,
                    key=f"breach-{breach.pk}", stands_for=reached.lenders(P.BREACH_CLOSE, breach))  # fmt: skip


def _incidents(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = reached.within(P.INCIDENT_WORK, incidents_visible(actor).filter(state="open"))
    for incident in rows.order_by("opened_at")[:MOST]:
        system = incident.system
        yield Task("incident", KINDS["incident"], reverse("monitoring:incidents"), incident.title, system.name,
                   system.risk_tier, "you work on incidents", incident.opened_at, incident.state,
                   key=f"incident-{incident.pk}", stands_for=reached.lenders(P.INCIDENT_WORK, incident))  # fmt: skip


def _policies(actor: Actor, reached: Desk) -> Iterator[Task]:
    if not reached.anywhere(P.POLICY_APPROVE):
        return
    for policy in Policy.objects.filter(state="review").exclude(drafted_by__in=actor.principals):
        yield Task("policy", KINDS["policy"], reverse("governance:policy", args=[policy.pk]), str(policy), "",
                   policy.tier, "you approve policies", None, policy.state, key=f"policy-{policy.pk}",
                   stands_for=reached.lenders(P.POLICY_APPROVE, policy))  # fmt: skip


def _of_others(actor: Actor) -> Q:
    """What somebody else asked for, on a version that the acting person took no part in."""
    return Q(~_took_part(actor, "version"), ~Q(requested_by__in=actor.principals))


def _emergencies(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = emergencies_visible(actor).filter(_of_others(actor), state="requested")
    for emergency in reached.within(P.EMERGENCY_AGREE, rows).order_by("requested_at")[:MOST]:
        url = reverse("governance:thing", args=["emergency", emergency.pk])
        yield _task("emergency", url, emergency.version, "you are the second person", emergency.requested_at,
                    key=f"emergency-{emergency.pk}", stands_for=reached.lenders(P.EMERGENCY_AGREE, emergency))  # fmt: skip


def _renewals(actor: Actor, reached: Desk) -> Iterator[Task]:
    rows = recertifications_visible(actor).filter(_of_others(actor), state__in=OPEN)
    for renewal in reached.within(P.RECERTIFICATION_DECIDE, rows).order_by("requested_at")[:MOST]:
        url = reverse("governance:recertification", args=[renewal.pk])
        yield _task("renewal", url, renewal.version, "you may decide it", renewal.requested_at,
                    key=f"renewal-{renewal.pk}", stands_for=reached.lenders(P.RECERTIFICATION_DECIDE, renewal))  # fmt: skip


def _conditions(actor: Actor, reached: Desk) -> Iterator[Task]:
    for condition in conditions_mine(actor)[:MOST]:
        url = reverse("governance:version", args=[condition.version_id])
        yield _task("condition", url, condition.version, "you are responsible", condition.set_at,
                    key=f"condition-{condition.pk}", due=condition.due_from)  # fmt: skip


def _tierings(actor: Actor, reached: Desk) -> Iterator[Task]:
    owned = Ownership.objects.filter(
        person__in=actor.principals, until__isnull=True, system=OuterRef("system")
    )
    rows = tierings_visible(actor).filter(~Exists(owned), state="proposed")
    rows = rows.exclude(proposed_by__in=actor.principals)
    for row in reached.within(P.TIER_CONFIRM, rows).order_by("proposed_at")[:MOST]:
        yield Task("tier", KINDS["tier"], reverse("registry:tiering", args=[row.system_id]), str(row.system),
                   row.system.name, row.system.risk_tier, "you are the second line", row.proposed_at, row.state,
                   key=f"tier-{row.pk}", stands_for=reached.lenders(P.TIER_CONFIRM, row))  # fmt: skip


def _findings(actor: Actor, reached: Desk) -> Iterator[Task]:
    for finding in waiting_findings(actor):
        url = reverse("governance:finding", args=[finding.row.pk])
        yield Task("finding", finding.what, url, finding.row.title, "", finding.tier, finding.why, finding.since,
                   finding.state, finding.row.due_at, key=f"finding-{finding.row.pk}")  # fmt: skip


def _validations(actor: Actor, reached: Desk) -> Iterator[Task]:
    for validation in waiting_validations(actor):
        url = reverse("governance:validation", args=[validation.row.pk])
        yield Task("validation", validation.what, url, str(validation.row.version), "", validation.tier,
                   validation.why, validation.since, validation.state, validation.row.due_at,
                   key=f"validation-{validation.row.pk}")  # fmt: skip


SOURCES: Mapping[str, tuple[type[Governed], tuple[str, ...], Callable[[Actor, Desk], Iterator[Task]]]] = {
    "waiver": (Waiver, ("requested",), _waivers),
    "retraining": (RetrainingRequest, ("requested",), _retraining),
    "breach": (Breach, ("open",), _breaches),
    "incident": (Incident, ("open",), _incidents),
    "policy": (Policy, ("review",), _policies),
    "emergency": (Emergency, ("requested",), _emergencies),
    "renewal": (Recertification, OPEN, _renewals),
    "condition": (Condition, ("open",), _conditions),
    "tier": (Tiering, ("proposed",), _tierings),
    "finding": (Finding, tuple(state.name for state in FINDING.states if state.kind != "final"), _findings),
    "validation": (
        Validation, tuple(state.name for state in VALIDATION.states if state.kind != "final"), _validations,
    ),
}  # fmt: skip
"""Kind of task -> what waits, in which states, and who it waits for. One question says of which there is anything."""


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
