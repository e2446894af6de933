"""Passwords as people change them, and the rules they must meet (AUTH_PASSWORD_VALIDATORS)."""

from __future__ import annotations

import secrets

from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError

from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import events
from people.models import User
from people.selectors import acting_user
from people.services import attempts
from people.services.signin import LONGEST_PASSWORD


def one_time() -> str:
    """A password to hand over: 96 random bits in URL-safe characters."""
    return secrets.token_urlsafe(12)


def require_good(password: str, user: User, field: str = "password") -> None:
    """Invalid (naming every rule that isn't met) unless the password may be used."""
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(f"At most {LONGEST_PASSWORD} characters.", field=field)
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field=field) from error


def password_change(*, actor: Actor, current: str, new: str) -> User:
    """The acting person's new password; every other session of theirs ends. Invalid: current, new."""
    limit = attempts.second_factor(f"password {actor.pk}")
    attempts.charge(limit)
    user = _password_change(actor=actor, current=current, new=new)
    attempts.forget(limit)
    return user


@governed
def _password_change(*, actor: Actor, current: str, new: str) -> User:
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    if not hashers.check_password(current[:LONGEST_PASSWORD], user.password):
        raise Invalid("That is not your password.", field="current")
    if new == current:
        raise Invalid("The new password must differ from the old one.", field="new")
    require_good(new, user, field="new")
    records.write(
        actor=actor,
        event=events.PASSWORD_CHANGED,
        row=user,
        set={"password": hashers.make_password(new), "must_change_password": False},
    )
    return user
