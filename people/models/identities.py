"""Who acts without being a person, and what it shows to be let in."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from people import pseudonyms
from people.models.users import User


class ServiceIdentity(Governed):
    """A pipeline or a serving platform. What it does counts as done by its controller."""

    ledger_kind = "service-identity"
    ledger_columns = ("pseudonym", "name", "controller", "is_active", "created_at")
    ledger_hashed = ()
    ledger_personal = ()
    ledger_free = ()

    pseudonym = models.CharField(
        max_length=pseudonyms.LENGTH, unique=True, default=pseudonyms.service, editable=False
    )
    name = models.CharField(max_length=100, unique=True)
    controller = models.ForeignKey(User, on_delete=models.PROTECT, related_name="controlled_identities")
    is_active = models.BooleanField("may act", default=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "service identities"

    def __str__(self) -> str:
        return self.name

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()


class Token(Governed):
    """`mw_<prefix>_<secret>`, shown once. Stored are the prefix and the SHA-256 of the whole; the secret has
    256 random bits, so that its digest may stand in the log and a swapped one is seen there."""

    ledger_kind = "token"
    ledger_columns = (
        "identity",
        "label",
        "prefix",
        "digest",
        "state",
        "issued_by",
        "issued_at",
        "expires_at",
        "ended_by",
        "ended_at",
    )
    ledger_hashed = ("scopes_granted",)
    ledger_personal = ()
    ledger_free = ("last_used_at",)

    identity = models.ForeignKey(ServiceIdentity, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes_granted = models.JSONField("permissions", default=list)
    state = models.CharField(max_length=12, default="active")
    issued_by = models.CharField(max_length=pseudonyms.LENGTH)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix})"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()
