"""Who may do what, on what, from when until when: the truth about rights."""

from __future__ import annotations

import uuid

from django.apps import apps
from django.db import models
from django.db.models import F, Q

from ledger.models import Governed
from people import pseudonyms
from people.catalogue import SCOPES
from people.models.identities import ServiceIdentity
from people.models.users import User

BEGINNING = "bootstrap"
"""In place of two pseudonyms, for the first two grants: there was nobody to request or confirm them."""


class Grant(Governed):
    """One role for one holder on one scope.

    In force from `starts` (included) until `ends` (excluded; None: until revoked), while `state` is active.
    The scope is the organisation, or one object named by type and id (people.catalogue.SCOPES).
    """

    ledger_kind = "grant"
    ledger_columns = (
        "holder_user",
        "holder_identity",
        "role",
        "scope_type",
        "scope_id",
        "starts",
        "ends",
        "state",
        "requested_by",
        "requested_at",
        "confirmed_by",
        "confirmed_at",
        "ended_by",
        "ended_at",
    )
    ledger_hashed = ()
    ledger_personal = ("reason",)
    ledger_free = ()
    scope_paths = {"system": "scope_id", "model": "scope_id"}

    holder_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="grants", verbose_name="person"
    )
    holder_identity = models.ForeignKey(
        ServiceIdentity,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="grants",
        verbose_name="service identity",
    )
    role = models.CharField(max_length=40)
    scope_type = models.CharField("scope", max_length=20)
    scope_id = models.UUIDField("id of the system or model", null=True, blank=True)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(max_length=2000)
    state = models.CharField(max_length=12, default="requested")
    requested_by = models.CharField(max_length=pseudonyms.LENGTH)
    requested_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(holder_user__isnull=False, holder_identity__isnull=True)
                | Q(holder_user__isnull=True, holder_identity__isnull=False),
                name="people_grant_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(scope_type="organisation", scope_id__isnull=True)
                | (~Q(scope_type="organisation") & Q(scope_id__isnull=False)),
                name="people_grant_scope",
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=F("starts")), name="people_grant_dates"
            ),
            models.CheckConstraint(
                condition=~Q(state="active")
                | (~Q(confirmed_by="") & ~Q(confirmed_by=F("requested_by")))
                | Q(requested_by=BEGINNING, confirmed_by=BEGINNING),
                name="people_grant_two_persons",
            ),
        )
        indexes = (
            models.Index(fields=("holder_user", "state"), name="people_grant_user"),
            models.Index(fields=("holder_identity", "state"), name="people_grant_identity"),
            models.Index(fields=("role", "state"), name="people_grant_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} for {self.holder}"

    @property
    def holder(self) -> User | ServiceIdentity:
        holder = self.holder_user or self.holder_identity
        if holder is None:
            raise ValueError(f"grant {self.pk} has no holder")
        return holder

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return scopes_of(self.scope_type, self.scope_id)

    def ledger_system(self) -> uuid.UUID | None:
        return system_of(self.scope_type, self.scope_id)


def system_of(scope_type: str, scope_id: uuid.UUID | None) -> uuid.UUID | None:
    """The AI system that a scope lies in; None for the organisation, and for a model that isn't there."""
    if scope_type != "model":
        return scope_id
    rows = apps.get_model(SCOPES["model"])._default_manager.filter(pk=scope_id)
    found: uuid.UUID | None = rows.values_list("system_id", flat=True).first()
    return found


def scopes_of(scope_type: str, scope_id: uuid.UUID | None) -> tuple[tuple[str, uuid.UUID], ...]:
    """A scope and what it lies in, nearest first: `(("model", m), ("system", s))`; `()` for the
    organisation."""
    if scope_id is None:
        return ()
    system_id = system_of(scope_type, scope_id)
    above = (("system", system_id),) if scope_type == "model" and system_id else ()
    return ((scope_type, scope_id), *above)
