"""Signing in: password, then second factor. Each answer is the same for accounts that exist and that
don't."""

from __future__ import annotations

from django.contrib.auth import hashers

from ledger.actors import Actor, Subject
from ledger.errors import Invalid, Unauthenticated
from ledger.services import records
from ledger.services.transactions import governed
from people import events
from people.models import User
from people.models.users import normal_email
from people.selectors import acting_user
from people.services import attempts
from people.services.second_factor import WRONG, fitting_step

NOT_RIGHT = "E-mail address or password is not right."
LONGEST_PASSWORD = 1024
_ITSELF = Actor.system("sign-in", door="portal")


def password_check(*, email: str, password: str, address: str) -> User:
    """The person whose e-mail address and password these are. They aren't signed in yet: a second factor may
    follow.

    Unauthenticated with one message for a wrong password, an unknown address and somebody locked out, after
    the same work; TooManyAttempts before any.
    """
    email = normal_email(email)
    attempts.charge(attempts.account(email), attempts.address(address))
    user = User.objects.filter(email=email).first()
    if _fits(user, password) and user is not None and user.is_active:
        return user
    reason = "unknown" if user is None else "password" if user.is_active else "locked_out"
    _failed(actor=_ITSELF, user=user, reason=reason)
    raise Unauthenticated(NOT_RIGHT)


def second_factor_check(*, actor: Actor, code: str, address: str) -> User:
    """The acting person, signed in by a code of their second factor. Invalid (code), TooManyAttempts."""
    limit = attempts.second_factor(actor.pk)
    attempts.charge(limit, attempts.address(address))
    user = _signed_in_by_code(actor=actor, code=code)
    if user is None:
        _failed(actor=_ITSELF, user=acting_user(actor), reason="second_factor")
        raise Invalid(WRONG, field="code")
    attempts.forget(limit, attempts.account(user.email))
    return user


@governed
def signed_in(*, actor: Actor, second_factor: bool) -> None:
    """Record that the acting person is in: without a second factor, or with one just set up."""
    records.note(
        actor=actor,
        event=events.SIGNED_IN,
        subject=Subject("user", str(actor.pk)),
        data={"second_factor": second_factor, "door": actor.door},
    )
    if user := acting_user(actor):
        attempts.forget(attempts.account(user.email))


@governed
def signed_out(*, actor: Actor) -> None:
    """Record that the acting person left."""
    records.note(actor=actor, event=events.SIGNED_OUT, subject=Subject("user", str(actor.pk)))


@governed
def _signed_in_by_code(*, actor: Actor, code: str) -> User | None:
    user = acting_user(actor, lock=True)
    if user is None or user.second_factor_at is None:
        return None
    step = fitting_step(user, code)
    if step is None:
        return None
    records.write(
        actor=actor,
        event=events.SIGNED_IN,
        row=user,
        set={"totp_step": step},
        data={"second_factor": True, "door": actor.door},
    )
    return user


@governed
def _failed(*, actor: Actor, user: User | None, reason: str) -> None:
    subject = Subject("user", str(user.pk)) if user else Subject("ledger.nothing", "-")
    records.note(actor=actor, event=events.SIGN_IN_FAILED, subject=subject, data={"reason": reason})


def _fits(user: User | None, password: str) -> bool:
    """Whether the password is the user's, with the hasher's full work in any case."""
    if len(password) > LONGEST_PASSWORD:
        password = ""  # nobody's; hashing megabytes would be a way to keep us busy
    if user is None:
        hashers.make_password(password)
        return False

    def upgrade(raw: str) -> None:
        # The hasher's work factor has grown since this password was set. Also in this object: the step that follows is
        # bound to the hash it has, and would be refused for a password that was changed in between.
        user.password = hashers.make_password(raw)
        User.objects.filter(pk=user.pk).update(password=user.password)

    return hashers.check_password(password, user.password, setter=upgrade)
