"""One move of one governed row along its table: legality, permission, separation of duties, write, entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.actors import Actor, Subject
from ledger.catalogue import Event
from ledger.errors import Conflict, NotAllowed
from ledger.models import Governed
from ledger.services import records
from modelwarrant.machine import IllegalMove, Machine
from people import access
from people.catalogue import P


def move_row(
    *,
    actor: Actor,
    row: Governed,
    machine: Machine,
    move: str,
    event: Event,
    barred: Mapping[str, frozenset[str]] | None = None,
    set: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Move `row` (locked and freshly read by the caller, inside `governed`).

    `barred` names, for each relation of the transition's `not_by`, the pseudonyms it bars; a relation that
    the caller doesn't give is an error of ours, never a free pass. Raises Conflict for a move the table
    doesn't have, NotAllowed for a missing permission or a barred person.
    """
    state = row.state  # type: ignore[attr-defined]
    try:
        transition = machine.move(state, move)
    except IllegalMove as error:
        raise Conflict(f"{machine.title}: {error}") from error
    access.require(actor, P(transition.permission), row)
    for relation in transition.not_by:
        if actor.principals & (barred or {})[relation]:
            raise NotAllowed(
                f"Whoever is {relation} here can't {transition.title.lower()}.",
                permission=transition.permission,
                subject=Subject.of(row),
                reason=relation,
                visible=True,
            )
    records.write(
        actor=actor,
        event=event,
        row=row,
        set={"state": transition.target, **(set or {})},
        data={"move": move, "from": state, "to": transition.target, **(data or {})},
    )
