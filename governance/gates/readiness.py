"""Gates on what people hand in and answer: the documents and the checklist that the policy names for a move."""

from __future__ import annotations

from governance.gates.answers import Answer, Reason
from governance.gates.context import Context
from governance.policies.document import Move
from governance.selectors.readiness import answers_of, documents_of


def documents_attached(context: Context, move: str) -> tuple[list[Reason], list[str]]:
    """Is every document attached that the policy names for this move?"""
    wanted = _asked(context, move).documents
    there = {document.kind for document in documents_of(context.version)} if wanted else set()
    return [
        Reason("document-missing", f"A document is missing: {kind.replace('-', ' ')}.", kind)
        for kind in wanted
        if kind not in there
    ], []


def checklist_answered(context: Context, move: str) -> tuple[list[Reason], list[str]]:
    """Has a person answered every question that the policy asks at this move, and none with no?"""
    questions = _asked(context, move).checklist
    given = answers_of(context.version, move) if questions else {}
    reasons, notes = [], []
    for question in questions:
        answer = given.get(question)
        if answer is None:
            reasons.append(Reason("question-open", f"Not answered: {question}", question, Answer.PENDING))
        elif answer.answer == "no":
            reasons.append(Reason("answered-no", f"Answered with no: {question} {answer.note}", question))
        elif answer.answer == "not-applicable":
            notes.append(f"Answered as not applicable: {question} {answer.note}")
    return reasons, notes


def _asked(context: Context, move: str) -> Move:
    # Without a policy other gates refuse; a move the policy can't name asks for nothing of its own.
    if context.document is None:
        return Move(move)
    return next((item for item in context.document.moves if item.name == move), Move(move))
