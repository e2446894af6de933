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
    elif isinstance(value, tuple) and not path.endswith(".approvals"):
        yield path, (*value, ("a", "b") if path.endswith("slice") else "an-addition")


@pytest.mark.parametrize("tier", POLICIES)
def test_every_rule_is_in_some_sentence(tier: str) -> None:
    policy = POLICIES[tier]
    before = prose(policy)
    unsaid = [path for path, other in variants(policy) if prose(other) == before]
    # A slice needs a metric and a threshold of the check's own rules has none: the linter refuses the pair.
    own = {f".checks[{at}].slice" for at, need in enumerate(policy.checks) if need.bound is None}
    assert {*unsaid} <= own


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
    ],
)
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
