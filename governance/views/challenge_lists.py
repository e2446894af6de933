"""Lists of findings and validations, each as one table that page, saved views and export share.

What a row shows depends on who reads it: of a finding across systems the subjects they may see, of a draft's rating
nothing. Both are settled with the rows, so that an export shows no more than the page.
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    F,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.urls import reverse

from governance.challenge import FINDING, VALIDATION
from governance.models import Finding, FindingLink, Validation
from governance.models.findings import Severity
from governance.models.validations import Rating
from governance.selectors.findings import findings_visible, open_at, standing
from governance.selectors.validations import OPEN, overdue, validations_visible
from ledger import clock
from ledger.actors import Actor
from people import access
from people.catalogue import P
from people.lists import Column, Filter, Listing, choices_of, equals, register

MOST_SUBJECTS = 3
ANSWERED = ("response", "issued", "superseded")
"""States in which everybody who sees a validation may read its rating."""


def _read_by(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    read: QuerySet[Any] = rows.annotate(
        me=Value(actor.id, output_field=CharField()),
        read_at=Value(clock.now(), output_field=DateTimeField()),
    )
    return read


def _findings(actor: Actor) -> QuerySet[Finding]:
    links = FindingLink.objects.select_related("system", "model", "version__model__system")
    seen = access.visible(actor, P.VERSION_VIEW, links).order_by("pk")
    rows = findings_visible(actor).prefetch_related(None).prefetch_related(Prefetch("links", seen, "seen"))
    return _read_by(rows, actor)


def _about(row: Any) -> str:
    named = ", ".join(str(link) for link in row.seen[:MOST_SUBJECTS])
    more = len(row.seen) - MOST_SUBJECTS
    return f"{named} and {more} more" if more > 0 else named


def _in_state(rows: QuerySet[Finding], state: str) -> QuerySet[Finding]:
    now = clock.now()
    if state == "unsettled":
        return rows.exclude(state__in=[item.name for item in FINDING.states if item.kind == "final"])
    if state == FINDING.initial.name:
        lapsed = Q(state="risk-accepted", accepted_until__lte=now)
        return rows.filter(Q(state=state) | lapsed)
    return rows.filter(state=state).exclude(state="risk-accepted", accepted_until__lte=now)


def _mine(rows: QuerySet[Finding], value: str) -> QuerySet[Finding]:
    if value == "answer":
        return rows.filter(owner=F("me"))
    return rows.filter(Q(found_by=F("me")) | Q(closer=F("me")))


def _late_findings(rows: QuerySet[Finding], value: str) -> QuerySet[Finding]:
    now = clock.now()
    return rows.filter(open_at(now), due_at__lt=now)


FINDINGS = register(
    Listing(
        "findings", "Findings", "governance:findings", _findings, order="due",
        columns=(
            Column("finding", "Finding", lambda row: row.title, link=lambda row: reverse("governance:finding", args=[row.pk])),
            Column("severity", "Severity", lambda row: row.severity, "tag", sort=("severity",)),
            Column("state", "State", lambda row: standing(row, row.read_at).state, "tag", sort=("state",)),
            Column("about", "About", _about),
            Column("owner", "Answered by", lambda row: row.owner, "person"),
            Column("due", "Due", lambda row: row.due_at, "moment", sort=("due_at",)),
            Column("late", "Late", lambda row: "overdue" if standing(row, row.read_at).overdue else "", "tag"),
            Column("accepted", "Risk accepted until", lambda row: row.accepted_until, "moment", sort=("accepted_until",)),
        ),
        filters=(
            Filter("state", "State", _in_state,
                   lambda: [("unsettled", "Not ended"), *((item.name, item.title) for item in FINDING.states)]),
            Filter("severity", "Severity", equals("severity"), lambda: list(Severity.choices)),
            Filter("mine", "Mine", _mine, lambda: [("answer", "Mine to answer"), ("judge", "Mine to judge")]),
            Filter("due", "Due", _late_findings, choices_of(("overdue",))),
            Filter("about", "About", equals("about"), lambda: [
                ("version", "A version"), ("model", "A model"), ("system", "A system"), ("systemic", "Several at once")]),
        ),
        things=("finding", "findings"),
        empty="No finding fits this on anything you may see.",
        usual={"state": "unsettled"},
    )
)  # fmt: skip


def _validations(actor: Actor) -> QuerySet[Validation]:
    works = access.visible(actor, P.VALIDATION_WORK, Validation.objects.all()).values("pk")
    readable = Case(
        When(Q(state__in=ANSWERED) | Q(pk__in=works), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    return _read_by(validations_visible(actor).annotate(readable=readable), actor)


def _stage(rows: QuerySet[Validation], state: str) -> QuerySet[Validation]:
    return rows.filter(state__in=OPEN) if state == "open" else rows.filter(state=state)


def _late_validations(rows: QuerySet[Validation], value: str) -> QuerySet[Validation]:
    now = clock.now()
    return rows.filter(Q(state__in=OPEN, due_at__lt=now) | Q(state="issued", next_due__lt=now))


VALIDATIONS = register(
    Listing(
        "validations", "Validations", "governance:validations", _validations, order="due",
        columns=(
            Column("version", "Version", lambda row: str(row.version), sort=("version__model__name", "version__number"),
                   link=lambda row: reverse("governance:validation", args=[row.pk])),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
            Column("validator", "Validator", lambda row: row.validator, "person"),
            Column("due", "Due", lambda row: row.due_at, "moment", sort=("due_at",)),
            Column("late", "Late", lambda row: "overdue" if overdue(row, row.read_at) else "", "tag"),
            Column("rating", "Rating", lambda row: row.get_rating_display() if row.readable and row.rating else ""),
            Column("again", "Again by", lambda row: row.next_due, "moment", sort=("next_due",)),
        ),
        filters=(
            Filter("state", "State", _stage,
                   lambda: [("open", "Not issued yet"), *((item.name, item.title) for item in VALIDATION.states)]),
            Filter("rating", "Rating", lambda rows, value: rows.filter(rating=value, readable=True),
                   lambda: list(Rating.choices)),
            Filter("mine", "Mine", lambda rows, value: rows.filter(validator=F("me")), lambda: [("yes", "Assigned to me")]),
            Filter("due", "Due", _late_validations, choices_of(("overdue",))),
        ),
        things=("validation", "validations"),
        empty="No validation fits this on anything you may see.",
    )
)  # fmt: skip
