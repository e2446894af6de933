"""Refusals of governance: always about a version, or a model where it is for all of its versions, so that the history
and the reports of it count them."""

from __future__ import annotations

from collections.abc import Iterable

from governance.gates.answers import GateAnswer, flat_reasons
from governance.gates.approvals import bars
from governance.gates.context import Context
from ledger.actors import Actor, Subject
from ledger.errors import NotAllowed, Refused
from ledger.models import Governed
from people.catalogue import P
from registry.models import AIModel, Version


def closed(message: str, version: Version, permission: P, answers: Iterable[GateAnswer]) -> Refused:
    """Gates are closed: every reason of every one."""
    return _refused(message, version, permission, flat_reasons(answers))


def because(
    message: str, about: Version | AIModel, permission: P, *, gate: str, code: str, text: str
) -> Refused:
    """One reason alone."""
    return _refused(message, about, permission, [{"gate": gate, "code": code, "text": text}])


def no_policy(message: str, version: Version, permission: P) -> Refused:
    """Nothing is allowed where no policy says what is asked."""
    text = "No policy is in force for this risk tier."
    return because(message, version, permission, gate="policy", code="no-policy", text=text)


def require_free(actor: Actor, context: Context, permission: P, *, about: Governed, what: str) -> None:
    """NotAllowed (the relation) where history bars the actor from approving this version, and so from `what`."""
    for relation, why in bars(context, actor.principals).items():
        raise NotAllowed(
            f"{why} You can't {what}.",
            permission=permission.value,
            subject=Subject.of(about),
            reason=relation,
            visible=True,
        )


def _refused(
    message: str, about: Version | AIModel, permission: P, reasons: list[dict[str, object]]
) -> Refused:
    return Refused(message, reasons=reasons, permission=permission.value, subject=Subject.of(about))
