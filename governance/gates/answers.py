"""What a gate answers: ok, refused or pending a person, always with every reason.

`pending` means that nothing speaks against it and only a person's act is missing; it never opens a gate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Answer(StrEnum):
    """In order of rising weight: one refusal outweighs everything."""

    OK = "ok"
    PENDING = "pending"
    REFUSED = "refused"


_WEIGHT = {Answer.OK: 0, Answer.PENDING: 1, Answer.REFUSED: 2}


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence for a reader (`text`), one stable word for a program (`code`), and what it is about."""

    code: str
    text: str
    about: str = ""
    answer: Answer = Answer.REFUSED


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The answer of one gate. `notes` are printed and never open or close it (a waiver in use, say)."""

    gate: str
    title: str
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def answer(self) -> Answer:
        return heaviest(reason.answer for reason in self.reasons)

    @property
    def ok(self) -> bool:
        return self.answer is Answer.OK

    def as_dict(self) -> dict[str, object]:
        """For the API and for `Refused.reasons`."""
        return {
            "gate": self.gate,
            "title": self.title,
            "answer": str(self.answer),
            "reasons": [
                {
                    "code": reason.code,
                    "text": reason.text,
                    "about": reason.about,
                    "answer": str(reason.answer),
                }
                for reason in self.reasons
            ],
            "notes": list(self.notes),
        }


def heaviest(answers: Iterable[Answer]) -> Answer:
    """The one answer that stands for all: refused before pending before ok; ok where nothing objects."""
    return max(answers, key=_WEIGHT.__getitem__, default=Answer.OK)


def flat_reasons(answers: Iterable[GateAnswer]) -> list[dict[str, object]]:
    """Every reason of every gate that is not ok, each naming its gate."""
    return [
        {"gate": answer.gate, "code": reason.code, "text": reason.text, "about": reason.about}
        for answer in answers
        for reason in answer.reasons
    ]
