"""A policy as plain English, section by section, for the people who approve it and are bound by it.

Pure. Every rule in effect appears in some sentence (a test changes each value and looks), so that who read the
sentences has read the law; a value that something else switches off needs none. Nothing is rounded and no rule is
softened on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from governance.policies.document import Approval, CheckRequirement, Move, PolicyDocument

_MOVES: Final = {
    "submit": "To submit a version",
    "start-review": "To start its review",
    "approve": "To approve it",
    "deploy": "To deploy it",
}
OPERATORS: Final = {
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
class Rule:
    """What one place of the text says. `part` is that place (`checks.accuracy`, `warrant`): what a form changes."""

    section: str
    part: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    sentences: tuple[str, ...]


def sentences(policy: PolicyDocument) -> list[Section]:
    """The whole policy in reading order."""
    found: dict[str, list[str]] = {}
    for rule in rules(policy):
        found.setdefault(rule.section, []).extend(rule.sentences)
    return [Section(title, tuple(said)) for title, said in found.items()]


def rules(policy: PolicyDocument) -> list[Rule]:
    """The whole policy in reading order, rule by rule."""
    purpose, life = "What this policy is for", "Through its life"
    found = [
        Rule(purpose, "about", tuple(_purpose(policy))),
        Rule(purpose, "scope", (_scope(policy),)),
        *(Rule("What is measured", f"checks.{need.name}", (measure(need),)) for need in policy.checks),
    ]
    for move in policy.moves:
        title = _MOVES[move.name]
        own = tuple(_move(move))
        nothing = () if own or move.approvals else ("Nothing more is needed.",)
        found.append(Rule(title, f"moves.{move.name}", own or nothing))
        found += [
            Rule(title, f"moves.{move.name}.approvals.{at}", (_seat(need),))
            for at, need in enumerate(move.approvals)
        ]
    return [
        *found,
        Rule("When a result cannot tell", "acceptance", tuple(_acceptance(policy))),
        Rule("When a requirement is not met", "waivers", tuple(_waivers(policy))),
        Rule("How long a warrant lasts", "warrant", tuple(_warrant(policy))),
        Rule("How long a warrant lasts", "recertification", (_recertification(policy),)),
        Rule("While the model runs", "monitoring", tuple(_monitoring(policy))),
        Rule("How fast people answer", "deadlines", tuple(_deadlines(policy))),
        Rule("How fast people answer", "escalation", (_escalation(policy),)),
        *(Rule(life, part, tuple(said(policy))) for part, said in _LIFE.items()),
    ]


def measure(need: CheckRequirement) -> str:
    """One requirement as a sentence or a few."""
    where = "" if not need.slice else " for " + listed(f"{key} {value}" for key, value in need.slice)
    if need.bound is None:
        rule = f"the {need.check} check on {need.data} data must pass by its own rules"
    else:
        unit = f" {need.unit}" if need.unit else ""
        rule = f"{need.metric} on {need.data} data{where} must be {OPERATORS[need.op]} {need.bound}{unit}"
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


def _each(number: int) -> str:
    return "day" if number == 1 else days(number)


def words(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")


def listed(names: Iterable[str], word: str = "and") -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def _people(count: int, role: str) -> str:
    return f"{'one person' if count == 1 else f'{count} people'} as {words(role)}"


def _purpose(policy: PolicyDocument) -> Iterator[str]:
    yield f"{policy.title}, version {policy.version}, for the {policy.tier} risk tier."
    yield policy.summary
    yield f"It covers models for {listed(policy.tasks)}; of others it says nothing, so none is approved."
    yield f"It is meant to support these outcomes of the NIST AI RMF: {listed(policy.rmf)}."


def _scope(policy: PolicyDocument) -> str:
    scope = policy.scope
    which = f"models of the {policy.tier} tier"
    if scope.kinds:
        which += f" whose kind or task is {listed(scope.kinds, 'or')}"
    if scope.slots:
        return f"It holds for {which} that have a slot in {listed(map(str, scope.slots), 'or')}, and for these slots only."
    if scope.kinds:
        return f"It holds for {which}, before a policy that names no kind."
    return f"It holds for all {which} that no other policy in force names more closely."


def _move(move: Move) -> Iterator[str]:
    if move.card:
        yield f"These fields of the model card must be filled: {listed(map(words, move.card))}."
    if move.documents:
        yield f"These documents must be attached: {listed(map(words, move.documents))}."
    if move.checklist:
        for question in move.checklist:
            yield f"A person must have answered: {question}"
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
    if move.distinct_approvers:
        yield f"At least {move.distinct_approvers} different people must approve; one person fills one seat."
    if move.recent_sign_in_minutes:
        yield f"Each approver must have signed in, in person, within {move.recent_sign_in_minutes} minutes."


def _seat(need: Approval) -> str:
    independent = " who took no part in making the version" if need.independent else ""
    return f"It needs {_people(need.count, need.role)}{independent}."


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
    yield f"Production data comes every {_each(said.every_days)}, held to {listed(map(words, said.checks))}."
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


def _recertification(policy: PolicyDocument) -> str:
    said = policy.recertification
    if said.checks:
        return f"One person as {words(said.role)} renews it, with {listed(map(words, said.checks))} holding again."
    return f"One person as {words(said.role)} renews it, with every check of the approval holding again."


def _escalation(policy: PolicyDocument) -> str:
    said = policy.escalation
    if said.after_days:
        return f"A decision that is {days(said.after_days)} late is put to the {words(said.role)}."
    return "A late decision is shown as late and put to nobody above."


def _conditions(policy: PolicyDocument) -> Iterator[str]:
    if policy.conditions.allowed:
        yield f"An approval may set a condition that must be met within {days(policy.conditions.max_days)}."
    else:
        yield "No approval is given under a condition."


def _findings(policy: PolicyDocument) -> Iterator[str]:
    said = policy.findings
    if said.blocking:
        yield f"An open finding of severity {listed(said.blocking, 'or')} stops an approval."
    else:
        yield "An open finding stops no approval, however severe."
    yield (
        f"A critical finding is closed within {days(said.critical_days)}, a high one within "
        f"{days(said.high_days)}, a medium one within {days(said.medium_days)}, a low one within "
        f"{days(said.low_days)}."
    )


def _small_team(policy: PolicyDocument) -> Iterator[str]:
    afterwards = policy.small_team.independent_afterwards_days
    if afterwards:
        yield (
            f"Where a team is too small, an independent person may review within {days(afterwards)} after the "
            "approval instead of before; each such case is counted."
        )
    else:
        yield "An independent person reviews before the approval, never only afterwards."


def _canary(policy: PolicyDocument) -> Iterator[str]:
    said = policy.canary
    held = f", held to {listed(map(words, said.checks))}" if said.checks else ""
    if said.min_days:
        yield f"It goes live after {days(said.min_days)} as a canary under real load{held}."
    elif said.checks:
        yield f"It may go live without a canary; one that is run is{held[1:]}."
    else:
        yield "It may go live without having been a canary."


def _rollback(policy: PolicyDocument) -> Iterator[str]:
    said = policy.rollback
    if said.window_days:
        yield f"A version that ran before may come back within {days(said.window_days)} without a new approval."
    else:
        yield "A version that ran before comes back with a new approval only."
    if said.drill_days:
        yield f"The way back is tried every {_each(said.drill_days)}."


def _break_glass(policy: PolicyDocument) -> Iterator[str]:
    said = policy.break_glass
    if said.allowed:
        yield (
            f"In an emergency it may run without approval for at most {said.max_hours} hours, if a second person "
            f"as {words(said.role)} agrees; within {days(said.review_days)} it is approved or taken back."
        )
    else:
        yield "Nothing runs without approval, in an emergency neither."


def _inventory(policy: PolicyDocument) -> Iterator[str]:
    due = policy.inventory.due_days
    if due:
        yield f"A model that ran before it was registered needs a warrant within {days(due)}."
    else:
        yield "A model that ran before it was registered needs a warrant by the date of its tier."


def _retraining(policy: PolicyDocument) -> Iterator[str]:
    said = policy.retraining
    if said.light:
        yield (
            f"A retrained model of the same kind whose metrics are at most {said.margin} worse may take the light path, "
            "if a person confirms."
        )
    else:
        yield "A retrained model takes the full path of a new version."


_LIFE: Final[Mapping[str, Callable[[PolicyDocument], Iterator[str]]]] = {
    "conditions": _conditions,
    "findings": _findings,
    "small_team": _small_team,
    "canary": _canary,
    "rollback": _rollback,
    "break_glass": _break_glass,
    "inventory": _inventory,
    "retraining": _retraining,
}
"""Optional sections in reading order -> their sentences."""
