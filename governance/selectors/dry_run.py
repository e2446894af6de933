"""What a policy would have changed: past approvals and present versions that come out differently under it, by name.

Reads only, and writes nothing anywhere. Each is asked twice on the same evidence, under the policy it had and under this
one, and only what differs between the two answers is said. A past approval is asked on what its reviewers were shown, at
the time of the decision; a present version on what stands there now.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.models import Acceptance, ChecklistAnswer, Decision, Policy, VersionDocument, Waiver
from governance.policies.document import PolicyDocument, UncoveredTask
from governance.selectors.ground import ground_of, grounded, policy_of
from governance.selectors.policies import document_of, speaks_of
from governance.selectors.readiness import answers_shown, documents_of
from governance.selectors.rejudged import Evidence, requirement_obstacles
from governance.selectors.requirements import declared
from governance.selectors.shown import shown_set
from ledger import clock
from ledger.models import Entry
from monitoring.models import Run
from people.catalogue import ROLES
from registry.models import Version
from registry.selectors import versions as registered

CHUNK = 200
"""Versions that are held in memory at once."""
CURRENT = ("in-use-not-warranted", "validation", "review", "approved", "restricted")
DECIDED = ("approved", "restricted")
BEFORE_APPROVAL = ("submit", "start-review", "approve")


@dataclass(frozen=True, slots=True)
class Answer:
    """One approval or version. `gained` and `lost` are sentences: what newly stands in the way, and what no longer does;
    `unknown` is what the records can't tell."""

    version: Version
    what: str
    before: str
    after: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return bool(self.gained or self.lost)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of some versions: those that the policy speaks of (`versions`), and the answers for each."""

    versions: tuple[Version, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def differing(self) -> tuple[Answer, ...]:
        return tuple(item for item in self.answers if item.differs)

    @property
    def untold(self) -> tuple[Answer, ...]:
        return tuple(item for item in self.answers if item.unknown)

    @property
    def stays(self) -> int:
        return sum(not item.differs for item in self.answers)

    @property
    def rejected(self) -> int:
        """Versions that people rejected, which no policy changes."""
        return sum(row.state == "rejected" for row in self.versions)


@dataclass(frozen=True)
class Facts:
    """What a version is asked on."""

    version: Version
    evidence: Evidence
    shown: Mapping[str, str]
    documents: frozenset[str]
    answers: Mapping[tuple[str, str], str]
    approvals: tuple[Decision, ...] = ()
    decided: bool = False
    notes: tuple[str, ...] = field(default=())


def dry_run(document: PolicyDocument, versions: QuerySet[Version]) -> Looked:
    """Ask all of `versions` that are of the policy's tier and scope, the newest first."""
    ids = list(of_tier(document, versions).order_by("-registered_at", "id").values_list("pk", flat=True))
    looked = []
    for start in range(0, len(ids), CHUNK):
        rows = versions.select_related("model__system").in_bulk(ids[start : start + CHUNK])
        looked.append(look(document, [rows[pk] for pk in ids[start : start + CHUNK] if pk in rows]))
    return Looked(
        tuple(row for part in looked for row in part.versions),
        tuple(item for part in looked for item in part.answers),
    )


def of_tier(document: PolicyDocument, versions: QuerySet[Version]) -> QuerySet[Version]:
    """The versions whose system is of the policy's tier; whether it speaks of their models is asked by `look`."""
    return versions.filter(model__system__risk_tier=document.tier)


def look(document: PolicyDocument, versions: Sequence[Version]) -> Looked:
    """Ask these versions of the policy's tier, leaving out models that the policy doesn't speak of."""
    spoken_of = {row.model_id: row.model for row in versions}
    held = {pk for pk, model in spoken_of.items() if speaks_of(document, model)}
    taken = [row for row in versions if row.model_id in held]
    now = clock.now()
    approvals = _approvals([row.pk for row in taken])
    answers = []
    for version in taken:
        for moment in approvals.get(version.pk, ()):
            facts = _then(version, moment)
            if facts is not None:
                answers.append(_answer(document, version, facts, f"approval of {moment:%Y-%m-%d}", past=True))
        if version.state in CURRENT:
            answers.append(
                _answer(document, version, _now(version, now), f"now, {version.state}", past=False)
            )
    return Looked(tuple(taken), tuple(answers))


def _answer(document: PolicyDocument, version: Version, facts: Facts, what: str, *, past: bool) -> Answer:
    # of the version itself, not of the copy that carries its ground: answers are many, and kept to the end
    own = _own(facts)
    after, unknown = _obstacles(document, facts)
    if own is not None and own.digest == document.digest:
        before: dict[str, str] = after
    else:
        before, _ = _obstacles(own, facts) if own is not None else ({}, [])
    gained = tuple(text for key, text in after.items() if key not in before)
    lost = tuple(text for key, text in before.items() if key not in after)
    if own is not None and document.recent_authentication not in (0, own.recent_authentication) and past:
        unknown.append("How recently its approvers had signed in isn't part of their decisions.")
    was = "approved" if past else _open(before)
    would = ("would not be approved" if gained else "approved") if past else _open(after)
    return Answer(version, what, was, would, gained, () if past else lost, (*facts.notes, *unknown))


def _open(found: Mapping[str, str]) -> str:
    return f"{len(found)} open" if found else "nothing open"


def _own(facts: Facts) -> PolicyDocument | None:
    digest = facts.shown.get("policy", "")
    policy = Policy.objects.filter(digest=digest).first() if digest else policy_of(facts.version)
    return document_of(policy) if policy else None


def _obstacles(document: PolicyDocument, facts: Facts) -> tuple[dict[str, str], list[str]]:
    """What stands in the way of an approval under a policy: key -> sentence; and what can't be told."""
    try:
        found, unknown = requirement_obstacles(document, facts.version, facts.evidence)
    except UncoveredTask as error:
        return {"task": str(error)}, []
    for move in (document.move(name) for name in BEFORE_APPROVAL):
        for name in move.card:
            if not str(facts.version.card.get(name) or "").strip():
                found[f"card:{name}"] = f"The model card says nothing about {name.replace('_', ' ')}."
        for kind in move.documents:
            if kind not in facts.documents:
                found[f"document:{kind}"] = f"The document {kind.replace('-', ' ')} is missing."
        for question in move.checklist:
            answer = facts.answers.get((move.name, question))
            if answer in (None, "no"):
                said = "not answered" if answer is None else "answered with no"
                found[f"question:{move.name}:{question}"] = f"Is {said}: {question}"
        if move.signature and facts.shown.get("signature") != "valid":
            found["signature"] = f"The signature is {facts.shown.get('signature') or 'missing'}."
        kinds = (
            set(registered.components(facts.version.pk).values_list("kind", flat=True))
            if move.components
            else set()
        )
        for kind in move.components:
            if kind not in kinds:
                found[f"component:{kind}"] = f"No component is listed as {kind.replace('-', ' ')}."
        for role in move.datasets:
            if role not in facts.evidence.declared:
                found[f"data:{role}"] = f"No data are declared for {role}."
    if facts.decided:
        found |= _seats(document, facts)
    return found, unknown


def _seats(document: PolicyDocument, facts: Facts) -> dict[str, str]:
    found = {}
    for need in document.approvals("approve"):
        there = len({row.person for row in facts.approvals if row.seat == need.role})
        if there < need.count:
            text = f"An approval as {ROLES[need.role].title if need.role in ROLES else need.role} is missing"
            found[f"seat:{need.role}"] = f"{text}: {there} of {need.count}."
    people, least = len({row.person for row in facts.approvals}), document.move("approve").distinct_approvers
    if people < least:
        found["approvers"] = f"{people} different people approved, {least} are asked for."
    return found


def _now(version: Version, now: dt.datetime) -> Facts:
    version = grounded(version)
    shown = dict(shown_set(version))
    if version.state == "in-use-not-warranted":
        shown["policy"] = ""
    covers = Waiver.objects.filter(version=version, state="approved", starts__lte=now, ends__gt=now)
    accepted = Acceptance.objects.filter(version=version, state="active", review_by__gt=now)
    return Facts(
        version,
        Evidence(
            now, tuple(ground_of(version).evidence), declared(version), _waived(covers), _accepted(accepted)
        ),
        shown,
        frozenset(row.kind for row in documents_of(version)),
        {(row.move, row.question): row.answer for row in answers_shown(version)},
        _approvers(version, version.decision_round, now),
        decided=version.state in DECIDED,
    )


def _then(version: Version, moment: dt.datetime) -> Facts | None:
    """The facts of an approval, from the set that its last decision was bound to; None if no decision is on record."""
    last = (
        version.decisions.filter(outcome="approve", decided_at__lte=moment)
        .order_by("-decided_at", "-id")
        .first()
    )
    if last is None:
        return None
    ids: dict[str, list[UUID]] = {}
    for key in last.shown:
        kind, _, name = key.partition("/")
        if name:
            ids.setdefault(kind, []).append(UUID(name.rpartition(":")[2]))
    runs = Run.objects.filter(pk__in=ids.get("run", ())).order_by("requested_at", "id")
    waivers = Waiver.objects.filter(pk__in=ids.get("waiver", ()), starts__lte=moment, ends__gt=moment)
    accepted = Acceptance.objects.filter(pk__in=ids.get("acceptance", ()))
    documents = VersionDocument.objects.filter(pk__in=ids.get("document", ()))
    answers = ChecklistAnswer.objects.filter(pk__in=ids.get("answer", ()))
    changed = shown_set(version).get("card") != last.shown.get("card")
    return Facts(
        version,
        Evidence(
            moment,
            tuple(runs),
            declared(version),
            _waived(waivers.exclude(decided_by="")),
            _accepted(accepted),
        ),
        last.shown,
        frozenset(documents.values_list("kind", flat=True)),
        {(row.move, row.question): row.answer for row in answers},
        _approvers(version, last.decision_round, moment),
        decided=True,
        notes=("The model card was changed since; its present text was read.",) if changed else (),
    )


def _approvers(version: Version, decision_round: int, at: dt.datetime) -> tuple[Decision, ...]:
    rows = version.decisions.filter(outcome="approve", decision_round=decision_round, decided_at__lte=at)
    return tuple(rows)


def _waived(rows: QuerySet[Waiver]) -> frozenset[str]:
    return frozenset(rows.values_list("requirement", flat=True))


def _accepted(rows: QuerySet[Acceptance]) -> frozenset[tuple[str, Any]]:
    return frozenset(rows.values_list("requirement", "run_id"))


def _approvals(ids: list[UUID]) -> dict[UUID, list[dt.datetime]]:
    """Version -> when it was approved, as the log says."""
    found: dict[UUID, list[dt.datetime]] = {}
    moved = Entry.objects.filter(event="registry.version_moved", subject_id__in=[str(pk) for pk in ids])
    for row in moved.order_by("at"):
        if json.loads(bytes(row.bytes))["data"].get("move") == "approve":
            found.setdefault(UUID(row.subject_id), []).append(row.at)
    return found
