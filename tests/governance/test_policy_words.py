"""Whoever read the sentences has read the law; whoever read the comparison has seen what got looser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from governance.policies.compare import compare
from governance.policies.document import PolicyDocument, load
from governance.policies.lifecycle import BreakGlass, Conditions, Escalation, Retraining
from governance.policies.scope import Scope, ScopeSlot
from governance.policies.sentences import sentences

ROOT = Path(__file__).resolve().parents[2]
POLICIES = {
    tier: load((ROOT / f"fixtures/policies/{tier}.yaml").read_text()) for tier in ("low", "medium", "high")
}
HIGH = POLICIES["high"]


def prose(policy: PolicyDocument) -> str:
    return "\n".join(sentence for section in sentences(policy) for sentence in section.sentences)


def variants(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The document with one leaf changed, for each leaf."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for name, other in variants(getattr(value, field.name), f"{path}.{field.name}"):
                yield name, replace(value, **{field.name: other})
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for at, item in enumerate(value):
            for name, other in variants(item, f"{path}[{at}]"):
                yield name, (*value[:at], other, *value[at + 1 :])
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, (int, Decimal)):
        yield path, value + 1
    elif isinstance(value, tuple) and not path.endswith((".approvals", ".scope.slots")):
        yield path, (*value, ("a", "b") if path.endswith("slice") else "an-addition")


@pytest.mark.parametrize("tier", POLICIES)
def test_every_rule_is_in_some_sentence(tier: str) -> None:
    policy = POLICIES[tier]
    before = prose(policy)
    unsaid = {path for path, other in variants(policy) if prose(other) == before}
    assert unsaid <= without_effect(policy)


def without_effect(policy: PolicyDocument) -> set[str]:
    """Values that something else of the text switches off: they bind nobody, so nobody need read them."""
    # A slice needs a metric and a threshold of the check's own rules has none: the linter refuses the pair.
    found = {f".checks[{at}].slice" for at, need in enumerate(policy.checks) if need.bound is None}
    if not policy.conditions.allowed:
        found |= {".conditions.max_days"}
    if not policy.break_glass.allowed:
        found |= {".break_glass.max_hours", ".break_glass.review_days"}
    if not policy.retraining.light:
        found |= {".retraining.margin"}
    return found


def test_what_has_no_effect_is_not_said() -> None:
    """The sentences of a silent policy speak of no hours, margins or roles that nobody will ever use."""
    silent = replace(
        HIGH,
        conditions=Conditions(max_days=77),
        break_glass=BreakGlass(max_hours=66, review_days=55),
        retraining=Retraining(margin=Decimal("0.44")),
        escalation=Escalation(role="owner"),
    )
    text = prose(silent)
    assert not [word for word in ("77", "66", "55", "0.44", "else", "put to the owner") if word in text]
    assert "Nothing runs without approval, in an emergency neither." in text


def test_a_scope_is_said_and_its_change_noticed() -> None:
    scoped = replace(HIGH, scope=Scope(("llm",), (ScopeSlot("production", "eu"),)))
    assert "whose kind or task is llm that have a slot in production / eu / any" in prose(scoped)
    assert [item.path for item in compare(HIGH, scoped)] == ["scope.kinds", "scope.slots"]


def test_a_reviewer_reads_whole_sentences() -> None:
    text = prose(HIGH)
    assert "Ranking: roc_auc on evaluation data must be at least 0.70, on 100 rows or more" in text
    assert "It needs one person as independent validator who took no part in making the version." in text
    assert "Only a named person suspends." in text
    assert "can never be waived" in text


def test_a_policy_equals_itself() -> None:
    assert compare(HIGH, HIGH) == []


@pytest.mark.parametrize("tier", POLICIES)
def test_no_change_of_a_rule_goes_unnoticed(tier: str) -> None:
    policy = POLICIES[tier]
    silent = [path for path, other in variants(policy) if not compare(policy, other)]
    assert silent == []


def _with(name: str, **values: Any) -> PolicyDocument:
    checks = tuple(replace(need, **values) if need.name == name else need for need in HIGH.checks)
    return replace(HIGH, checks=checks)


@pytest.mark.parametrize(
    ("new", "path", "kind"),
    [
        (_with("ranking", bound=Decimal("0.69")), "checks.ranking.bound", "looser"),
        (_with("ranking", bound=Decimal("0.71")), "checks.ranking.bound", "stricter"),
        (_with("equal-errors", bound=Decimal("0.11")), "checks.equal-errors.bound", "looser"),
        (_with("ranking", minimum_n=99), "checks.ranking.minimum_n", "looser"),
        (_with("ranking", gating=False), "checks.ranking.gating", "looser"),
        (_with("ranking", on_inconclusive="accept"), "checks.ranking.on_inconclusive", "looser"),
        (replace(HIGH, checks=HIGH.checks[1:]), "checks.data-contract", "looser"),
        (
            replace(HIGH, waivers=replace(HIGH.waivers, checks=(*HIGH.waivers.checks, "ranking"))),
            "waivers.checks",
            "looser",
        ),
        (replace(HIGH, waivers=replace(HIGH.waivers, allowed=False)), "waivers.allowed", "stricter"),
        (replace(HIGH, warrant=replace(HIGH.warrant, days=365)), "warrant.days", "looser"),
        (
            replace(HIGH, monitoring=replace(HIGH.monitoring, response="ticket")),
            "monitoring.response",
            "looser",
        ),
        (replace(HIGH, warrant=replace(HIGH.warrant, environments=(*HIGH.warrant.environments, "x"))),
         "warrant.environments", "looser"),
        (replace(HIGH, inventory=replace(HIGH.inventory, due_days=HIGH.inventory.due_days + 1)),
         "inventory.due_days", "looser"),
        (replace(HIGH, escalation=replace(HIGH.escalation, after_days=0)), "escalation.after_days", "looser"),
        (replace(HIGH, rollback=replace(HIGH.rollback, drill_days=0)), "rollback.drill_days", "looser"),
        (replace(HIGH, canary=replace(HIGH.canary, checks=())), "canary.checks", "looser"),
        (replace(HIGH, recertification=replace(HIGH.recertification, checks=("accuracy",))),
         "recertification.checks", "looser"),
        (replace(HIGH, retraining=replace(HIGH.retraining, margin=Decimal("0.5"))), "retraining.margin", "changed"),
        (_with("ranking", metric="accuracy", bound=Decimal("0.9")), "checks.ranking.metric", "changed"),
    ],
)  # fmt: skip
def test_what_got_looser_is_said_first(new: PolicyDocument, path: str, kind: str) -> None:
    first = compare(HIGH, new)[0]
    assert (first.path, first.kind) == (path, kind)
    assert first.text.endswith(".")


def test_a_seat_that_is_gone_is_looser() -> None:
    approve = HIGH.move("approve")
    moves = tuple(
        replace(move, approvals=approve.approvals[:1], recent_sign_in_minutes=0) if move is approve else move
        for move in HIGH.moves
    )
    found = {difference.path: difference.kind for difference in compare(HIGH, replace(HIGH, moves=moves))}
    assert found["moves.approve.approvals.risk-reviewer"] == "looser"
    assert found["moves.approve.recent_sign_in_minutes"] == "looser"
