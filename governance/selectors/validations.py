"""Validations as they stand, who may do them, and how the work is spread."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from governance.challenge import VALIDATION
from governance.models import Decision, Validation
from governance.selectors.holders import holders_of
from governance.selectors.requirements import document_of, policy_of
from ledger.actors import Actor
from people import access
from people.catalogue import SEATS, P
from people.models import User
from registry.models import Version
from registry.selectors.lookup import locked, one
from registry.selectors.systems import owners
from registry.selectors.versions import contributors, versions_visible

UNDER_WAY = ("assigned", "fieldwork", "draft", "response")
OPEN = ("planned", *UNDER_WAY)
MOST_IN_REVIEW = 500
_VALIDATIONS = Validation.objects.select_related("version__model__system")


@dataclass(frozen=True, slots=True)
class Load:
    """What lies with one person: validations under way with the earliest due date, those overdue, and versions in
    review that wait for them in a seat."""

    person: User
    validations: tuple[Validation, ...]
    overdue: int
    next_due: dt.datetime | None
    seats: int


def validation_by_id(validation_id: UUID) -> Validation:
    """Raises NotThere."""
    return one(_VALIDATIONS, validation_id)


def validation_locked(validation_id: UUID) -> Validation:
    """The validation, locked until the transaction ends. Raises NotThere."""
    return locked(_VALIDATIONS, validation_id)


def validations_visible(actor: Actor) -> QuerySet[Validation]:
    return access.visible(actor, P.VERSION_VIEW, _VALIDATIONS.all())


def overdue(row: Validation, at: dt.datetime) -> bool:
    """Whether it should be issued by now, or, issued, be done again by now."""
    if row.state in OPEN:
        return row.due_at < at
    return row.state == "issued" and row.next_due is not None and row.next_due < at


def report_readable(row: Validation, reached: access.Reach) -> bool:
    """Whether somebody of this reach may read rating and report: a draft belongs to the validators until the makers are
    asked for their response."""
    return row.state in ("response", "issued", "superseded") or reached.allows(P.VALIDATION_WORK, row)


def barred(version: Version) -> dict[str, frozenset[str]]:
    """Relation of `not_by` -> pseudonyms, from history: who made the version, who owns its system or did within the
    policy's cooling-off period."""
    policy = policy_of(version)
    days = document_of(policy).cooling_off_days if policy else 0
    return {
        "contributor": contributors(version.pk),
        "owner": owners(version.model.system_id, dt.timedelta(days=days)),
    }


def why_not(pseudonym: str, version: Version) -> str:
    """Why this person can't validate `version`; empty: can."""
    if not holders_of(P.VALIDATION_WORK, version).filter(pseudonym=pseudonym).exists():
        return "holds no role that validates this version"
    bars = barred(version)
    if pseudonym in bars["contributor"]:
        return "took part in making this version"
    if pseudonym in bars["owner"]:
        return "owns this system, or did until recently"
    return ""


def eligible(version: Version) -> list[User]:
    """The people who can be given a validation of `version` now, by name."""
    bars = barred(version)
    people = holders_of(P.VALIDATION_WORK, version)
    return list(people.exclude(pseudonym__in=bars["contributor"] | bars["owner"]))


def workload(actor: Actor, at: dt.datetime) -> list[Load]:
    """The load of everybody who can validate something that `actor` may see, by name. Whoever assigns sees all of them;
    a validator sees themselves. Only what `actor` may see is counted."""
    reached = access.reach(actor)
    rows = [
        row
        for row in validations_visible(actor).filter(state__in=UNDER_WAY).order_by("due_at", "id")
        if row.validator == actor.id or reached.allows(P.VALIDATION_ASSIGN, row)
    ]
    people = {
        user.pseudonym: user for user in User.objects.filter(pseudonym__in={row.validator for row in rows})
    }
    if P.VALIDATION_ASSIGN in reached.organisation:
        people |= {user.pseudonym: user for user in holders_of(P.VALIDATION_WORK, access.Scope())}
    waiting = _seats(actor, frozenset(people))
    found = []
    for name, user in people.items():
        mine = tuple(row for row in rows if row.validator == name)
        late = sum(overdue(row, at) for row in mine)
        found.append(Load(user, mine, late, mine[0].due_at if mine else None, waiting.get(name, 0)))
    return sorted(found, key=lambda load: (load.person.name, load.person.pseudonym))


def legal(row: Validation) -> list[str]:
    """Names of the moves the table has from here, without the one that only a newer report makes."""
    return [move.name for move in VALIDATION.legal(row.state) if move.name != "supersede"]


def _seats(actor: Actor, people: frozenset[str]) -> dict[str, int]:
    """Person -> versions in review, of those `actor` may see, where they hold a seat, aren't barred and didn't decide."""
    found: dict[str, int] = {}
    for version in versions_visible(actor).filter(state="review").order_by("registered_at")[:MOST_IN_REVIEW]:
        holders = set(access.holders(SEATS, version).values_list("pseudonym", flat=True)) & people
        decided = Decision.objects.filter(version=version, decision_round=version.decision_round)
        bars = barred(version)
        out = bars["contributor"] | bars["owner"] | set(decided.values_list("person", flat=True))
        for name in holders - out:
            found[name] = found.get(name, 0) + 1
    return found
