"""Validations: planned and assigned by the head of validation, carried out by somebody who had no part in the making.

Who made the version or owns its system is barred at every move again, from history. An issued report never changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from governance import events
from governance.challenge import VALIDATION
from governance.models import Validation, ValidationAssignment, ValidationResponse
from governance.models.validations import Rating
from governance.selectors.holders import holder_named, seeing
from governance.selectors.requirements import document_of, policy_of
from governance.selectors.validations import (
    OPEN,
    UNDER_WAY,
    barred,
    report_readable,
    validation_locked,
    why_not,
)
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, TooLarge
from ledger.services import records
from ledger.services.transactions import governed
from ledger.workdays import calendar
from people import access
from people.catalogue import P
from people.models import User
from people.services.moves import move_row
from people.services.notices import notify
from registry import storage
from registry.models import Version
from registry.selectors.versions import contributors, version_locked
from registry.services.blobs import blob_of_bytes

LARGEST_REPORT = 20 * 1024 * 1024
REPORT_ENDINGS = (".pdf", ".docx", ".odt", ".md", ".txt")
RESPONSE_DAYS = 10
"""Working days the makers have to respond; after them a report is issued without their word."""
REVIEW_DAYS = 30
"""Working days for a validation where no policy is in force that says."""
NEXT_DAYS = {"high": 365, "medium": 730, "low": 1095}
"""Days until a version is validated again, by the tier of its system; a policy says nothing about it."""
MOST_AT_ONCE = 200
LONGEST = dt.timedelta(days=366)


@governed
def validation_plan(
    *, actor: Actor, version_id: UUID, scope: str, due_at: dt.datetime | None = None
) -> Validation:
    """Plan a validation of a version; without `due_at` it is due after the policy's days for a review. One is under way
    at a time. Invalid: scope, due_at."""
    version = version_locked(version_id)
    access.require(actor, P.VALIDATION_ASSIGN, version)
    _require_apart(actor, version, "plan its validation")
    if not scope.strip():
        raise Invalid("Say what is validated and what is left out.", field="scope")
    now = clock.now()
    if due_at is not None and not now < due_at <= now + LONGEST:
        raise Invalid("The due date is in the future, within twelve months.", field="due_at")
    under_way = Validation.objects.filter(version=version, state__in=OPEN).first()
    if under_way:
        if under_way.state == "planned" and (under_way.planned_by, under_way.scope) == (
            actor.id,
            scope.strip(),
        ):
            return under_way
        raise Conflict("A validation of this version is under way.")
    policy = policy_of(version)
    days = document_of(policy).deadlines.review_days if policy else REVIEW_DAYS
    row = Validation()
    records.write(
        actor=actor,
        event=events.VALIDATION_PLANNED,
        row=row,
        set={
            "version": version,
            "state": VALIDATION.initial.name,
            "scope": scope.strip(),
            "planned_by": actor.id,
            "planned_at": now,
            "due_at": due_at or calendar().after(now, days),
        },
    )
    return row


@governed
def validation_assign(*, actor: Actor, validation_id: UUID, validator: str, reason: str = "") -> Validation:
    """Give a planned validation to `validator` (pseudonym or e-mail address). Invalid: validator."""
    row = _locked(validation_id)
    person = _chosen(actor, row, validator)
    _give(actor, row, person, "assign", reason)
    _tell({person.pseudonym}, row, "A validation was assigned to you.")
    return row


@governed
def validations_reassign(
    *, actor: Actor, validation_ids: Sequence[UUID], validator: str, reason: str
) -> list[Validation]:
    """Give all these validations to another person, or none of them: one that is unknown, out of sight, finished or
    barred to that person refuses the whole. Invalid: validation_ids, validator, reason."""
    wanted = sorted(set(validation_ids))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise Invalid(f"Choose one to {MOST_AT_ONCE} validations.", field="validation_ids")
    if not reason.strip():
        raise Invalid("Say why; it is kept with each of them.", field="reason")
    rows = [_locked(pk) for pk in wanted]
    for row in rows:
        access.require(actor, P.VALIDATION_ASSIGN, row)
    for row in rows:
        if row.state not in UNDER_WAY:
            raise Conflict(f"The {row} is {row.state}; nothing was reassigned.")
    moved: dict[str, int] = {}
    for row in rows:
        person = _chosen(actor, row, validator)
        if row.validator == person.pseudonym:
            continue
        moved[row.validator] = moved.get(row.validator, 0) + 1
        _give(actor, row, person, "reassign", reason)
        _tell({person.pseudonym}, row, "A validation was assigned to you.")
        _tell({row.planned_by} - {actor.id}, row, "A validation was given to another validator.")
    return rows


@governed
def validation_begin(*, actor: Actor, validation_id: UUID) -> Validation:
    """Begin the fieldwork."""
    return _mine(actor, validation_id, "begin")


@governed
def validation_draft(
    *,
    actor: Actor,
    validation_id: UUID,
    rating: str,
    summary: str,
    limitations: str,
    report: bytes,
    report_name: str,
) -> Validation:
    """Hand in the draft: rating, summary, limitations, and the report itself, stored under its digest. Nothing in it is
    read or run. Invalid: rating, summary, limitations, report."""
    if rating not in Rating.values:
        raise Invalid(f"One of: {', '.join(Rating.values)}.", field="rating")
    for field, text in (("summary", summary), ("limitations", limitations)):
        if not text.strip():
            raise Invalid("Say it in a sentence; it is printed with the rating.", field=field)
    ending = next((end for end in REPORT_ENDINGS if report_name.lower().endswith(end)), "")
    if not ending:
        raise Invalid(f"A file whose name ends in one of: {', '.join(REPORT_ENDINGS)}.", field="report")
    if not report:
        raise Invalid("The file is empty.", field="report")
    if len(report) > LARGEST_REPORT:
        raise TooLarge(f"A report has at most {LARGEST_REPORT:,} bytes.", field="report")
    row = _locked(validation_id)
    _require_mine(actor, row)  # nobody else's bytes reach the store
    access.require(actor, P.VALIDATION_WORK, row)
    stored = f"validation-{str(row.pk)[:8]}{ending}"
    return _move(
        actor,
        row,
        "draft",
        rating=rating,
        summary=summary.strip(),
        limitations=limitations.strip(),
        report_digest=blob_of_bytes(report, stored).digest,
        report_name=stored,
    )


@governed
def validation_ask_response(*, actor: Actor, validation_id: UUID) -> Validation:
    """Put the draft before the makers."""
    due = calendar().after(clock.now(), RESPONSE_DAYS)
    row = _mine(actor, validation_id, "ask-response", response_due=due)
    people = {row.version.model.system.owner, *contributors(row.version_id)}
    _tell(people, row, "A draft validation report waits for your response.")
    return row


@governed
def validation_rework(*, actor: Actor, validation_id: UUID) -> Validation:
    """Take up the fieldwork again; the response is asked for anew with the next draft."""
    return _mine(actor, validation_id, "rework", response_due=None)


@governed
def validation_respond(*, actor: Actor, validation_id: UUID, text: str) -> ValidationResponse:
    """The makers' word on the draft; it is printed with the report. The same text sent twice is said once."""
    row = _locked(validation_id)
    access.require(actor, P.FINDING_RESPOND, row)
    if actor.id == row.validator:
        raise NotAllowed(
            "The validator doesn't respond to their own report.",
            permission=P.FINDING_RESPOND,
            subject=Subject.of(row),
            reason="validator",
            visible=True,
        )
    if row.state != "response":
        raise Conflict("A response is given while the draft lies with the makers.")
    if not text.strip():
        raise Invalid("Say what you have to say to the draft.", field="text")
    for known in row.responses.filter(person=actor.id, report_digest=row.report_digest):
        if known.text == text.strip():
            return known
    response = ValidationResponse()
    records.write(
        actor=actor,
        event=events.VALIDATION_ANSWERED,
        row=response,
        set={
            "validation": row,
            "person": actor.id,
            "said_at": clock.now(),
            "report_digest": row.report_digest,
            "text": text.strip(),
        },
    )
    _tell({row.validator}, row, "The makers responded to your draft report.")
    return response


@governed
def validation_issue(*, actor: Actor, validation_id: UUID) -> Validation:
    """Issue the report: after a response to this very draft, or once the time for one is over. Supersedes the report
    issued on this version before."""
    row = _locked(validation_id)
    _require_mine(actor, row)
    access.require(actor, P.VALIDATION_WORK, row)
    now = clock.now()
    answered = row.responses.filter(report_digest=row.report_digest).exists()
    if row.state == "response" and not answered and row.response_due and now < row.response_due:
        day = row.response_due.date().isoformat()
        raise Conflict(f"The makers haven't responded yet; without their word it can be issued after {day}.")
    if row.state == "response" and storage.size(row.report_digest) is None:
        raise Conflict("The stored report is not there any more. Hand in the draft again.")
    before = Validation.objects.select_for_update().filter(version=row.version_id, state="issued")
    for earlier in list(before.exclude(pk=row.pk)):
        _move(actor, earlier, "supersede")
    days = NEXT_DAYS[row.version.model.system.risk_tier]
    _move(actor, row, "issue", issued_at=now, next_due=now + dt.timedelta(days=days))
    people = {row.version.model.system.owner, row.planned_by, *contributors(row.version_id)}
    _tell(people - {actor.id}, row, "A validation report was issued.")
    return row


@governed
def validation_cancel(*, actor: Actor, validation_id: UUID, reason: str) -> Validation:
    """Stop a validation that isn't issued. Invalid: reason."""
    row = _locked(validation_id)
    if not reason.strip():
        raise Invalid("Say why; it is kept with it.", field="reason")
    _move(actor, row, "cancel")
    _assignment(actor, row, "", reason)
    _tell({row.validator} - {""}, row, "A validation of yours was cancelled.")
    return row


def report_bytes(row: Validation, reached: access.Reach) -> bytes:
    """The stored report. Raises NotThere where there is none, or none that may be read yet."""
    if not row.report_digest or not report_readable(row, reached):
        raise NotThere
    try:
        return storage.read(row.report_digest, limit=LARGEST_REPORT)
    except FileNotFoundError as error:
        raise NotThere from error


def _locked(validation_id: UUID) -> Validation:
    """The version first, as every other decision on it does, then the validation."""
    row = Validation.objects.filter(pk=validation_id).only("version_id").first()
    if row is None:
        raise NotThere
    version_locked(row.version_id)
    return validation_locked(validation_id)


def _mine(actor: Actor, validation_id: UUID, move: str, **values: Any) -> Validation:
    row = _locked(validation_id)
    _require_mine(actor, row)
    return _move(actor, row, move, **values)


def _require_mine(actor: Actor, row: Validation) -> None:
    access.require(actor, P.VALIDATION_WORK, row)
    if row.validator != actor.id:
        raise NotAllowed(
            "This validation is somebody else's.",
            permission=P.VALIDATION_WORK,
            subject=Subject.of(row),
            reason="validator",
            visible=True,
        )


def _require_apart(actor: Actor, version: Version, what: str) -> None:
    for relation, people in barred(version).items():
        if actor.principals & people:
            raise NotAllowed(
                f"Whoever is {relation} here can't {what}.",
                permission=P.VALIDATION_ASSIGN,
                subject=Subject.of(version),
                reason=relation,
                visible=True,
            )


def _chosen(actor: Actor, row: Validation, validator: str) -> User:
    access.require(actor, P.VALIDATION_ASSIGN, row)
    person = holder_named(validator, P.VALIDATION_WORK, row.version, "validator")
    why = why_not(person.pseudonym, row.version)
    if why:
        raise Invalid(f"{person.name} can't do the {row}: {why}.", field="validator")
    return person


def _give(actor: Actor, row: Validation, person: User, move: str, reason: str) -> None:
    blank = dict.fromkeys(("rating", "summary", "limitations", "report_digest", "report_name"), "")
    begun_anew = blank if move == "reassign" else {}
    _move(actor, row, move, validator=person.pseudonym, response_due=None, **begun_anew)
    _assignment(actor, row, person.pseudonym, reason)


def _assignment(actor: Actor, row: Validation, validator: str, reason: str) -> None:
    values: Mapping[str, Any] = {
        "validation": row,
        "validator": validator,
        "assigned_by": actor.id,
        "assigned_at": clock.now(),
        "reason": reason.strip(),
    }
    records.write(actor=actor, event=events.VALIDATION_ASSIGNED, row=ValidationAssignment(), set=values)


def _move(actor: Actor, row: Validation, move: str, **values: Any) -> Validation:
    move_row(
        actor=actor,
        row=row,
        machine=VALIDATION,
        move=move,
        event=events.VALIDATION_MOVED,
        barred=barred(row.version),
        set=values,
    )
    return row


def _tell(people: set[str], row: Validation, text: str) -> None:
    url = reverse("governance:validation", args=[row.pk])
    notify(seeing(people, row), text, url)
