"""State machines as plain tables: what may follow what, who may do it, and on which conditions.

A machine is data. Pages, diagrams, buttons, API answers and the replay of the log all read the same
table, so that a reviewer who reads the table has read the law. This module knows what a table may say
and finds what is wrong with it; it knows no database, no person and no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["initial", "intake", "open", "final"]
"""`initial`: where a new thing starts (exactly one). `intake`: a further, declared start for things that
existed before they were registered. `open`: something is still to come. `final`: nothing leaves it."""


@dataclass(frozen=True, slots=True)
class State:
    """One state: `name` is stored, `title` is shown."""

    name: str
    title: str
    kind: Kind = "open"


@dataclass(frozen=True, slots=True)
class Transition:
    """One move.

    `source` holds the states it may start from, `permission` who may make it, `gates` the questions that
    must all be answered yes, `not_by` the relations to the thing (for example `contributor`) that bar a
    person, `event` the entry that is recorded, `consequence` a sentence for whoever is about to make it.
    `roles` narrows a permission that several roles carry to those that may make this very move; empty: all.
    """

    name: str
    source: tuple[str, ...]
    target: str
    title: str
    permission: str
    gates: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    event: str = ""
    consequence: str = ""
    roles: tuple[str, ...] = ()


class IllegalMove(Exception):
    """The table has no such move from this state; `legal` holds the names it does have."""

    def __init__(self, machine: str, state: str, name: str, legal: tuple[str, ...]) -> None:
        self.machine, self.state, self.name, self.legal = machine, state, name, legal
        possible = ", ".join(legal) if legal else "nothing"
        super().__init__(f"{machine}: '{name}' is not possible in state '{state}'; possible: {possible}")


class UnknownState(IllegalMove):
    """The state itself isn't in the table."""


@dataclass(frozen=True, slots=True)
class Node:
    """A state placed on a grid: column `x` (distance from the start), row `y`, both from 0."""

    state: State
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow of the drawing; a transition with n sources gives n edges."""

    source: str
    target: str
    transition: Transition


@dataclass(frozen=True, slots=True)
class Machine:
    """A table of states and transitions, named as in the log (`name`) and on pages (`title`).

    `event` records every move that names none of its own.
    """

    name: str
    title: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    event: str = ""

    @property
    def initial(self) -> State:
        """Where a new thing starts. Raises ValueError on a table without exactly one."""
        starts = [state for state in self.states if state.kind == "initial"]
        if len(starts) != 1:
            raise ValueError(f"{self.name}: {len(starts)} initial states, there must be one")
        return starts[0]

    def state(self, name: str) -> State:
        """The state of this name. Raises UnknownState."""
        for state in self.states:
            if state.name == name:
                return state
        raise UnknownState(self.name, name, "", tuple(state.name for state in self.states))

    def recorded_as(self, transition: Transition) -> str:
        """Name of the event that records this move."""
        return transition.event or self.event

    def legal(self, state: str) -> tuple[Transition, ...]:
        """The moves that leave `state`, in the order of the table. Raises UnknownState."""
        self.state(state)
        return tuple(move for move in self.transitions if state in move.source)

    def move(self, state: str, name: str) -> Transition:
        """The one transition `name` out of `state`. Raises IllegalMove with what is possible instead."""
        legal = self.legal(state)
        for transition in legal:
            if transition.name == name:
                return transition
        raise IllegalMove(self.name, state, name, tuple(transition.name for transition in legal))

    def replay(self, moves: Iterable[str], *, start: str | None = None) -> str:
        """The state after `moves` (names of transitions, in order) from `start`, or from the initial state.

        `start` must be the initial or an intake state. Raises IllegalMove at the first move that the
        table doesn't have.
        """
        if start is None:
            here = self.initial.name
        elif self.state(start).kind in ("initial", "intake"):
            here = start
        else:
            raise IllegalMove(self.name, start, "start", tuple(self._starts()))
        for name in moves:
            here = self.move(here, name).target
        return here

    def faults(
        self,
        *,
        permissions: Collection[str],
        gates: Collection[str],
        events: Collection[str],
        not_by: Collection[str],
        roles: Collection[str] = (),
    ) -> list[str]:
        """Everything that makes this table unsound, one sentence each; an empty list means sound.

        The arguments are the words the table may use. An empty permission is always a fault, because what isn't
        said is denied; a move without an event, its own or the machine's, is one because nothing would record it.
        """
        found = [*self._state_faults(), *self._shape_faults()]
        for transition in self.transitions:
            where = f"transition '{transition.name}'"
            if not transition.permission:
                found.append(f"{where} names no permission")
            elif transition.permission not in permissions:
                found.append(f"{where} names the unknown permission '{transition.permission}'")
            event = self.recorded_as(transition)
            if not event:
                found.append(f"{where} is recorded by no event")
            elif event not in events:
                found.append(f"{where} names the unknown event '{event}'")
            unknown = [gate for gate in transition.gates if gate not in gates]
            found += [f"{where} names the unknown gate '{gate}'" for gate in unknown]
            unknown = [relation for relation in transition.not_by if relation not in not_by]
            found += [f"{where} bars the unknown relation '{relation}'" for relation in unknown]
            unknown = [role for role in transition.roles if role not in roles]
            found += [f"{where} is kept to the unknown role '{role}'" for role in unknown]
        return [f"{self.name}: {fault}" for fault in found]

    def _starts(self) -> Iterator[str]:
        return (state.name for state in self.states if state.kind in ("initial", "intake"))

    def _state_faults(self) -> Iterator[str]:
        names = [state.name for state in self.states]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"state '{name}' is there {names.count(name)} times"
        initial = [state.name for state in self.states if state.kind == "initial"]
        if len(initial) != 1:
            yield f"{len(initial)} initial states, there must be one"
        reached = self._reachable()
        leaving = {source for transition in self.transitions for source in transition.source}
        for state in self.states:
            if not state.name or not state.title:
                yield f"a state lacks its name or title: {state.name or state.title or '(both)'}"
            if state.name not in reached:
                yield f"state '{state.name}' can't be reached"
            if state.kind == "final" and state.name in leaving:
                yield f"final state '{state.name}' has a way out"
            if state.kind != "final" and state.name not in leaving:
                yield f"state '{state.name}' is a dead end but isn't final"

    def _shape_faults(self) -> Iterator[str]:
        known = {state.name for state in self.states}
        seen: set[tuple[str, str]] = set()
        for transition in self.transitions:
            if not transition.name or not transition.title:
                said = transition.name or transition.title or "(both)"
                yield f"a transition lacks its name or title: {said}"
            if not transition.source:
                yield f"transition '{transition.name}' starts nowhere"
            for end in (*transition.source, transition.target):
                if end not in known:
                    yield f"transition '{transition.name}' names the unknown state '{end}'"
            for source in transition.source:
                if (transition.name, source) in seen:
                    yield f"two transitions '{transition.name}' leave state '{source}'"
                seen.add((transition.name, source))

    def _reachable(self) -> dict[str, int]:
        """State name -> fewest moves from a start."""
        depth = dict.fromkeys(self._starts(), 0)
        queue = list(depth)
        for here in queue:
            for transition in self.transitions:
                if here in transition.source and transition.target not in depth:
                    depth[transition.target] = depth[here] + 1
                    queue.append(transition.target)
        return depth

    def layout(self) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
        """A layered drawing: column = fewest moves from a start, rows in the order of the table.

        States that can't be reached (an unsound table) stand in a last column, so that they are seen.
        """
        depth = self._reachable()
        last = max(depth.values(), default=-1) + 1
        filled: dict[int, int] = {}
        nodes = []
        for state in self.states:
            column = depth.get(state.name, last)
            nodes.append(Node(state, column, filled.get(column, 0)))
            filled[column] = filled.get(column, 0) + 1
        edges = tuple(Edge(source, move.target, move) for move in self.transitions for source in move.source)
        return tuple(nodes), edges

    def mermaid(self) -> str:
        """The table as a Mermaid `stateDiagram-v2`, for documentation pages."""
        ids = {state.name: f"s{number}" for number, state in enumerate(self.states)}
        lines = ["stateDiagram-v2"]
        lines += [f'    state "{_label(state.title)}" as {ids[state.name]}' for state in self.states]
        lines += [f"    [*] --> {ids[name]}" for name in self._starts()]
        lines += [
            f"    {ids[source]} --> {ids[move.target]}: {_label(move.title)}"
            for move in self.transitions
            for source in move.source
            if source in ids and move.target in ids
        ]
        lines += [f"    {ids[state.name]} --> [*]" for state in self.states if state.kind == "final"]
        return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    # Mermaid ends a label at these characters and has no escape for them.
    return text.translate(str.maketrans('":;\n', "' , "))
