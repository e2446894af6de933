"""Who stands in for whom, from when until when, and what was done that way."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from ledger.models import Governed
from people import pseudonyms
from people.models.grants import Grant, scopes_of, system_of
from people.models.users import User


class Delegation(Governed):
    """One grant of one person, lent to another for a time, on the grant's scope or a part of it.

    In force from `starts` (included) until `ends` (excluded), while `state` is active and the grant itself is in
    force: a right that its holder lost can't be lent.
    """

    ledger_kind = "delegation"
    ledger_columns = (
        "grant",
        "delegate",
        "scope_type",
        "scope_id",
        "starts",
        "ends",
        "state",
        "made_at",
        "ended_by",
        "ended_at",
    )
    ledger_hashed = ()
    ledger_personal = ("reason",)
    ledger_free = ()
    scope_paths = {"system": "scope_id", "model": "scope_id"}

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations")
    scope_type = models.CharField("scope", max_length=20)
    scope_id = models.UUIDField("id of the system or model", null=True, blank=True)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    reason = models.TextField(max_length=2000)
    state = models.CharField(max_length=12, default="active")
    made_at = models.DateTimeField()
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="people_delegation_dates"),
        )
        indexes = (models.Index(fields=("delegate", "state"), name="people_delegation_delegate"),)

    def __str__(self) -> str:
        return f"{self.grant.role} of {self.grant.holder} to {self.delegate}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return scopes_of(self.scope_type, self.scope_id)

    def ledger_system(self) -> uuid.UUID | None:
        return system_of(self.scope_type, self.scope_id)


class ActedFor(Governed):
    """What a delegate did in the right of another: the row it made (kind and id), and whose right it was."""

    ledger_kind = "acted-for"
    ledger_columns = ("subject_kind", "subject_id", "person", "delegator", "delegation", "at")
    ledger_hashed = ()
    ledger_personal = ()
    ledger_free = ()

    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    person = models.CharField(max_length=pseudonyms.LENGTH)
    delegator = models.CharField(max_length=pseudonyms.LENGTH)
    delegation = models.ForeignKey(Delegation, on_delete=models.PROTECT, related_name="acts")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subject_kind", "subject_id"), name="people_acted_for_once"),
        )

    def __str__(self) -> str:
        return f"{self.person} for {self.delegator}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.delegation.scopes()

    def ledger_system(self) -> uuid.UUID | None:
        return self.delegation.ledger_system()


class Absence(Governed):
    """Somebody is out of office. It lends no right: whoever is named gets the notices, a delegation gives rights."""

    ledger_kind = "absence"
    ledger_columns = ("user", "deputy", "starts", "ends", "state", "made_at", "ended_by", "ended_at")
    ledger_hashed = ()
    ledger_personal = ()
    ledger_free = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences", verbose_name="person")
    deputy = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="deputised_absences"
    )
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    state = models.CharField(max_length=12, default="active")
    made_at = models.DateTimeField()
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="people_absence_dates"),
        )
        indexes = (models.Index(fields=("user", "state"), name="people_absence_user"),)

    def __str__(self) -> str:
        return f"absence of {self.user}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()
