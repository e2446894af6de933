"""Showing one thing: as if it weren't there to whoever may not see it, and recorded as a denial."""

from __future__ import annotations

from typing import Any, TypeVar

from ledger.actors import Actor
from ledger.services.transactions import governed
from people import access
from people.catalogue import P

Row = TypeVar("Row")


def shown(*, actor: Actor, permission: P, row: Row) -> Row:
    """The row itself if `permission` reaches it. Raises NotAllowed, recorded (doors answer "not there").

    Only a denial opens a transaction: reading takes no lock.
    """
    if not access.reach(actor).allows(permission, row):  # type: ignore[arg-type]
        _refuse(actor=actor, permission=permission, row=row)
    return row


@governed
def _refuse(*, actor: Actor, permission: P, row: Any) -> None:
    access.require(actor, permission, row)
