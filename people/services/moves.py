"""One move of one governed row along its table: legality, permission, separation of duties, write, entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.actors import Actor, Subject
from ledger.catalogue import Event
from ledger.errors import Conflict, NotAllowed, NotThere
from ledger.models import Governed
from ledger.services import records
from modelwarrant.machine import IllegalMove, Machine, Transition
from people import access
from people.catalogue import ROLES, P


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

    Raises NotAllowed for a missing permission, in whatever state the row is, or a person of `barred` (see
    `require_another`), Conflict for a move the table doesn't have.
    """
    state = row.state  # type: ignore[attr-defined]
    try:
        transition = machine.move(state, move)
    except IllegalMove as error:
        _require_any(actor, machine, move, row)
        raise Conflict(f"{machine.title}: {error}") from error
    access.require(actor, P(transition.permission), row)
    require_role(actor, transition, row)
    require_another(actor=actor, row=row, move=transition, barred=barred or {})
    records.write(
        actor=actor,
        event=event,
        row=row,
        set={"state": transition.target, **(set or {})},
        data={"move": move, "from": state, "to": transition.target, **(data or {})},
    )


def move_open(
    *,
    actor: Actor,
    machine: Machine,
    row: Governed | None,
    move: str,
    called: str,
    permission: P | None = None,
) -> Transition:
    """The transition, for who makes it by other means than `move_row` and may: what it needs stands in the table whatever
    state the row is in, so that refusals tell no state. `permission` goes before the table's.

    Raises NotAllowed, NotThere, Conflict ("<called> is revoked.").
    """
    needed = next(P(item.permission) for item in machine.transitions if item.name == move)
    access.require(actor, permission or needed, row)
    if row is None:
        raise NotThere
    state: str = row.state  # type: ignore[attr-defined]
    try:
        return machine.move(state, move)
    except IllegalMove as error:
        raise Conflict(f"{called} is {machine.state(state).title.lower()}.") from error


def require_another(
    *, actor: Actor, row: Governed, move: Transition, barred: Mapping[str, frozenset[str]]
) -> None:
    """NotAllowed (the relation) for whom the table bars from `move`, through whatever identity they act.

    `barred`: pseudonyms for each relation of `not_by`; one that isn't given is an error of ours, never a free pass.
    """
    for relation in move.not_by:
        if actor.principals & barred[relation]:
            raise NotAllowed(
                f"Whoever is {relation} here can't {move.title.lower()}; another person must.",
                permission=move.permission,
                subject=Subject.of(row),
                reason=relation,
                visible=True,
            )


def _require_any(actor: Actor, machine: Machine, move: str, row: Governed) -> None:
    # Whoever may not make the move in any state learns nothing about the state from the refusal.
    for transition in machine.transitions:
        if transition.name == move:
            access.require(actor, P(transition.permission), row)


def require_role(actor: Actor, transition: Transition, row: Any) -> None:
    """NotAllowed ("role") unless `actor` holds one of the roles that the table keeps this move to."""
    if transition.roles and access.roles(actor, row).isdisjoint(transition.roles):
        titles = " or ".join(ROLES[role].title for role in transition.roles)
        raise NotAllowed(
            f"Only this role can do it: {titles}.",
            permission=transition.permission,
            subject=Subject.of(row),
            reason="role",
            visible=True,
        )
