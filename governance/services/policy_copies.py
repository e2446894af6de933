"""Working copies of policies: written part by part by one author, and stored as a draft when they are sound.

A working copy binds nobody and no entry speaks of it; what is stored from it goes through `policy_draft` as any text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from governance.models import Policy, PolicyWorkingCopy
from governance.policies import editing
from governance.policies.document import PolicyInvalid, digest, lint, sketch
from governance.policies.reading import Problem, read
from governance.policies.sentences import rules
from governance.policies.writing import write
from governance.services.policies import known_words, policy_draft, scope_problems
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services.transactions import governed
from people import access
from people.catalogue import P

MOST_COPIES = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One objection of the linter, at the part in which it is mended."""

    part: str
    field: str
    message: str


@governed
def copy_start(*, actor: Actor, text: str, started_from: str) -> PolicyWorkingCopy:
    """Begin a working copy from a sound text. Raises Invalid, Conflict for too many at once."""
    access.require(actor, P.POLICY_EDIT)
    try:
        sketch(text)
    except PolicyInvalid as error:
        raise Invalid(
            "This text can't be edited part by part.", field="text", reasons=_reasons(error)
        ) from error
    mine = PolicyWorkingCopy.objects.filter(author=actor.id).count()
    if mine >= MOST_COPIES:
        raise Conflict(f"You have {mine} working copies; store or discard one first.")
    now = clock.now()
    data = cast("Mapping[str, Any]", read(text).data)
    return PolicyWorkingCopy.objects.create(
        author=actor.id,
        text=write(editing.in_order(data)),
        started_from=started_from[:200],
        started_at=now,
        changed_at=now,
    )


@governed
def copy_change(
    *, actor: Actor, copy_id: UUID, part: str, seen: str, values: Mapping[str, Any]
) -> PolicyWorkingCopy:
    """Put new values into one part. `seen` is the token of the part as the form showed it.

    Raises Conflict with what stands there now if another window changed the same part since, and Invalid naming the field
    for what the schema refuses. What the linter objects to is kept and shown.
    """
    copy = _mine(actor, copy_id)
    data = _data(copy)
    if not editing.exists(data, part):
        raise NotThere
    new = editing.changed(data, part, values)
    if "+" in part.split("."):
        name = str(values.get("name", ""))
        if part == editing.NEW_CHECK and name in data["checks"]:
            raise Conflict(f"There is a check named '{name}' already.", field="name")
    elif token(data, part) != seen:
        if write(new) == copy.text:
            return copy
        raise Conflict(
            "This part was changed in another window after you opened it. Nothing of yours is stored yet.",
            code="part-changed",
            reasons=[{"code": "now", "text": f"It now says: {said}"} for said in said_of(copy.text, part)],
        )
    return _kept(copy, new)


@governed
def copy_remove(*, actor: Actor, copy_id: UUID, part: str, seen: str) -> PolicyWorkingCopy:
    """Take a check or a seat away, if it still is what was shown."""
    copy = _mine(actor, copy_id)
    data = _data(copy)
    if not editing.removable(data, part):
        raise NotThere
    if token(data, part) != seen:
        raise Conflict("This part was changed in another window after you opened it.", code="part-changed")
    return _kept(copy, editing.without(data, part))


@governed
def copy_discard(*, actor: Actor, copy_id: UUID) -> None:
    """Throw a working copy away."""
    _mine(actor, copy_id).delete()


@governed
def copy_store(*, actor: Actor, copy_id: UUID) -> Policy:
    """Store a sound working copy as a draft and close it. Raises Invalid with every objection of the linter."""
    copy = _mine(actor, copy_id)
    policy = policy_draft(actor=actor, text=copy.text)
    copy.delete()
    return policy


def copy_of(*, actor: Actor, copy_id: UUID) -> PolicyWorkingCopy:
    """One's own working copy. Raises NotThere for everybody else's."""
    access.require(actor, P.POLICY_EDIT)
    copy = PolicyWorkingCopy.objects.filter(pk=copy_id, author=actor.id).first()
    if copy is None:
        raise NotThere
    return copy


def faults_of(text: str) -> list[Fault]:
    """What stands between a working copy and a draft."""
    problems: list[Problem] = lint(text, known=known_words())
    if not problems:
        problems = scope_problems(text)
    return [_fault(problem) for problem in problems]


def token(data: Mapping[str, Any], part: str) -> str:
    """Names a part as it stands."""
    return digest(write({"part": editing.values_of(data, part)}))


def said_of(text: str, part: str) -> list[str]:
    """The sentences of one part."""
    return [said for rule in rules(sketch(text)) if rule.part == part for said in rule.sentences]


def _fault(problem: Problem) -> Fault:
    part = editing.part_of(problem.path)
    rest = problem.path.removeprefix(part.replace(".approvals.", ".approvals[")).lstrip(".]")
    return Fault(part, rest.partition("[")[0].partition(".")[0], problem.message)


def _mine(actor: Actor, copy_id: UUID) -> PolicyWorkingCopy:
    access.require(actor, P.POLICY_EDIT)
    copy = PolicyWorkingCopy.objects.select_for_update().filter(pk=copy_id, author=actor.id).first()
    if copy is None:
        raise NotThere
    return copy


def _data(copy: PolicyWorkingCopy) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", read(copy.text).data)


def _kept(copy: PolicyWorkingCopy, data: Mapping[str, Any]) -> PolicyWorkingCopy:
    text = write(data)
    try:
        sketch(text)
    except PolicyInvalid as error:
        fault = _fault(error.problems[0])
        raise Invalid(fault.message, field=fault.field or None, reasons=_reasons(error)[1:]) from error
    if text != copy.text:
        copy.text, copy.changed_at = text, clock.now()
        copy.save(update_fields=["text", "changed_at"])
    return copy


def _reasons(error: PolicyInvalid) -> list[dict[str, str]]:
    return [{"code": "problem", "text": f"{problem.path}: {problem.message}"} for problem in error.problems]
