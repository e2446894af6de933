"""Random walks along every machine, through its services, held against a model that is nothing but the table (WF-11).

The model knows the state, who holds which permission, whom a relation bars, and what an oracle answers for all gates of
a move; from these it says whether the move happens. Before a step the page of the row says the same; after
it the row stands where the model stands, and is what its entries replay to. A few seconds in `make test`, SOAK_SECONDS in
`make soak`; a failure prints its seed.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.startup import MACHINES
from governance.services.moves import moves_of
from ledger.actors import Actor
from ledger.errors import ServiceError
from ledger.services import replay
from modelwarrant.machine import Machine
from people.catalogue import ROLES, SYSTEM_PERMISSIONS
from tests.registry.world import make_world, person, service
from tests.soak.walking import DRIVERS, KNOWN, Ground

SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
ROUNDS, STEPS = 2, 5
LIKELY = 0.6
"""How often a step is one that the table has: by chance alone few walks would leave the first state."""


def machines() -> dict[str, Machine]:
    found = {}
    for module in MACHINES:
        for value in vars(module).values():
            for item in value.values() if isinstance(value, dict) else (value,):
                if isinstance(item, Machine):
                    found[item.name] = item
    return found


KNOWN.update(machines())


@dataclass(frozen=True)
class Walker:
    """Somebody, and every permission of theirs as the table of roles says it."""

    actor: Actor
    permissions: frozenset[str]
    role: str = ""


def walkers() -> list[Walker]:
    """One of every role, one of none, and what runs by itself."""
    people = [
        Walker(person(role.name), frozenset(map(str, role.permissions)), role.name)
        for role in ROLES.values()
        if role.kind == "person"
    ]
    own = [
        Walker(Actor.system(name), frozenset(map(str, held)))
        for name, held in SYSTEM_PERMISSIONS.items()
        if held
    ]
    pipeline = Walker(service(person(), "ci"), frozenset(map(str, ROLES["ci"].permissions)), "ci")
    return [*people, pipeline, Walker(person(), frozenset()), *own]


def after(
    machine: Machine,
    state: str,
    move: str,
    who: Walker,
    barred: dict[str, frozenset[str]],
    *,
    opened: bool,
    only: str = "",
    own: frozenset[str] = frozenset(),
) -> tuple[str, bool]:
    """The state after `who` tries `move`, and whether it was made: the reference."""
    for transition in machine.transitions:
        if transition.name == move and state in transition.source:
            kept_out = any(who.actor.id in barred.get(relation, ()) for relation in transition.not_by)
            held = transition.permission in who.permissions or who.actor.id in own
            fitting = not transition.roles or who.role in transition.roles
            lawful = held and fitting and not kept_out and only in ("", who.actor.id)
            if lawful and (opened or not transition.gates):
                return transition.target, True
    return state, False


def test_every_machine_has_a_driver() -> None:
    missing = sorted(set(machines()) - set(DRIVERS))
    assert not missing, f"say in DRIVERS of tests/soak/walking.py how these are walked: {', '.join(missing)}"
    assert not set(DRIVERS) - set(machines())


@pytest.mark.slow
@pytest.mark.django_db
def test_random_walks_end_where_the_table_says(home: Path) -> None:
    ground = Ground(make_world(), [])
    everybody = walkers()
    seed = random.SystemRandom().randrange(2**32)
    over, number = time.monotonic() + SECONDS, 0
    while number < ROUNDS or time.monotonic() < over:
        for name, machine in machines().items():
            _walk(
                ground,
                machine,
                everybody,
                random.Random(f"{seed}:{name}:{number}"),
                f"seed {seed}:{name}:{number}",
            )
        number += 1


def _walk(ground: Ground, machine: Machine, everybody: list[Walker], dice: random.Random, where: str) -> None:
    maker = dice.choice([walker for walker in everybody if walker.actor.kind == "user"])
    row = ground.row(machine, maker.actor)
    state = machine.initial.name
    said = []
    for _ in range(STEPS):
        move, who, opened = _step(machine, state, everybody, dice, row)
        barred, driver = ground.barred(machine, row), DRIVERS[machine.name]
        only = str(getattr(row, driver.only[move])) if move in driver.only else ""
        own = driver.own[move](row) if move in driver.own else frozenset[str]()
        expected, made = after(machine, state, move, who, barred, opened=opened, only=only, own=own)
        refused, shown = "", made
        if move in driver.services and not any(item.gates for item in machine.transitions):
            row.refresh_from_db()
            shown = any(item.open for item in moves_of(who.actor, row) if item.transition.name == move)
        try:
            ground.move(machine, row, who.actor, move, opened=opened)
        except ServiceError as error:
            refused = f"{type(error).__name__}: {error}"
        row.refresh_from_db()
        said.append(
            f"{who.actor.id} {move} in {state}, gates {'open' if opened else 'shut'}: {refused or 'done'}"
        )
        told = f"{where}\n" + "\n".join(said)
        assert row.state == expected, f"{machine.name} is {row.state}, the table says {expected}\n{told}"  # type: ignore[attr-defined]
        assert shown == made, f"its page says otherwise\n{told}"
        assert bool(refused) != made, f"refused and moved, or neither\n{told}"
        assert replay.row_faults(row) == [], told
        state = expected


def _step(
    machine: Machine, state: str, everybody: list[Walker], dice: random.Random, row: Any
) -> tuple[str, Walker, bool]:
    legal = machine.legal(state)
    if legal and dice.random() < LIKELY:
        transition = dice.choice(legal)
        able = [walker for walker in everybody if transition.permission in walker.permissions]
        column = DRIVERS[machine.name].only.get(transition.name, "")
        able = [walker for walker in able if column and getattr(row, column) == walker.actor.id] or able
        return transition.name, dice.choice(able), dice.random() < LIKELY
    names = sorted({transition.name for transition in machine.transitions})
    return dice.choice(names), dice.choice(everybody), dice.random() < LIKELY
