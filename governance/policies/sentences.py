"""A policy as plain English, section by section, for the people who approve it and are bound by it.

Pure. Every rule of the document appears in some sentence (a test changes each value and looks), so that who
read the sentences has read the law. Nothing is rounded and no rule is softened on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from governance.policies.document import CheckRequirement, Move, PolicyDocument

_MOVES: Final = {
    "submit": "To submit a version",
    "start-review": "To start its review",
    "approve": "To approve it",
    "deploy": "To deploy it",
}
_OPERATORS: Final = {
    ">=": "at least",
    "<=": "at most",
    ">": "more than",
    "<": "less than",
    "abs<=": "at most, in either direction,",
    "abs<": "less than, in either direction,",
}
_RESPONSES: Final = {
    "ticket": "opens an alert and an incident and changes nothing by itself",
    "restrict": "opens an alert and an incident and bars new deployments",
    "suspend": "opens an alert and an incident and suspends the version",
}


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    sentences: tuple[str, ...]


def sentences(policy: PolicyDocument) -> list[Section]:
    """The whole policy in reading order."""
    return [
        Section("What this policy is for", tuple(_purpose(policy))),
        Section("What is measured", tuple(measure(need) for need in policy.checks)),
        *(
            Section(_MOVES[move.name], tuple(_move(move)) or ("Nothing more is needed.",))
            for move in policy.moves
        ),
        Section("When a result cannot tell", tuple(_acceptance(policy))),
        Section("When a requirement is not met", tuple(_waivers(policy))),
        Section("How long a warrant lasts", tuple(_warrant(policy))),
        Section("While the model runs", tuple(_monitoring(policy))),
        Section("How fast people answer", tuple(_deadlines(policy))),
    ]


def measure(need: CheckRequirement) -> str:
    """One requirement as a sentence or a few."""
    where = "" if not need.slice else " for " + listed(f"{key} {value}" for key, value in need.slice)
    if need.bound is None:
        rule = f"the {need.check} check on {need.data} data must pass by its own rules"
    else:
        unit = f" {need.unit}" if need.unit else ""
        rule = f"{need.metric} on {need.data} data{where} must be {_OPERATORS[need.op]} {need.bound}{unit}"
    parts = [f"{words(need.name).capitalize()}: {rule}"]
    if need.minimum_n:
        parts.append(f"on {need.minimum_n} rows or more")
    parts.append(f"not older than {days(need.maximum_age_days)}")
    text = ", ".join(parts) + "."
    if need.tasks:
        text += f" It is asked of {listed(need.tasks)} models only."
    if not need.gating:
        text += " It is shown to reviewers and stops nothing by itself."
    text += (
        " If it cannot tell, the move is blocked."
        if need.on_inconclusive == "block"
        else " If it cannot tell, a named person may accept that."
    )
    return f"{text} Why: {need.why}"


def days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def words(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _people(count: int, role: str) -> str:
    return f"{'one person' if count == 1 else f'{count} people'} as {words(role)}"


def _purpose(policy: PolicyDocument) -> Iterator[str]:
    yield f"{policy.title}, version {policy.version}, for the {policy.tier} risk tier."
    yield policy.summary
    yield f"It covers models for {listed(policy.tasks)}; of others it says nothing, so none is approved."
    yield f"It is meant to support these outcomes of the NIST AI RMF: {listed(policy.rmf)}."


def _move(move: Move) -> Iterator[str]:
    if move.card:
        yield f"These fields of the model card must be filled: {listed(map(words, move.card))}."
    if move.documents:
        yield f"These documents must be attached: {listed(map(words, move.documents))}."
    if move.components:
        yield f"These components must be listed with their digest: {listed(map(words, move.components))}."
    if move.datasets:
        yield f"Data must be declared for {listed(move.datasets)}."
    if move.signature:
        yield "A valid signature must cover all its files."
    if move.complete:
        yield f"These checks must have finished, whatever they found: {listed(map(words, move.complete))}."
    if move.checks:
        yield f"These checks must pass, be accepted or be waived: {listed(map(words, move.checks))}."
    for need in move.approvals:
        independent = " who took no part in making the version" if need.independent else ""
        yield f"It needs {_people(need.count, need.role)}{independent}."
    if move.distinct_approvers:
        yield f"At least {move.distinct_approvers} different people must approve; one person fills one seat."
    if move.recent_sign_in_minutes:
        yield f"Each approver must have signed in, in person, within {move.recent_sign_in_minutes} minutes."


def _acceptance(policy: PolicyDocument) -> Iterator[str]:
    said = policy.acceptance
    if not said.allowed:
        yield "It stops the move. Nobody can accept it."
        return
    yield (
        f"A person as {words(said.role)} may accept it in writing, with the limitation left and a review "
        f"within {days(said.review_within_days)}. It is printed as accepted, never as passed."
    )
    if said.compensating_test:
        yield "They must name a test that makes up for it."


def _waivers(policy: PolicyDocument) -> Iterator[str]:
    said = policy.waivers
    if said.allowed:
        yield (
            f"A person as {words(said.role)} may waive {listed(map(words, said.checks))} for at most "
            f"{days(said.max_days)}, with a reason and a compensating control; who asks cannot approve."
        )
        yield "It is printed as waived, never as met, and blocks again on the day it ends."
    else:
        yield "It stops the move. Nobody can waive it."
    yield "Signatures, the integrity of files and records, and approvals can never be waived."


def _warrant(policy: PolicyDocument) -> Iterator[str]:
    said = policy.warrant
    yield f"A warrant lasts {days(said.days)} and may name a slot in {listed(said.environments)}."
    yield (
        f"It is due for renewal {days(said.due_days)} before its end. After its end there is a grace of "
        f"{days(said.grace_days)}, in which restarts of the same version go on and nothing new is deployed."
    )
    yield f"A former owner cannot approve for {days(policy.cooling_off_days)} after giving it up."


def _monitoring(policy: PolicyDocument) -> Iterator[str]:
    said = policy.monitoring
    yield f"Production data comes every {days(said.every_days)}, held to {listed(map(words, said.checks))}."
    yield f"After {days(said.silent_after_days)} without data the feed counts as silent and somebody is told."
    if said.labels_after_days:
        yield f"Labels may come {days(said.labels_after_days)} later; until then what they show is provisional."
    yield f"What is normal is learnt from {days(said.baseline_days)} of data."
    yield f"A confirmed breach {_RESPONSES[said.response]}."
    yield f"For {days(said.quiet_days)} after a breach is closed the same drift is not told again."
    yield (
        "Only a named person suspends."
        if said.suspension == "person"
        else "The service may suspend by itself; a person may always."
    )


def _deadlines(policy: PolicyDocument) -> Iterator[str]:
    said = policy.deadlines
    yield f"A review starts within {days(said.review_days)} and is decided within {days(said.decision_days)}."
    yield f"A finding is closed within {days(said.finding_days)}."
    yield f"An incident is taken up within {said.incident_hours} hours."
    yield f"An attestation holds for {days(said.attestation_days)} at most."
