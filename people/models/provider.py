"""Who of an identity provider is who of ours, and the sessions its sign-ins began."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from ledger.models import Governed
from people import pseudonyms
from people.models.users import User


class IdentityLink(Governed):
    """An identity of the provider (`issuer` and its immutable `subject`) that stands for a person here.

    The only truth about it: no row of a library's is asked, and an e-mail address links nothing.
    """

    ledger_kind = "identity-link"
    ledger_columns = (
        "user",
        "issuer",
        "state",
        "requested_by",
        "requested_at",
        "confirmed_by",
        "confirmed_at",
        "ended_by",
        "ended_at",
    )
    ledger_hashed = ()
    ledger_personal = ("subject", "reason")
    ledger_free = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="links", verbose_name="person")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
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
            models.UniqueConstraint(
                fields=("issuer", "subject"),
                condition=Q(state__in=("requested", "active")),
                name="people_link_subject_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | (~Q(confirmed_by="") & ~Q(confirmed_by=F("requested_by"))),
                name="people_link_two_persons",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()

    def ledger_person(self) -> str:
        return self.user.pseudonym


class ProviderSession(models.Model):
    """A session of ours that the provider's word began, so that the provider can end it. A queue of what is open, not
    a record: the log has sign-ins and logouts. `sid` is a keyed digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(IdentityLink, on_delete=models.CASCADE, related_name="sessions")
    sid = models.CharField(max_length=64, blank=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("link", "ended_at"), name="people_provider_open"),)

    def __str__(self) -> str:
        return f"session of {self.link_id}"
