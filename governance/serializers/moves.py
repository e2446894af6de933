"""Machines, and the moves of one thing, as the API gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.serializers.decisions import GateAnswerOutput
from governance.services.lifecycle import rows_of
from governance.services.moves import MoveState
from modelwarrant.machine import Machine


class StateOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(["initial", "intake", "open", "final"])


class TransitionOutput(serializers.Serializer[Any]):
    """One move of a table."""

    name = serializers.CharField()
    title = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField())
    target = serializers.CharField()
    permission = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="Titles of who may.")
    gates = serializers.ListField(child=serializers.CharField())
    not_by = serializers.ListField(child=serializers.CharField())
    event = serializers.CharField()
    consequence = serializers.CharField(allow_blank=True)


class MachineOutput(serializers.Serializer[Any]):
    """A state machine as the services obey it."""

    name = serializers.CharField()
    title = serializers.CharField()
    states = StateOutput(many=True)
    transitions = TransitionOutput(many=True)

    def to_representation(self, instance: Machine) -> dict[str, Any]:
        return {
            "name": instance.name,
            "title": instance.title,
            "states": [
                {"name": state.name, "title": state.title, "kind": state.kind} for state in instance.states
            ],
            "transitions": [
                {
                    "name": row.move.name,
                    "title": row.move.title,
                    "sources": list(row.move.source),
                    "target": row.move.target,
                    "permission": row.move.permission,
                    "roles": list(row.who),
                    "gates": list(row.move.gates),
                    "not_by": list(row.move.not_by),
                    "event": instance.recorded_as(row.move),
                    "consequence": row.move.consequence,
                }
                for row in rows_of(instance)
            ],
        }


class MachinesOutput(serializers.Serializer[Any]):
    results = MachineOutput(many=True)


class MoveOutput(serializers.Serializer[Any]):
    """One move of one thing for whoever asks: open, or why not."""

    name = serializers.CharField()
    title = serializers.CharField()
    target = serializers.CharField()
    here = serializers.BooleanField(help_text="Whether it starts from the present state.")
    open = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True)
    gates = GateAnswerOutput(many=True)

    def to_representation(self, instance: MoveState) -> dict[str, Any]:
        return {
            "name": instance.transition.name,
            "title": instance.transition.title,
            "target": instance.transition.target,
            "here": instance.here,
            "open": instance.open,
            "why": instance.why,
            "gates": [answer.as_dict() for answer in instance.answers],
        }


class MovesOutput(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.UUIDField()
    state = serializers.CharField()
    moves = MoveOutput(many=True)
