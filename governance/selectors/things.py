"""Every machine of the house and every kind of thing that moves by one: for pages, documents and the API.

A kind is named like its machine, so that the two can't drift apart; uploads alone have a machine for each purpose.
Who may do what isn't said here: that is read from the machines and from `people.catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from governance import machines as governance_machines
from ledger import machines as ledger_machines
from ledger.errors import NotThere
from ledger.models import Governed
from ledger.models.governed import governed_models
from modelwarrant.machine import Machine
from monitoring import machines as monitoring_machines
from people import access
from people import machines as people_machines
from people.access import Reach
from people.catalogue import VIEWED_BY
from registry import machines as registry_machines
from registry.machines import UPLOADS
from registry.models import Upload

APPS: Mapping[str, ModuleType] = {
    "What exists": registry_machines,
    "What was decided": governance_machines,
    "What was measured": monitoring_machines,
    "Who may": people_machines,
    "What signs": ledger_machines,
}
"""Title of an app's machines on pages -> its tables."""

RELATIONS: Mapping[str, str] = {
    "author": "whoever wrote it",
    "requester": "whoever asked for it",
    "holder": "whoever it is for",
    "placer": "whoever placed it",
    "contributor": "whoever took part in making the version, or answers for a service identity that did",
    "proposer": "whoever proposed it",
    "responsible": "whoever is responsible for meeting it",
    "finder": "whoever found it",
    "responder": "whoever answered it",
    "owner": "whoever owns the system, or did until recently",
}
"""Relation that bars a person -> in words."""


def machines_by_app() -> dict[str, tuple[Machine, ...]]:
    """Title of the app -> its machines, in the order of its table."""
    return {title: module.MACHINES for title, module in APPS.items()}


MACHINES: Mapping[str, Machine] = {
    machine.name: machine for machines in machines_by_app().values() for machine in machines
}
"""Name, as in addresses and in the log -> machine."""


def kind_of(machine: Machine) -> str:
    """The kind of the things that move by `machine`."""
    return Upload.ledger_kind if machine in UPLOADS.values() else machine.name


def machine_of(row: Governed) -> Machine:
    """The table by which `row` moves. KeyError for a kind without one."""
    return UPLOADS[row.purpose] if isinstance(row, Upload) else MACHINES[row.ledger_kind]


def thing(kind: str, row_id: UUID) -> Governed:
    """The row of a kind that moves by a machine. Raises NotThere for unknown kinds and rows alike."""
    model = governed_models().get(kind)
    row = None
    if model is not None and kind in {kind_of(machine) for machine in MACHINES.values()}:
        row = model._default_manager.filter(pk=row_id).first()
    if not isinstance(row, Governed):
        raise NotThere
    return row


def things_visible(machine: Machine, reached: Reach) -> QuerySet[Any]:
    """The things that move by `machine`, as far as whoever has this reach may see them."""
    kind = kind_of(machine)
    rows = access.within(reached, VIEWED_BY[kind], governed_models()[kind]._default_manager.all())
    purposes = [purpose for purpose, table in UPLOADS.items() if table is machine]
    return rows.filter(purpose__in=purposes) if purposes else rows  # type: ignore[misc]


def counted(machine: Machine, reached: Reach) -> dict[str, int]:
    """State -> how many things stand in it, of those that may be seen; every state of the table is there."""
    rows = things_visible(machine, reached).order_by().values_list("state").annotate(Count("pk"))
    found = dict(rows)
    return {state.name: found.get(state.name, 0) for state in machine.states}
