"""What somebody may do with one thing now, and why not the rest: one answer for pages, buttons and the API.

Read-only. It asks the very questions that the services ask when the move is made: is it possible from here, is the
permission held, does history bar this person, are the gates open, does a rule of the policy speak against it? The
services ask again in their own transaction; this is a view of the law, never the law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.gates.answers import GateAnswer, Reason
from governance.gates.context import Context
from governance.gates.slots import canary_shown
from governance.gates.table import evaluate
from governance.models import Finding, Warrant
from governance.selectors.findings import standing
from governance.selectors.things import RELATIONS, machine_of
from governance.services import rules
from governance.services.gate import warrant_answer
from governance.services.relations import barred_by, own_to_make
from ledger import clock
from ledger.actors import Actor
from ledger.models import Governed
from modelwarrant.machine import Transition
from people import access
from people.access import Reach
from people.catalogue import PERMISSIONS, ROLES, P
from registry.models import Deployment, Version
from registry.selectors import versions

BY_ITSELF: Mapping[tuple[str, str], str] = {
    ("policy", "supersede"): "it follows when the next policy of this tier is put in force",
    ("grant", "end"): "it is recorded by itself once the end has passed",
    ("upload", "expire"): "it is recorded by itself once its time is over",
    ("retraining-request", "finish"): "it follows when a new version names this request",
    ("tiering", "supersede"): "it follows when the next tiering of this system is confirmed",
    ("validation", "supersede"): "it follows when a newer report on this version is issued",
    ("warrant", "supersede"): "it follows when the warrant that renews it is signed",
}
"""Moves that follow from something else: kind and move -> from what."""


@dataclass(frozen=True, slots=True)
class MoveState:
    """One row of the table as it stands for one person: `here` if the thing is in a state it starts from, `open` if
    nothing speaks against making it now, otherwise `why` in words. `answers` are those of its gates."""

    transition: Transition
    here: bool
    open: bool
    why: str = ""
    answers: tuple[GateAnswer, ...] = ()


def moves_of(
    actor: Actor, row: Governed, *, reached: Reach | None = None, context: Context | None = None
) -> list[MoveState]:
    """Every move of the machine of `row` for `actor`, those possible from here first. Whoever asks may see `row`.

    `context` is a version's, for who has read it already.
    """
    machine = machine_of(row)
    if isinstance(row, Version) and context is None:
        context = Context(row, clock.now())
    asked = _Asked(actor, row, reached or access.reach(actor), context)
    state = _state(row)
    found = [
        asked.judge(move) if state in move.source else _elsewhere(move, row) for move in machine.transitions
    ]
    return sorted(found, key=lambda item: not item.here)


def _state(row: Governed) -> str:
    """Where it stands now: an acceptance of a risk that has ended counts as ended before anybody records it."""
    if isinstance(row, Finding):
        return standing(row, clock.now()).state
    return str(getattr(row, "state"))  # noqa: B009 - every kind with a machine has one; Governed itself doesn't


def _elsewhere(move: Transition, row: Governed) -> MoveState:
    titles = " or ".join(machine_of(row).state(name).title for name in move.source)
    return MoveState(move, here=False, open=False, why=f"possible only from: {titles}")


class _Asked:
    """One person's questions about one thing; what several moves need is read once."""

    def __init__(self, actor: Actor, row: Any, reached: Reach, context: Context | None) -> None:
        self.actor, self.row, self.reached, self.context = actor, row, reached, context
        self._answers: dict[str, tuple[GateAnswer, ...]] = {}

    def judge(self, move: Transition) -> MoveState:
        """A move that is possible from the present state."""
        answers = self.answers(move)
        why = self._why_not(move, answers)
        return MoveState(move, here=True, open=not why, why=why, answers=answers)

    def answers(self, move: Transition) -> tuple[GateAnswer, ...]:
        """What the gates of the move say now; the transaction that makes it asks them again."""
        if move.name not in self._answers:
            if self.context is not None:
                self._answers[move.name] = evaluate(move.gates, self.context, move=move.name)
            elif isinstance(self.row, Deployment):
                self._answers[move.name] = deployment_answers(self.row, move)
            else:
                self._answers[move.name] = ()
        return self._answers[move.name]

    def _why_not(self, move: Transition, answers: tuple[GateAnswer, ...]) -> str:
        kind = self.row.ledger_kind
        if follows := BY_ITSELF.get((kind, move.name)):
            return follows
        if why := self._not_permitted(move):
            return why
        if why := self._barred(move):
            return why
        # The seats are what a decision is about to fill; every other gate must be open already.
        closed = [answer.title for answer in answers if not answer.ok and answer.gate != "approvals-complete"]
        if closed:
            return f"gates closed: {', '.join(closed)}"
        rule = rules.RULES.get((kind, move.name))
        return rule(self.actor, self.row) if rule else ""

    def _not_permitted(self, move: Transition) -> str:
        permission = P(move.permission)
        if not own_to_make(self.actor, self.row, move, self.reached) and not self.reached.allows(
            permission, self.row
        ):
            if PERMISSIONS[permission].risk == "system":
                return "ModelWarrant does this by itself"
            return "your roles don't allow it"
        if move.roles and access.roles(self.actor, self.row).isdisjoint(move.roles):
            return f"only for: {', '.join(ROLES[role].title for role in move.roles)}"
        return ""

    def _barred(self, move: Transition) -> str:
        if self.context is not None:
            found = versions.barred(
                move, self.context.version, self.actor.principals, self.context.cooling_off
            )
            return next(iter(found.values()), "")
        for relation in move.not_by:
            if self.actor.principals & barred_by(self.row, relation):
                return f"closed to {RELATIONS[relation]}"
        return ""


def deployment_answers(row: Deployment, move: Transition) -> tuple[GateAnswer, ...]:
    """The gates of a deployment's move as its warrants answer them."""
    warrant = Warrant.objects.filter(deployment=row).order_by("-granted_at").first()
    return tuple(_WARRANT_GATES[gate](row, warrant) for gate in move.gates)


def _issued(row: Deployment, warrant: Warrant | None) -> GateAnswer:
    reasons = (
        () if warrant and warrant.state == "issued" else (Reason("not-issued", "No warrant is issued yet."),)
    )
    return GateAnswer("warrant-issued", "Warrant issued", reasons)


def _active(row: Deployment, warrant: Warrant | None) -> GateAnswer:
    if warrant is not None:
        return warrant_answer(warrant, clock.now())
    return GateAnswer("warrant-active", "Warrant active", (Reason("no-warrant", "It has no warrant."),))


_WARRANT_GATES: Mapping[str, Callable[[Deployment, Warrant | None], GateAnswer]] = {
    "warrant-issued": _issued,
    "warrant-active": _active,
    "canary-shown": lambda row, _: canary_shown(row, clock.now()),
}
