"""The table of gates: name, title, the question it answers, and the function that answers it.

Machines name gates by these names; start-up refuses a table that names another. Every gate of a move is
evaluated, so that a refusal carries every reason at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from governance.gates import approvals, challenge, integrity, readiness, results, retirement
from governance.gates.answers import GateAnswer, Reason
from governance.gates.context import Context

Evaluate = Callable[[Context], tuple[list[Reason], list[str]]]
EvaluateMove = Callable[[Context, str], tuple[list[Reason], list[str]]]


@dataclass(frozen=True, slots=True)
class Gate:
    """A named question. `waivable` says whether any policy may allow a waiver for what it asks; `by_move` is there where
    the policy asks for something else at each move."""

    name: str
    title: str
    question: str
    evaluate: Evaluate | None
    waivable: bool = False
    by_move: EvaluateMove | None = None


def _gate(name: str, title: str, evaluate: Evaluate, *, waivable: bool = False) -> Gate:
    return Gate(name, title, (evaluate.__doc__ or "").strip(), evaluate, waivable)


def _move_gate(name: str, title: str, evaluate: EvaluateMove) -> Gate:
    return Gate(name, title, (evaluate.__doc__ or "").strip(), None, by_move=evaluate)


GATES: dict[str, Gate] = {
    gate.name: gate
    for gate in (
        _move_gate("card-complete", "Model card complete", integrity.card_complete),
        _gate("tier-confirmed", "Risk tier confirmed", integrity.tier_confirmed),
        _gate("artifact-complete", "Artifact complete", integrity.artifact_complete),
        _gate("datasets-declared", "Datasets declared", integrity.datasets_declared),
        _gate("signature-valid", "Signature valid", integrity.signature_valid),
        _gate(
            "described-as-signed",
            "Card and components contradict nothing signed",
            integrity.described_as_signed,
        ),
        _gate("signature-lost", "Signature lost", integrity.signature_lost),
        _gate("artifact-intact", "Artifact intact", integrity.artifact_intact),
        _gate("records-intact", "Records intact", integrity.records_intact),
        _gate("checks-complete", "Checks complete", results.checks_complete),
        _gate("checks-pass", "Checks pass", results.checks_pass, waivable=True),
        _move_gate("documents-attached", "Documents attached", readiness.documents_attached),
        _move_gate("checklist-answered", "Checklist answered", readiness.checklist_answered),
        _gate("system-active", "System in use", retirement.system_active),
        _gate("nothing-running", "Nothing runs", retirement.nothing_running),
        _gate("disposal-attested", "Disposal of data attested", retirement.disposal_attested),
        _gate("findings-closed", "Findings closed", challenge.findings_closed),
        _gate("approvals-complete", "Approvals complete", approvals.approvals_complete),
    )
}


def evaluate(names: Iterable[str], context: Context, *, move: str = "approve") -> tuple[GateAnswer, ...]:
    """The answers of these gates for `move`, in their order. KeyError for a name outside the table."""
    answers = []
    for name in names:
        gate = GATES[name]
        reasons, notes = gate.by_move(context, move) if gate.by_move else _asked(gate, context)
        answers.append(GateAnswer(gate.name, gate.title, tuple(reasons), tuple(notes)))
    return tuple(answers)


def _asked(gate: Gate, context: Context) -> tuple[list[Reason], list[str]]:
    if gate.evaluate is None:
        raise TypeError(f"the gate {gate.name} has no function")
    return gate.evaluate(context)
