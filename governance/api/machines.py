"""The machines, and what may be done with one thing."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.selectors.things import MACHINES, thing
from governance.serializers.moves import MachineOutput, MachinesOutput, MoveOutput, MovesOutput
from governance.services.moves import moves_of
from ledger.errors import NotThere
from people.catalogue import VIEWED_BY
from people.resources import Resource, tagged
from people.services.reading import shown


class Machines(Resource):
    @extend_schema(operation_id="machines_list", responses=MachinesOutput)
    def get(self, request: Request) -> Response:
        """Every state machine. They are the organisation's law, open to whoever may sign in; a fixed, short list."""
        return tagged(request, {"results": MachineOutput(MACHINES.values(), many=True).data})


class OneMachine(Resource):
    @extend_schema(operation_id="machine", responses=MachineOutput)
    def get(self, request: Request, name: str) -> Response:
        """One state machine."""
        if name not in MACHINES:
            raise NotThere
        return tagged(request, MachineOutput(MACHINES[name]).data)


class Moves(Resource):
    @extend_schema(operation_id="thing_moves", responses=MovesOutput)
    def get(self, request: Request, kind: str, row_id: UUID) -> Response:
        """Every move of one thing: open to you, or why it is closed. The service asks again when you make it."""
        row = thing(kind, row_id)
        shown(actor=self.actor(), permission=VIEWED_BY[kind], row=row)
        moves = moves_of(self.actor(), row)
        return Response(
            {
                "kind": kind,
                "id": str(row.pk),
                "state": row.state,  # type: ignore[attr-defined]
                "moves": MoveOutput(moves, many=True).data,
            },
            headers={"Cache-Control": "no-store"},
        )
