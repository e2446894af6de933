"""Pipelines that show their platform's own identity instead of a token of ours."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from ledger.models import Governed
from people import pseudonyms
from people.models.identities import ServiceIdentity


class WorkloadTrust(Governed):
    """Jobs of one pipeline, named by immutable claims, that act as a service identity with named permissions."""

    ledger_kind = "workload-trust"
    ledger_columns = (
        "identity",
        "label",
        "platform",
        "issuer",
        "audience",
        "state",
        "ends",
        "requested_by",
        "requested_at",
        "confirmed_by",
        "confirmed_at",
        "ended_by",
        "ended_at",
    )
    ledger_hashed = ("claims", "scopes_granted")
    ledger_personal = ()
    ledger_free = ("last_used_at",)

    identity = models.ForeignKey(ServiceIdentity, on_delete=models.PROTECT, related_name="workloads")
    label = models.CharField(max_length=100)
    platform = models.CharField(max_length=20)
    issuer = models.CharField(max_length=255)
    audience = models.CharField(max_length=255)
    claims = models.JSONField(default=dict)
    scopes_granted = models.JSONField("permissions", default=list)
    state = models.CharField(max_length=12, default="requested")
    ends = models.DateTimeField()
    requested_by = models.CharField(max_length=pseudonyms.LENGTH)
    requested_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(state="active") | (~Q(confirmed_by="") & ~Q(confirmed_by=F("requested_by"))),
                name="people_workload_two_persons",
            ),
        )
        indexes = (models.Index(fields=("issuer", "state"), name="people_workload_issuer"),)

    def __str__(self) -> str:
        return self.label

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()
