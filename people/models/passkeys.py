"""Passkeys: public keys of authenticators, each bound to one person and one host name of the portal (WebAuthn)."""

from __future__ import annotations

import uuid

from django.db import models

from ledger.models import Governed
from people import pseudonyms
from people.models.users import User


class Passkey(Governed):
    """One credential. Stored are its id and public key; the private key never leaves the authenticator."""

    ledger_kind = "passkey"
    ledger_columns = ("user", "host", "state", "added_at", "ended_by", "ended_at")
    ledger_hashed = ("credential_id", "public_key")
    ledger_personal = ("label",)
    ledger_free = ("sign_count", "last_used_at")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="passkeys", verbose_name="person")
    label = models.CharField(max_length=100)
    host = models.CharField(max_length=255)
    credential_id = models.CharField(max_length=1400, unique=True)
    public_key = models.TextField()
    state = models.CharField(max_length=12, default="active")
    added_at = models.DateTimeField()
    ended_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    sign_count = models.BigIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("user", "state"), name="people_passkey_user"),)

    def __str__(self) -> str:
        return self.label

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()

    def ledger_person(self) -> str:
        return self.user.pseudonym
