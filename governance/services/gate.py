"""The gate: may this run here? Answered from the signed warrant and its leaf, never from a state column.

A read-only question for CI and serving. `pass` needs a warrant whose signature, terms, log entry and proof all
verify now, whose log has not voided it, and whose subject is still what was hashed. Everything else is `refused`
or, where only a person's act is missing, `pending`, with every reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from governance.catalogue import title_of
from governance.gates.answers import Answer, GateAnswer, Reason, flat_reasons, heaviest
from governance.gates.context import Context
from governance.gates.integrity import altered, examined
from governance.gates.table import GATES, evaluate
from governance.models import Condition, Warrant
from governance.selectors.broken import broken
from governance.selectors.conditions import conditions_decided, local_text
from governance.selectors.emergencies import covers
from governance.selectors.ground import ground_of
from governance.selectors.standing import (
    Standing,
    answering,
    condition_state,
    conditions_of,
    standing_at,
)
from governance.selectors.warrants import ON_VOID, issued_at
from governance.services.deployments import approved, slot_allowed
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Refused
from ledger.models import Governed
from ledger.services import replay
from ledger.services.findings import Finding
from modelwarrant import warrant as warrants
from modelwarrant.errors import CannotCheck, Fault
from people import access
from people.catalogue import P
from registry.machines import DEPLOYMENT, RUNNING, VERSION
from registry.models import Deployment, Version
from registry.selectors import signatures
from registry.selectors.contents import contents_of
from registry.selectors.versions import version_by_id, versions_by_subject

OVER = frozenset(state.name for state in DEPLOYMENT.states if state.kind == "final")
"""States of a deployment in which its warrant allows nothing more, however long its term."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gate says. `answer` is `pass`, `pending` or `refused`; `reasons` explain whatever isn't a pass.

    `standing` is that of `warrant`, with the ground of whatever isn't plain active.
    """

    answer: str
    version: Version | None
    slot: str
    reasons: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warrant: Warrant | None = None
    standing: Standing | None = None

    @property
    def warrant_status(self) -> str:
        """`active`, `due`, `grace`, `void`, ...; empty without a warrant."""
        return self.standing.status if self.standing else ""

    @property
    def on_void(self) -> str:
        """What the system declared for the case that its warrant is void, with what it falls back to."""
        if self.version is None:
            return ""
        system = self.version.model.system
        return f"{ON_VOID[system.on_void]} {system.fallback if system.on_void == 'fallback' else ''}".strip()


def ask(*, actor: Actor, version_id: UUID, environment: str, region: str, arm: str) -> Reply:
    """Ask for a version by id. Raises NotThere or NotAllowed."""
    warrant = _warrant_of(version_id, environment, region, arm)
    version = warrant.version if warrant else version_by_id(version_id)
    access.require(actor, P.GATE_ASK, version)
    return _answer(version, warrant, environment, region, arm)


def ask_by_digest(*, actor: Actor, digest: str, environment: str, region: str, arm: str) -> Reply:
    """Ask for a subject digest (64 hexadecimal digits). An unknown digest is refused, not an error.

    A digest that this actor may not ask about answers like an unknown one.
    """
    known = [row for row in versions_by_subject(digest) if access.allowed(actor, P.GATE_ASK, row)]
    replies = [
        _answer(row, _warrant_of(row.pk, environment, region, arm), environment, region, arm) for row in known
    ]
    for reply in replies:
        if reply.answer == "pass":
            return reply
    if replies:
        return replies[0]
    text = "No version that you may ask about has this digest."
    reasons = [{"gate": "subject", "code": "unknown-digest", "text": text, "about": digest}]
    return Reply("refused", None, f"{environment}/{region}/{arm}", reasons)


def _warrant_of(version_id: UUID, environment: str, region: str, arm: str) -> Warrant | None:
    """The warrant that answers for the version in the slot, with its version as it stands."""
    rows = Warrant.objects.filter(
        version=version_id, slot__environment=environment, slot__region=region, slot__arm=arm
    )
    return answering(rows, clock.now())


def _answer(version: Version, warrant: Warrant | None, environment: str, region: str, arm: str) -> Reply:
    slot, now = f"{environment}/{region}/{arm}", clock.now()
    if warrant is None:
        return _without_warrant(Context(version, now, slot), slot, environment)
    context = Context(warrant.version, now, slot)
    answers = _answers(warrant, context)
    answer = heaviest(item.answer for item in answers)
    standing = standing_at(warrant, context.at)
    return Reply(
        answer="pass" if answer is Answer.OK else str(answer),
        version=version,
        slot=slot,
        reasons=flat_reasons(answers),
        notes=[*warrant.conditions, *_notes(warrant, standing, context.at), *_broken(context)],
        warrant=warrant,
        standing=standing,
    )


def _notes(warrant: Warrant, standing: Standing, at: dt.datetime) -> list[str]:
    notes = []
    if standing.status in ("due", "grace"):
        ends = local_text(standing.not_after if standing.status == "due" else standing.grace_ends)
        notes.append(f"The warrant is {standing.status} until {ends}: {standing.ground_title}.")
    for row in conditions_of(warrant):
        if condition_state(row, at) == "overdue":
            notes.append(f"Overdue since {local_text(row.due_from)}: {row.text}")
    return notes


def _broken(context: Context) -> list[str]:
    """What the approval rested on and no longer holds. The warrant answers all the same, until its policy ends it."""
    try:
        states = context.requirements
    except Refused:  # its policy doesn't speak of the task: no answer follows from that here
        return []
    found = broken(context.version, states, context.at)
    return [f"Approved, condition broken: {item}" for item in found]


def warrant_answer(warrant: Warrant, at: dt.datetime) -> GateAnswer:
    """Does this warrant, its entries and its proof allow its subject to run at `at`?"""
    rests = _rests_on(warrant)
    anew = dict(rests.missing)
    for row in rests.rows:
        anew.setdefault(type(row), []).append(row.pk)
    found = replay.examine(anew, also=rests.also)
    return _warrant_answer(warrant, at, found, found.findings)


def _answers(warrant: Warrant, context: Context) -> list[GateAnswer]:
    """The answer of a warrant read just now and those of the gates on records and bytes, from one look at the log."""
    rests = _rests_on(warrant)
    found = examined(context, ids=rests.missing, fresh=rests.rows, also=rests.also)
    own = found.against([*(_place(row) for row in rests.rows), *rests.places_missing])
    others = [item for item in found.findings if item not in own]
    records = GATES["records-intact"]
    return [
        _warrant_answer(warrant, context.at, found, own),
        GateAnswer(records.name, records.title, tuple(altered(others))),
        *evaluate(("artifact-intact",), context),
    ]


def _warrant_answer(
    warrant: Warrant, at: dt.datetime, found: replay.Examined, faults: Sequence[Finding]
) -> GateAnswer:
    reasons = [Reason("record-altered", f"{item.where}: {item.message}") for item in faults]
    return GateAnswer("warrant-active", "Warrant active", tuple(reasons or _against(warrant, at, found)))


def _against(warrant: Warrant, at: dt.datetime, found: replay.Examined) -> list[Reason]:
    version = warrant.version
    deployment = (Deployment.ledger_kind, str(warrant.deployment_id))
    recorded = found.states.get(_place(warrant), {})
    if recorded.get("state") == "void":
        ground = str(recorded.get("void_ground"))
        return [
            Reason("warrant-void", f"The warrant is void: {title_of(ground)} ({ground}).", str(warrant.pk))
        ]
    if recorded.get("state") == "granted":
        text = "The warrant is granted and waits for its proof in the published log."
        return [Reason("warrant-not-issued", text, str(warrant.pk), Answer.PENDING)]
    runs = found.states.get(deployment, {}).get("state")
    if runs in OVER:
        text = f"The deployment that the warrant was granted for is {runs}; ask for a new one."
        return [Reason("deployment-over", text, str(warrant.deployment_id))]
    moved = found.about(warrant)
    granted, ring = moved[0].row if moved else None, contents_of(version).ring
    try:
        checked = warrants.check(
            warrant.document.encode("utf-8"),
            trust=ring.trusted("warrant", recorded=issued_at(moved)),
            at=at,
            verifiers=log.verifiers_for(granted, ring) if granted else ring.verifiers(),
        )
    except (Fault, CannotCheck) as error:
        return [Reason("warrant-unverified", f"The warrant does not verify: {error}", str(warrant.pk))]
    if checked.log_proof is None:
        text = "No log key is trusted now, so nothing shows that the grant is in the log."
        return [Reason("warrant-unverified", text, str(warrant.pk))]
    if checked.terms.subject.digest != version.subject_digest:
        return [Reason("subject-mismatch", "The warrant is for other model bytes.", str(warrant.pk))]
    stands = standing_at(warrant, at)
    if not checked.in_force or not stands.in_force:
        word = checked.status if stands.in_force else stands.status
        text = f"The warrant is {word}{f': {stands.ground_title}' if stands.ground else ''}."
        return [Reason("warrant-lapsed", text, str(warrant.pk))]
    # In grace what runs by the log goes on: a restart is no new deployment.
    if stands.status == "grace" and runs not in RUNNING:
        text = f"The warrant is in grace: what runs goes on, nothing new begins. {stands.ground_title}."
        return [Reason("warrant-grace", text, str(warrant.pk))]
    if signatures.rests_on_revoked(version):
        standing = signatures.standing(version)
        if not standing.valid:
            return [Reason(f"signature-{standing.status}", standing.detail, str(version.pk))]
    state = found.states.get(_place(version), {}).get("state")
    if state not in ("approved", "restricted") and not covers(warrant, str(state), at):
        return [Reason(f"version-{state}", f"The log says the version is {state}.", str(version.pk))]
    return []


@dataclass(frozen=True, slots=True)
class _Rests:
    """What a standing rests on: the warrant, what brings its end forward, and the conditions that decisions were shown,
    even where a row is gone. Of `also` the log's states alone are wanted."""

    rows: list[Governed]
    missing: dict[type[Governed], list[UUID]]
    also: tuple[replay.Place, ...]

    @property
    def places_missing(self) -> list[replay.Place]:
        return [(model.ledger_kind, str(row_id)) for model, ids in self.missing.items() for row_id in ids]


def _rests_on(warrant: Warrant) -> _Rests:
    version, conditions = warrant.version, conditions_of(warrant)
    decisions = [row for row in ground_of(version).decisions if row.decision_round == version.decision_round]
    missing = conditions_decided(decisions) - {row.pk for row in conditions}
    return _Rests(
        rows=[warrant, *conditions, *warrant.endings.all()],
        missing={Condition: sorted(missing)} if missing else {},
        also=(_place(version), (Deployment.ledger_kind, str(warrant.deployment_id))),
    )


def _place(row: Governed) -> tuple[str, str]:
    return row.ledger_kind, str(row.pk)


def _without_warrant(context: Context, slot: str, environment: str) -> Reply:
    """Nothing permits this; say everything that stands between the version and a warrant for the slot."""
    version = context.version
    gates = VERSION.move("review", "approve").gates
    answers = list(evaluate(gates, context)) if version.state in ("draft", "validation", "review") else []
    answers += [slot_allowed(context, environment), approved(context)]
    state = replay.replayed(version.ledger_kind, version.pk).get("state")
    waits = state in ("validation", "review", "approved")
    reasons = [
        reason
        for answer in answers
        for reason in answer.reasons
        if not (reason.code == f"version-{state}" and waits)
    ]
    only_people = waits and all(reason.answer is Answer.PENDING for reason in reasons)
    listed = flat_reasons(answers)
    listed.append(
        {
            "gate": "warrant-active",
            "code": "no-warrant",
            "text": "There is no warrant for this slot.",
            "about": slot,
        }
    )
    return Reply("pending" if only_people else "refused", version, slot, listed)
