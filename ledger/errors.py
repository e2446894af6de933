"""What a service answers when it can't do what was asked.

Every door (page, API, admin, command, task) turns these into its own form. Known here: the HTTP status and a
stable code for each kind. Not known: who asked, or what the thing was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ServiceError(Exception):
    """Nothing was changed, and why.

    `message` is for the person who asked. `field` names the input at fault, `reasons` holds mappings with at
    least "code" and "text" (and "gate" where a gate answered), `code` overrides the class's stable code.
    """

    status: int = 500
    code: str = "error"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        reasons: Sequence[Mapping[str, Any]] = (),
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.reasons: tuple[Mapping[str, Any], ...] = tuple(reasons)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Invalid(ServiceError):
    """The input is wrong; `field` says which."""

    status = 400
    code = "invalid"


class Unauthenticated(ServiceError):
    """Nobody is signed in, or the credential isn't one of ours."""

    status = 401
    code = "unauthenticated"


class NotThere(ServiceError):
    """No such thing, or none that this actor may see: the two look alike from outside."""

    status = 404
    code = "not-found"

    def __init__(self, message: str = "There is no such thing.", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)


class NotAllowed(ServiceError):
    """Permission is missing. Doors show it like NotThere unless `visible` (the actor sees the thing anyway).

    `permission` is the one that was asked for, `subject` the thing (an `actors.Subject` or None), `reason` a
    stable word for the log ("no-grant", "contributor", "not-interactive"), never a person's text.
    """

    status = 403
    code = "not-allowed"

    def __init__(
        self,
        message: str = "You are not allowed to do this.",
        *,
        permission: str = "",
        subject: Any = None,
        reason: str = "",
        visible: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        self.permission = permission
        self.subject = subject
        self.reason = reason
        self.visible = visible


class Conflict(ServiceError):
    """The thing has changed, is already there, or is in a state that doesn't allow this."""

    status = 409
    code = "conflict"


class KeyReused(ServiceError):
    """An idempotency key came again with another request (draft-ietf-httpapi-idempotency-key-header)."""

    status = 422
    code = "idempotency-mismatch"


class Refused(ServiceError):
    """A rule says no; `reasons` holds all of them, and `subject` what was asked for, where one is known."""

    status = 409
    code = "refused"

    def __init__(self, message: str, *, permission: str = "", subject: Any = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.permission = permission
        self.subject = subject


class Gone(ServiceError):
    """It was there, and was deleted lawfully."""

    status = 410
    code = "gone"


class TooLarge(ServiceError):
    """More than a stated limit."""

    status = 413
    code = "too-large"


class Unavailable(ServiceError):
    """It can't be done now; `retry_after` seconds from now it may."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 5, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """The connection was lost inside COMMIT: it happened whole or not at all, and nobody here knows which."""

    code = "outcome-unknown"

    def __init__(self) -> None:
        super().__init__(
            "The database was lost while this was being committed, so it may have happened or not. Look before you "
            "send it again; a program sends it again with the same Idempotency-Key."
        )


class SignerRefuses(Unavailable):
    """The log key won't sign: this database's tree isn't the one that was signed before."""

    code = "signer-refuses"


class IntegrityFault(ServiceError):
    """The stored log contradicts itself; work on it stops until a person has looked."""

    status = 503
    code = "integrity"
