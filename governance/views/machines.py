"""The law as pages: every machine, one machine, and one thing in its machine with what I may do and why not the rest."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from governance.gates.table import GATES
from governance.selectors.things import MACHINES, counted, machine_of, machines_by_app, thing
from governance.services.lifecycle import rows_of
from governance.services.moves import moves_of
from governance.views.acts import about, act_for
from governance.views.thing_panels import thing_panels
from ledger import selectors as log
from ledger.errors import NotThere
from monitoring.charts import diagrams
from people import access
from people.catalogue import VIEWED_BY
from people.pages import actor_of, named, reading
from people.services.reading import shown


@reading
def machines(request: HttpRequest) -> HttpResponse:
    """Every state machine, app by app."""
    return render(request, "governance/machines.html", {"apps": machines_by_app()})


@reading
def machine(request: HttpRequest, name: str) -> HttpResponse:
    """One machine: drawn, its states with how many things I see in each, and its moves with all they need."""
    if name not in MACHINES:
        raise NotThere
    table = MACHINES[name]
    numbers = counted(table, access.reach(actor_of(request)))
    context = {
        "machine": table,
        "chart": diagrams.machine(table, ""),
        "states": [(state, numbers[state.name]) for state in table.states],
        "moves": rows_of(table),
        "gates": [GATES[gate] for gate in dict.fromkeys(gate for move in table.transitions for gate in move.gates)
                  if gate in GATES],
    }  # fmt: skip
    return render(request, "governance/machine.html", context)


@reading
def one(request: HttpRequest, kind: str, row_id: UUID) -> HttpResponse:
    """One thing: where it stands, which moves are open to me, and why the others are closed."""
    actor = actor_of(request)
    row = thing(kind, row_id)
    shown(actor=actor, permission=VIEWED_BY[kind], row=row)
    table = machine_of(row)
    state = table.state(row.state)  # type: ignore[attr-defined]
    moves = [(move, act_for(kind, move.transition.name)) for move in moves_of(actor, row)]
    history = log.history(kind, row.pk, limit=100)
    panels = thing_panels(row, access.reach(actor))
    context = {
        "row": row,
        "title": capfirst(str(row)),
        "machine": table,
        "state": state,
        "chart": diagrams.machine(table, state.name),
        "open": [(move, act) for move, act in moves if move.open],
        "closed": [move for move, _ in moves if move.here and not move.open],
        "elsewhere": [move for move, _ in moves if not move.here],
        "about": about(row),
        "panels": panels,
        "history": history[::-1],
        "names": named({item.row.actor_id for item in history}.union(*(panel.people for panel in panels))),
    }
    return render(request, "governance/thing.html", context)
