"""A policy as an object: what each move of a version needs, for one risk tier.

Pure: text in, frozen values out. `load` answers only for a text that `lint` finds nothing in, so that no
caller meets half a policy. The text is the law; these values are a reading of it, `digest` names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, cast

from governance.policies.lifecycle import (
    BreakGlass,
    Canary,
    Conditions,
    Escalation,
    Findings,
    Inventory,
    Recertification,
    Retraining,
    Rollback,
    SmallTeam,
)
from governance.policies.lint import Known, lint, shape_problems
from governance.policies.reading import PolicyInvalid, Reading, read
from governance.policies.scope import Scope, ScopeSlot

__all__ = [
    "Known",
    "PolicyDocument",
    "PolicyInvalid",
    "UncoveredTask",
    "digest",
    "lint",
    "load",
    "sketch",
]

LIFECYCLE: Mapping[str, type[Any]] = {
    "conditions": Conditions,
    "findings": Findings,
    "rollback": Rollback,
    "break_glass": BreakGlass,
    "recertification": Recertification,
    "inventory": Inventory,
    "retraining": Retraining,
    "escalation": Escalation,
    "small_team": SmallTeam,
    "canary": Canary,
}
"""Optional sections of a policy -> what holds them."""


class UncoveredTask(LookupError):
    """The policy says nothing about models of this task, so nothing about them is allowed."""

    def __init__(self, task: str, tasks: tuple[str, ...]) -> None:
        self.task, self.tasks = task, tasks
        covered = ", ".join(tasks)
        super().__init__(f"The policy covers the tasks {covered}; it says nothing about '{task}'.")


@dataclass(frozen=True, slots=True)
class CheckRequirement:
    """One required check. Without `metric` the check's own rules decide; with it, `value op bound` must hold.

    `bound` is exact as written, in `unit` (empty: the metric's own). `gating` false means: shown, never
    stopping. `data` is the role of the dataset it runs on.
    """

    name: str
    check: str
    why: str
    maximum_age_days: int
    on_inconclusive: Literal["block", "accept"]
    metric: str = ""
    op: str = ""
    bound: Decimal | None = None
    unit: str = ""
    slice: tuple[tuple[str, str], ...] = ()
    minimum_n: int = 0
    data: str = "evaluation"
    tasks: tuple[str, ...] = ()
    gating: bool = True

    def threshold(self, *, set_by: str, source: str) -> dict[str, Any] | None:
        """Keyword arguments of the threshold a run is frozen with, or None if the check's own rules decide.

        The one place where the exact bound becomes a float.
        """
        if self.bound is None:
            return None
        return {
            "metric": self.metric,
            "op": self.op,
            "bound": float(self.bound),
            "unit": self.unit,
            "minimum_n": self.minimum_n,
            "slice": self.slice,
            "set_by": set_by,
            "source": source,
        }


@dataclass(frozen=True, slots=True)
class Approval:
    """`count` people of `role`; `independent` ones took no part in the version."""

    role: str
    count: int
    independent: bool


@dataclass(frozen=True, slots=True)
class Move:
    """What one move needs; `complete` and `checks` hold names of requirements."""

    name: str
    card: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    signature: bool = False
    complete: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    distinct_approvers: int = 0
    recent_sign_in_minutes: int = 0
    checklist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    allowed: bool
    role: str
    review_within_days: int
    compensating_test: bool


@dataclass(frozen=True, slots=True)
class Waivers:
    allowed: bool
    role: str
    max_days: int
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warrant:
    days: int
    due_days: int
    grace_days: int
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Monitoring:
    every_days: int
    silent_after_days: int
    checks: tuple[str, ...]
    response: Literal["ticket", "restrict", "suspend"]
    suspension: Literal["person", "automatic"]
    labels_after_days: int = 0
    quiet_days: int = 1
    baseline_days: int = 28


@dataclass(frozen=True, slots=True)
class Deadlines:
    review_days: int
    decision_days: int
    finding_days: int
    incident_hours: int
    attestation_days: int


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The rules for one tier. Every name in it is known to exist in it (`lint`)."""

    title: str
    tier: Literal["low", "medium", "high"]
    version: str
    summary: str
    rmf: tuple[str, ...]
    tasks: tuple[str, ...]
    checks: tuple[CheckRequirement, ...]
    moves: tuple[Move, ...]
    acceptance: Acceptance
    waivers: Waivers
    warrant: Warrant
    cooling_off_days: int
    monitoring: Monitoring
    deadlines: Deadlines
    digest: str
    conditions: Conditions = field(default_factory=Conditions)
    findings: Findings = field(default_factory=Findings)
    rollback: Rollback = field(default_factory=Rollback)
    break_glass: BreakGlass = field(default_factory=BreakGlass)
    recertification: Recertification = field(default_factory=Recertification)
    inventory: Inventory = field(default_factory=Inventory)
    retraining: Retraining = field(default_factory=Retraining)
    escalation: Escalation = field(default_factory=Escalation)
    small_team: SmallTeam = field(default_factory=SmallTeam)
    canary: Canary = field(default_factory=Canary)
    scope: Scope = field(default_factory=Scope)

    def move(self, name: str) -> Move:
        """What `name` needs. A move the policy doesn't speak of raises KeyError: unsaid is not free."""
        for move in self.moves:
            if move.name == name:
                return move
        raise KeyError(name)

    def requirement(self, name: str) -> CheckRequirement:
        """Raises KeyError."""
        for requirement in self.checks:
            if requirement.name == name:
                return requirement
        raise KeyError(name)

    def required(self, move: str, task: str) -> tuple[CheckRequirement, ...]:
        """The checks `move` needs passed for a model of `task`. Raises UncoveredTask and KeyError."""
        return self._for_task(self.move(move).checks, task)

    def to_complete(self, move: str, task: str) -> tuple[CheckRequirement, ...]:
        """The checks that must have finished before `move`. Raises UncoveredTask and KeyError."""
        return self._for_task(self.move(move).complete, task)

    def monitored(self, task: str) -> tuple[CheckRequirement, ...]:
        """The checks each batch of production data is held to. Raises UncoveredTask."""
        return self._for_task(self.monitoring.checks, task)

    def card_fields(self, move: str) -> tuple[str, ...]:
        """Fields of the model card that `move` finds filled or refuses."""
        return self.move(move).card

    def approvals(self, move: str) -> tuple[Approval, ...]:
        return self.move(move).approvals

    @property
    def recent_authentication(self) -> int:
        """Within how many minutes an approver must have signed in, in person; 0: not asked for."""
        return self.move("approve").recent_sign_in_minutes

    def seats(self, move: str = "approve") -> tuple[str, ...]:
        """Roles whose people must decide, one entry per seat."""
        return tuple(need.role for need in self.move(move).approvals for _ in range(need.count))

    @property
    def signed(self) -> bool:
        """Whether any move asks for a signature over the subject."""
        return any(move.signature for move in self.moves)

    def waivable(self, name: str) -> bool:
        return self.waivers.allowed and name in self.waivers.checks

    def acceptable(self, name: str) -> bool:
        """Whether an inconclusive result of this requirement may be accepted by a named person."""
        return self.acceptance.allowed and self.requirement(name).on_inconclusive == "accept"

    def _for_task(self, names: tuple[str, ...], task: str) -> tuple[CheckRequirement, ...]:
        if task not in self.tasks:
            raise UncoveredTask(task, self.tasks)
        wanted = (self.requirement(name) for name in names)
        return tuple(need for need in wanted if not need.tasks or task in need.tasks)


def digest(text: str) -> str:
    """`sha256:` of the UTF-8 bytes of the text, which is what is stored and approved."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def load(text: str, *, known: Known | None = None) -> PolicyDocument:
    """The policy of this text. Raises PolicyInvalid with every problem; `known` as in `lint`."""
    problems = lint(text, known=known)
    if problems:
        raise PolicyInvalid(problems)
    return _document(read(text), text)


def sketch(text: str) -> PolicyDocument:
    """The policy of a text whose shape is sound, though `lint` may still object: for the eyes of its author alone.

    Raises PolicyInvalid for a text that the schema refuses.
    """
    reading = read(text)
    problems = shape_problems(reading)
    if problems:
        raise PolicyInvalid(problems)
    return _document(reading, text)


def _document(reading: Reading, text: str) -> PolicyDocument:
    data = cast("Mapping[str, Any]", reading.data)
    return PolicyDocument(
        title=data["title"],
        tier=data["tier"],
        version=data["version"],
        summary=" ".join(data["summary"].split()),
        rmf=tuple(data["rmf"]),
        tasks=tuple(data["tasks"]),
        checks=tuple(_requirement(name, said) for name, said in data["checks"].items()),
        moves=tuple(_move(name, said) for name, said in data["moves"].items()),
        acceptance=Acceptance(**data["acceptance"]),
        waivers=Waivers(**_frozen(data["waivers"])),
        warrant=Warrant(**_frozen(data["warrant"])),
        cooling_off_days=data["cooling_off_days"],
        monitoring=Monitoring(**_frozen(data["monitoring"])),
        deadlines=Deadlines(**data["deadlines"]),
        digest=digest(text),
        scope=_scope(data.get("scope", {})),
        **{name: kind(**_section(name, data[name])) for name, kind in LIFECYCLE.items() if name in data},
    )


def _scope(said: Mapping[str, Any]) -> Scope:
    slots = tuple(ScopeSlot(**slot) for slot in said.get("slots", ()))
    return Scope(kinds=tuple(said.get("kinds", ())), slots=slots)


def _section(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    values = _frozen(said)
    if name == "retraining" and "margin" in values:
        values["margin"] = Decimal(values["margin"])  # `0` is read as a whole number
    return values


def _frozen(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}


def _requirement(name: str, said: Mapping[str, Any]) -> CheckRequirement:
    values = _frozen(said)
    if "bound" in values:
        values["bound"] = Decimal(values["bound"])
    if "slice" in values:
        values["slice"] = tuple(sorted(values["slice"].items()))
    values["why"] = " ".join(values["why"].split())
    return CheckRequirement(name=name, **values)


def _move(name: str, said: Mapping[str, Any]) -> Move:
    values = _frozen(said)
    values["approvals"] = tuple(Approval(**need) for need in said.get("approvals", ()))
    return Move(name=name, **values)
