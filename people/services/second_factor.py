"""The second factor: time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 seconds), each usable once.

The secret is stored encrypted under a key derived from SECRET_KEY: a copy of the database alone signs nobody
in.
"""

from __future__ import annotations

import base64
import hmac

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import events
from people.models import User
from people.selectors import acting_user

STEP = 30
WRONG = "That code is not right. Wait for the next one and try again."


@governed
def second_factor_begin(*, actor: Actor) -> str:
    """A new secret for the acting person, in base32, to be shown to them alone; not in force until confirmed.

    The secret that waits is shown again rather than replaced, so that reloading the page breaks nothing.
    Conflict where a second factor is in force: who lost it asks an operator.
    """
    user = _locked(actor)
    if user.second_factor_at is not None:
        raise Conflict("You have a second factor. To replace it, ask an operator to remove it.")
    if user.totp_secret and (waiting := _open(user.totp_secret)):
        return waiting
    secret = pyotp.random_base32()
    User.objects.filter(pk=user.pk).update(totp_secret=_seal(secret), totp_step=0)
    return secret


@governed
def second_factor_confirm(*, actor: Actor, code: str) -> User:
    """Puts the waiting secret in force once the person shows a code of it. Invalid: code."""
    user = _locked(actor)
    if user.second_factor_at is not None:
        raise Conflict("You have a second factor already.")
    step = fitting_step(user, code)
    if step is None:
        raise Invalid(WRONG, field="code")
    records.write(
        actor=actor,
        event=events.SECOND_FACTOR_SET,
        row=user,
        set={"second_factor_at": clock.now(), "totp_step": step},
    )
    return user


def fitting_step(user: User, code: str) -> int | None:
    """The time step that `code` belongs to, if it is later than the last one used and at most one step off.

    `user` is locked by the caller, who stores the step: that makes each code usable once.
    """
    secret = _open(user.totp_secret) if user.totp_secret else None
    digits = code.replace(" ", "")
    if secret is None or not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    now = int(clock.now().timestamp()) // STEP
    fitting = [
        step
        for step in (now - 1, now, now + 1)
        if step > user.totp_step and hmac.compare_digest(totp.at(step * STEP), digits)
    ]
    return fitting[0] if fitting else None


def provisioning_uri(user: User, secret: str) -> str:
    """The `otpauth:` address that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name="ModelWarrant")


def _locked(actor: Actor) -> User:
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    return user


def _seal(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def _open(sealed: str) -> str | None:
    """None where no key of today opens it: SECRET_KEY was changed without keeping the old one as a
    fallback."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _fernet() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"modelwarrant second factor").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
