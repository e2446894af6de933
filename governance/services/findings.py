"""Findings: opened by a reviewer or validator, answered by the makers, ended by who found them or a named successor.

Each move needs its right on every subject of the finding, so that nobody ends for a model what they may not judge
there. What is said stays, beside the move that it was said with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from governance import events
from governance.challenge import FINDING
from governance.models import Finding, FindingLink, FindingStatement, Validation
from governance.models.findings import Severity
from governance.policies.lifecycle import Findings
from governance.selectors.finding_bars import ANSWERS, FINDERS, barred, document_for, judges, why_closed
from governance.selectors.findings import finding_locked, lapsed, lapsed_at, standing
from governance.selectors.holders import holder_named, holders_of, seeing
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import records
from ledger.services.transactions import governed
from ledger.workdays import calendar
from modelwarrant.machine import IllegalMove
from people import access
from people.catalogue import P
from people.services.moves import move_row
from people.services.notices import notify
from registry.models import Version
from registry.selectors.systems import model_locked, system_locked
from registry.selectors.versions import version_locked

SWEEP = Actor.system("expiry-sweep")
MOST_SUBJECTS = 200
LONGEST = dt.timedelta(days=366)
"""No risk is accepted, and no due date set, for longer than this from now."""
_RUNNING = ("approved", "restricted")


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a finding is about, by id: one thing, or several across which it is the same fault."""

    versions: Sequence[UUID] = ()
    models: Sequence[UUID] = ()
    systems: Sequence[UUID] = ()


@governed
def finding_open(
    *,
    actor: Actor,
    about: Subjects,
    title: str,
    description: str,
    severity: str,
    owner: str = "",
    validation_id: UUID | None = None,
) -> Finding:
    """Open a finding on all subjects of `about`; `owner` (pseudonym or e-mail address) answers it, the system's owner
    if nobody is named.

    It is due after the policy's working days, the earliest of all subjects. The same finding sent twice is opened
    once. Invalid: about, title, description, severity, owner, validation_id.
    """
    links = _subjects(about)
    for link in links:
        access.require(actor, P.FINDING_JUDGE, link)
    said = _texts(title=title, description=description)
    if severity not in Severity.values:
        raise Invalid(f"One of: {', '.join(Severity.values)}.", field="severity")
    again = _same(actor, links, severity, said)
    if again:
        return again
    one_system = links[0].system if len({link.system_id for link in links}) == 1 else None
    scope = access.Scope(tuple(dict.fromkeys(pair for link in links for pair in link.scopes())))
    answers = holder_named(owner or links[0].system.owner, P.FINDING_RESPOND, scope, "owner")
    finding = Finding()
    now = clock.now()
    records.write(
        actor=actor,
        event=events.FINDING_OPENED,
        row=finding,
        set={
            "about": _about(links),
            "system": one_system,
            "validation": _validation(validation_id, links),
            **said,
            "severity": severity,
            "owner": answers.pseudonym,
            "found_by": actor.id,
            "found_at": now,
            "due_at": min(_due(link, severity, now) for link in links),
            "state": FINDING.initial.name,
        },
    )
    for link in links:
        values = {"system": link.system, "model": link.model, "version": link.version}
        records.write(actor=actor, event=events.FINDING_LINKED, row=link, set={"finding": finding, **values})
    _tell_of_opening(finding, links)
    return finding


@governed
def finding_move(
    *, actor: Actor, finding_id: UUID, move: str, reason: str, until: dt.datetime | None = None
) -> Finding:
    """Make one move of the table with the words it is made with; `until` is the end of an accepted risk.

    Raises Conflict for a move that isn't possible now, NotAllowed for who may not judge or answer.
    """
    finding = _current(finding_id)
    known = next((item for item in FINDING.transitions if item.name == move), None)
    permission = P(known.permission) if known else P.VERSION_VIEW
    require_everywhere(actor, permission, finding, needs_all=known is not None and move not in ANSWERS)
    try:
        transition = FINDING.move(finding.state, move)
    except IllegalMove as error:
        raise Conflict(f"The finding is {standing(finding, clock.now()).title.lower()}; {error}.") from error
    why = why_closed(finding, transition, actor.principals, actor.id)
    if why:
        raise NotAllowed(
            f"You can't {transition.title.lower()}. {why}",
            permission=transition.permission,
            subject=Subject.of(finding),
            reason="finder" if move in FINDERS else "separation",
            visible=True,
        )
    values: dict[str, Any] = {}
    if move == "accept-risk":
        values["accepted_until"] = _ends(until)
    elif transition.target in ("closed", "withdrawn"):
        values["closed_at"] = clock.now()
    said = _texts(reason=reason)["reason"]
    before = finding.state
    move_row(
        actor=actor,
        row=finding,
        machine=FINDING,
        move=move,
        event=events.FINDING_MOVED,
        barred=barred(finding),
        set=values,
    )
    statement_write(actor, finding, move, said, before, transition.target)
    _tell_of_move(actor, finding, move, transition.title)
    return finding


@governed
def severity_change(*, actor: Actor, finding_id: UUID, severity: str, reason: str) -> Finding:
    """Judge the severity anew. A graver finding is due sooner, counted from now; a lesser one later, counted from when
    it was found; the old severity stays in its history."""
    finding = _current(finding_id)
    _require_judge(actor, finding, "change the severity")
    if severity not in Severity.values:
        raise Invalid(f"One of: {', '.join(Severity.values)}.", field="severity")
    if severity == finding.severity:
        return finding
    if finding.state in ("closed", "withdrawn"):
        raise Conflict(f"The finding is {finding.state}.")
    said = _texts(reason=reason)["reason"]
    before, links = finding.severity, list(finding.links.all())
    order = Severity.values
    if order.index(severity) < order.index(before):
        due = min(finding.due_at, *(_due(link, severity, clock.now()) for link in links))
    else:
        due = max(finding.due_at, min(_due(link, severity, finding.found_at) for link in links))
    records.write(
        actor=actor, event=events.FINDING_CHANGED, row=finding, set={"severity": severity, "due_at": due}
    )
    statement_write(actor, finding, "severity", said, before, severity)
    if severity == Severity.CRITICAL:
        _tell_of_opening(finding, links)
    else:
        _notify(finding, {finding.owner}, f"The severity of a finding is now {severity}.")
    return finding


@governed
def successor_name(*, actor: Actor, finding_id: UUID, successor: str, reason: str) -> Finding:
    """Name who judges the answers beside, or after, the person who found it. The head of validation does; makers,
    owners and who answered can't be named."""
    finding = _current(finding_id)
    require_everywhere(actor, P.VALIDATION_ASSIGN, finding)
    bars = barred(finding)
    if actor.principals & (bars["contributor"] | bars["owner"]):
        raise NotAllowed(
            "You can't name who closes this. You took part in making what it is about, or own a system of it.",
            permission=P.VALIDATION_ASSIGN,
            subject=Subject.of(finding),
            reason="contributor",
            visible=True,
        )
    if finding.state in ("closed", "withdrawn"):
        raise Conflict(f"The finding is {finding.state}.")
    said = _texts(reason=reason)["reason"]
    person = holder_named(successor, P.FINDING_JUDGE, finding, "successor")
    if not all(
        holders_of(P.FINDING_JUDGE, link).filter(pk=person.pk).exists() for link in finding.links.all()
    ):
        raise Invalid(
            "They hold no role that judges findings on everything this one is about.", field="successor"
        )
    if person.pseudonym in bars["contributor"] | bars["owner"] | bars["responder"]:
        raise Invalid(
            "They made it, own it or answered it; who judges the answers did none of that.", field="successor"
        )
    if person.pseudonym == finding.closer:
        return finding
    before = finding.closer
    records.write(actor=actor, event=events.FINDING_CHANGED, row=finding, set={"closer": person.pseudonym})
    statement_write(actor, finding, "successor", said, before, person.pseudonym)
    _notify(finding, {person.pseudonym}, "You were named to judge the answers to a finding.")
    return finding


@governed
def findings_lapse(*, actor: Actor, limit: int = 100) -> int:
    """Record which acceptances of a risk have ended; they count as ended from their date on, with or without this."""
    return sum(_lapse(finding_locked(pk), actor) for pk in lapsed_at(clock.now(), limit))


def require_everywhere(actor: Actor, permission: P, finding: Finding, *, needs_all: bool = True) -> None:
    """NotAllowed unless `permission` reaches every subject of the finding (or one, where one is enough)."""
    access.require(actor, permission, finding)
    reached = access.reach(actor)
    if needs_all and not all(reached.allows(permission, link) for link in finding.links.all()):
        raise NotAllowed(
            "This finding is about more than you hold such a role for.",
            permission=permission.value,
            subject=Subject.of(finding),
            reason="no-grant",
            visible=True,
        )


def statement_write(
    actor: Actor, finding: Finding, kind: str, text: str, before: str = "", after: str = ""
) -> None:
    """Record what was said, inside the transaction of what it was said with."""
    records.write(
        actor=actor,
        event=events.FINDING_SAID,
        row=FindingStatement(),
        set={
            "finding": finding,
            "kind": kind,
            "person": actor.id,
            "said_at": clock.now(),
            "before": before,
            "after": after,
            "text": text,
        },
        data={"kind": kind},
    )


def _current(finding_id: UUID) -> Finding:
    """The locked finding; an acceptance that has ended is recorded as such first, so that the table's moves fit."""
    finding = finding_locked(finding_id)
    _lapse(finding, SWEEP)
    return finding


def _lapse(finding: Finding, actor: Actor) -> bool:
    if not lapsed(finding, clock.now()):
        return False
    move_row(actor=actor, row=finding, machine=FINDING, move="lapse", event=events.FINDING_MOVED)
    _notify(finding, {finding.owner, *judges(finding)}, "The acceptance of a finding's risk has ended.")
    return True


def _require_judge(actor: Actor, finding: Finding, what: str) -> None:
    require_everywhere(actor, P.FINDING_JUDGE, finding)
    why = why_closed(finding, FINDING.move("remediated", "close"), actor.principals, actor.id)
    if why:
        raise NotAllowed(
            f"You can't {what}. {why}",
            permission=P.FINDING_JUDGE,
            subject=Subject.of(finding),
            reason="finder",
            visible=True,
        )


def _subjects(about: Subjects) -> list[FindingLink]:
    """The links to be, their subjects locked in one order, so that two openings of one finding wait for each other."""
    count = len(about.versions) + len(about.models) + len(about.systems)
    if not count:
        raise Invalid("Name at least one version, model or system.", field="about")
    if count > MOST_SUBJECTS:
        raise Invalid(f"A finding holds for at most {MOST_SUBJECTS} subjects.", field="about")
    links = []
    for pk in sorted(set(about.systems)):
        links.append(FindingLink(system=system_locked(pk)))
    for pk in sorted(set(about.models)):
        model = model_locked(pk)
        links.append(FindingLink(system=model.system, model=model))
    for pk in sorted(set(about.versions)):
        version = version_locked(pk)
        links.append(FindingLink(system=version.model.system, model=version.model, version=version))
    return links


def _about(links: list[FindingLink]) -> str:
    if len(links) > 1:
        return "systemic"
    return "version" if links[0].version else "model" if links[0].model else "system"


def _same(actor: Actor, links: list[FindingLink], severity: str, said: dict[str, str]) -> Finding | None:
    wanted = {(link.system_id, link.model_id, link.version_id) for link in links}
    mine = Finding.objects.filter(found_by=actor.id, severity=severity, state=FINDING.initial.name, **said)
    for row in mine.prefetch_related("links"):
        if {(link.system_id, link.model_id, link.version_id) for link in row.links.all()} == wanted:
            return row
    return None


def _validation(validation_id: UUID | None, links: list[FindingLink]) -> Validation | None:
    if validation_id is None:
        return None
    found = Validation.objects.filter(pk=validation_id).select_related("version").first()
    if found is None or found.version_id not in {link.version_id for link in links}:
        raise Invalid("No validation of what the finding is about.", field="validation_id")
    return found


def _due(link: FindingLink, severity: str, since: dt.datetime) -> dt.datetime:
    document = document_for(link)
    rules = document.findings if document else Findings()
    days: int = getattr(rules, f"{severity}_days")
    return calendar().after(since, days)


def _ends(until: dt.datetime | None) -> dt.datetime:
    now = clock.now()
    if until is None or not now < until <= now + LONGEST:
        raise Invalid("The acceptance of a risk ends within twelve months from now.", field="until")
    return until


def _texts(**said: str) -> dict[str, str]:
    for field, text in said.items():
        if not text.strip():
            raise Invalid("Say it in a sentence; it is kept and shown to whoever may see it.", field=field)
        if field == "title" and len(text.strip()) > 200:
            raise Invalid("A title has at most 200 characters.", field=field)
    return {field: text.strip() for field, text in said.items()}


def _tell_of_opening(finding: Finding, links: list[FindingLink]) -> None:
    people = {finding.owner}
    running = any(_runs(link) for link in links)
    if finding.severity == Severity.CRITICAL and running:
        # What runs isn't stopped by a finding: a person decides, and is told at once.
        judges_of = ("owner", "risk-reviewer", "accountable-executive")
        people |= {user.pseudonym for link in links for user in access.holders(judges_of, link)}
        _notify(
            finding, people, "A critical finding is open on something that is approved. Decide what follows."
        )
    else:
        _notify(finding, people, f"A {finding.severity} finding is yours to answer.")


def _runs(link: FindingLink) -> bool:
    if link.version:
        return link.version.state in _RUNNING
    rows = Version.objects.filter(state__in=_RUNNING)
    rows = rows.filter(model=link.model) if link.model else rows.filter(model__system=link.system)
    return rows.exists()


def _tell_of_move(actor: Actor, finding: Finding, move: str, title: str) -> None:
    people = set(judges(finding)) if move in ANSWERS else {finding.owner, *judges(finding)}
    _notify(finding, people - {actor.id}, f"{title}: a finding that concerns you has moved.")


def _notify(finding: Finding, people: set[str], text: str) -> None:
    notify(seeing(people, finding), text, reverse("governance:finding", args=[finding.pk]))
