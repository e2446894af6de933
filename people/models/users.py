"""People who can sign in, and the four-eyes way back for who lost a password or second factor."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from ledger.models import Governed
from people import pseudonyms


def normal_email(email: str) -> str:
    """The one spelling an address is stored and looked up in: trimmed and in lower case."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Looks people up. It makes nobody: that is `people.services.people.user_create`, which records it."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normal_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin, Governed):
    """A person. `pseudonym` is what the log knows; rights come from `Grant` alone, never from
    `is_superuser`."""

    ledger_kind = "user"
    ledger_columns = (
        "pseudonym",
        "is_active",
        "is_staff",
        "is_superuser",
        "must_change_password",
        "second_factor_at",
        "created_at",
    )
    ledger_hashed = ()
    ledger_personal = ("email", "name")
    ledger_free = ("password", "totp_secret", "totp_step")

    pseudonym = models.CharField(
        max_length=pseudonyms.LENGTH, unique=True, default=pseudonyms.person, editable=False
    )
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField("may sign in", default=True)
    is_staff = models.BooleanField("may open the admin pages", default=False)
    must_change_password = models.BooleanField(default=False)
    second_factor_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    totp_secret = models.TextField(blank=True)
    totp_step = models.BigIntegerField(default=0)
    # The log has every sign-in; a second, alterable record of the last one would only contradict it.
    last_login = None

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="people_user_email",
                violation_error_message="Somebody has this e-mail address.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def get_session_auth_hash(self) -> str:
        """What a session is bound to: it ends with the password and with the second factor it was begun with."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str) -> str:
        factor = self.totp_secret if self.second_factor_at else ""
        bound = salted_hmac("people.session", f"{self.password}\n{factor}", secret=secret, algorithm="sha256")
        return bound.hexdigest()

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()

    def ledger_person(self) -> str:
        return self.pseudonym

    def ledger_erased(self, column: str) -> str:
        return f"{self.pseudonym}@erased.invalid" if column == "email" else f"{self.pseudonym} (erased)"


class Recovery(Governed):
    """A new password, or the removal of a second factor, that one person requests and another confirms."""

    ledger_kind = "recovery"
    ledger_columns = ("user", "what", "state", "requested_by", "requested_at", "decided_by", "decided_at")
    ledger_hashed = ()
    ledger_personal = ("reason",)
    ledger_free = ()

    class What(models.TextChoices):
        PASSWORD = "password", "new one-time password"
        SECOND_FACTOR = "second-factor", "removal of the second factor"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="recoveries", verbose_name="person")
    what = models.CharField(max_length=20, choices=What.choices)
    state = models.CharField(max_length=12, default="requested")
    reason = models.TextField(max_length=2000)
    requested_by = models.CharField(max_length=pseudonyms.LENGTH)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=pseudonyms.LENGTH, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "recoveries"
        constraints = (
            models.UniqueConstraint(
                fields=("user", "what"),
                condition=models.Q(state="requested"),
                name="people_recovery_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_what_display()} for {self.user}"

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return ()
