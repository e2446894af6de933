"""A policy text is read whole or refused with its line; what it says is what is enforced."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from governance.policies.document import Known, PolicyInvalid, UncoveredTask, digest, lint, load
from governance.policies.reading import MAX_BYTES
from governance.policies.scope import Scope, ScopeSlot

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {tier: (ROOT / f"fixtures/policies/{tier}.yaml").read_text() for tier in ("low", "medium", "high")}
HIGH = SHIPPED["high"]

KNOWN = Known(
    metrics={
        "evaluation": {
            "accuracy": ("share", 0.0, 1.0),
            "roc_auc": ("share", 0.0, 1.0),
            "brier_score": ("share", 0.0, 1.0),
            "expected_calibration_error": ("share", 0.0, 1.0),
        },
        "fairness": {
            "demographic_parity_ratio": ("ratio", 0.0, 1.0),
            "equalized_odds_difference": ("share", 0.0, 1.0),
        },
        "drift-over-time": {},
        "service-health": {
            "missing_prediction_share": ("share", 0.0, 1.0),
            "distinct_predictions": ("values", 0.0, float("inf")),
        },
        "drift": {},
        "data-contract": {},
    },
    roles={
        "independent-validator": True,
        "risk-reviewer": True,
        "accountable-executive": True,
        "developer": False,
    },
)


def changed(old: str, new: str, text: str = HIGH) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)


@pytest.mark.parametrize("tier", SHIPPED)
def test_the_shipped_policies_are_sound(tier: str) -> None:
    policy = load(SHIPPED[tier])
    assert policy.tier == tier
    assert policy.digest == digest(SHIPPED[tier])


def test_higher_tiers_ask_for_more() -> None:
    low, medium, high = (load(SHIPPED[tier]) for tier in ("low", "medium", "high"))
    assert low.seats() == ("risk-reviewer",)
    assert medium.seats() == high.seats() == ("independent-validator", "risk-reviewer")
    assert low.warrant.days > medium.warrant.days > high.warrant.days
    assert low.cooling_off_days < medium.cooling_off_days < high.cooling_off_days
    assert 0 < high.recent_authentication < medium.recent_authentication
    assert {*low.card_fields("submit")} < {*medium.card_fields("submit")} < {*high.card_fields("submit")}


def test_an_unknown_task_is_not_a_free_pass() -> None:
    with pytest.raises(UncoveredTask, match="says nothing about 'ranking-of-people'"):
        load(HIGH).required("approve", "ranking-of-people")


def test_a_check_is_asked_only_of_its_tasks() -> None:
    names = {need.name for need in load(SHIPPED["low"]).required("approve", "regression")}
    assert names == {"data-contract", "explained-variance"}


def test_a_bound_is_exact_until_it_is_used() -> None:
    text = changed("bound: 0.70", "bound: 0.7000000000000000000001")
    need = load(text).requirement("ranking")
    assert need.bound == Decimal("0.7000000000000000000001")
    threshold = need.threshold(set_by="policy", source="sha256:x")
    assert threshold is not None
    assert threshold["bound"] == 0.7
    assert load(text).requirement("data-contract").threshold(set_by="policy", source="x") is None


@pytest.mark.parametrize(
    ("old", "new", "line_of", "says"),
    [
        ("title: High-risk models", "title: A\ntitle: B", "title: B", "second time, first on line"),
        ("cooling_off_days: 180", "cooling_off_days: &a 180", "cooling_off_days", "anchor"),
        ("cooling_off_days: 180", "cooling_off_days: !!python/name:os.system 180", "cooling_off_days", "tag"),
        ("cooling_off_days: 180", "cooling_off_days: .inf", "cooling_off_days", "not a number"),
        ("cooling_off_days: 180", "cooling_off_days: -1", "cooling_off_days", "less than 0"),
        ("cooling_off_days: 180", "cooling_off_days: 1:30", "cooling_off_days", "type integer"),
        ("cooling_off_days: 180", "cooling_off_days: yes", "cooling_off_days", "type integer"),
        ("cooling_off_days: 180\n", "", "format: 1", "'cooling_off_days' is missing"),
        ("cooling_off_days: 180", "cooling_of_days: 180", "cooling_of_days", "Not a word of this place"),
        ("response: restrict", "response: suspend", "response", "can't suspend by itself"),
        ("suspension: person", "suspension: automatic", "suspension", "a person suspends"),
        ("distinct_approvers: 2", "distinct_approvers: 1", "distinct_approvers", "at least 2"),
        ("    recent_sign_in_minutes: 60\n", "", "  approve:", "signed in recently"),
        ("checks: [parity-ratio, equal-errors]", "checks: [signature-valid]", "nature-valid", "no check"),
        ("due_days: 30", "due_days: 180", "due_days", "due from its first day"),
        ("max_days: 60", "max_days: 181", "max_days", "outlive the warrant"),
        ("metric: roc_auc", "metric: auc", "metric: auc", "doesn't measure 'auc'"),
        ("bound: 0.70", "bound: 70", "bound: 70", "outside what 'roc_auc' can be"),
        ("metric: roc_auc", "metric: roc_auc\n    unit: percent", "unit: percent", "measured in 'share'"),
        ("    card: [residual_risk]", "    card: []\n    foo: 1", "foo", "Not a word"),
        ("tier: high", "tier: highest", "tier", "must be one of: low, medium, high"),
        ("deploy:\n    signature: true", "deploy:\n    signature: false", ": false", "valid signature"),
        ("summary: >-", "summary: [", None, "Not readable as YAML"),
        ("  role: accountable-executive\n  max_hours", "  role: developer\n  max_hours", "role: dev", "no approval seat"),
        ("  role: accountable-executive\n  max_hours", "  role: nobody\n  max_hours", "role: nobody", "no approval seat"),
        ("max_hours: 24", "max_hours: 100", "max_hours", "at most 72 hours"),
        ("  max_hours: 24\n", "", "break_glass:", "Say 'max_hours'"),
        ("max_days: 14", "max_days: 181", "max_days: 181", "condition would outlive"),
        ("blocking: [critical, high]", "blocking: [high]", "blocking", "open critical finding stops"),
        ("blocking: [critical, high]", "blocking: [grave]", "blocking", "must be one of: critical, high"),
        ("  high_days: 30", "  high_days: 5", "high_days", "due before a critical one"),
        ("window_days: 30", "window_days: 181", "window_days", "come back after every warrant"),
        ("light: false", "light: true\n  margin: 0.01", "light", "takes the full path"),
        ("light: false", "light: false\n  margin: 1.5", "margin", "more than any share"),
        ("  after_days: 5\n  role: accountable-executive", "  after_days: 5\n  role: boss", "boss", "no role 'boss'"),
        ("cooling_off_days: 180", "cooling_off_days: 180\nsmall_team: {independent_afterwards_days: 9}",
         "small_team", "Only in the low tier"),
        ("  checks: [production-contract, production-answers, production-variety]\n",
         "  checks: [ranking]\n", "[ranking]", "judged by production data"),
        ("  checks: [production-contract, production-answers, production-variety]\n",
         "  checks: [rankings]\n", "[rankings]", "no check named 'rankings'"),
        ("recertification:\n  role: risk-reviewer", "recertification:\n  role: developer", "developer", "no approval seat"),
        ("recertification:\n", "recertification:\n  checks: [calibration]\n", "[calibration]", "stops nothing"),
        ("recertification:\n", "recertification:\n  checks: [nothing]\n", "[nothing]", "no check named 'nothing'"),
        ("tasks: [classification]", "tasks: [classification]\nscope: {slots: [{environment: moon}]}",
         "moon", "No warrant may name 'moon'"),
        ("tasks: [classification]", "tasks: [classification]\nscope: {slots: [{environment: production, arm: a}]}",
         "arm: a", "region of the arm"),
        ("tasks: [classification]", "tasks: [classification]\nscope: {}", "scope", "too short"),
        ("- {role: risk-reviewer, count: 1", "- {role: independent-validator, count: 1", "count: 1", "second time; ask"),
    ],
)  # fmt: skip
def test_each_fault_is_named_at_its_line(old: str, new: str, line_of: str | None, says: str) -> None:
    text = changed(old, new)
    problems = lint(text, known=KNOWN)
    matching = [problem for problem in problems if says in problem.message]
    assert matching, [str(problem) for problem in problems]
    if line_of is not None:
        assert line_of in text.splitlines()[matching[0].line - 1]
    with pytest.raises(PolicyInvalid, match="line"):
        load(text, known=KNOWN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a: " + "[" * 5000, "deeper than"),
        ("a: &a [x]\n" + "b: [*a, *a]\n", "alias"),
        ("x: " + "y" * MAX_BYTES, "larger than"),
        ("a: [" + "1," * 20_000 + "]", "More than"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("- just\n- a list\n", "type object"),
        ("? [a, b]\n: 1\n", "key must be a word"),
        ("a: \x00", "Not readable"),
        ("a: \ud800", ""),
    ],
)  # fmt: skip
def test_hostile_texts_are_refused_in_bounded_work(text: str, says: str) -> None:
    problems = lint(text)
    assert problems
    assert any(says in problem.message for problem in problems)


def test_a_check_that_nothing_asks_for_is_named() -> None:
    text = changed("complete: [data-contract, accuracy,", "complete: [data-contract,")
    text = changed("    checks: [data-contract, accuracy,", "    checks: [data-contract,", text)
    assert [problem.path for problem in lint(text)] == ["checks.accuracy"]


def test_only_what_is_not_gating_left_is_named() -> None:
    asked = "data-contract, accuracy, ranking, probability-error, calibration, parity-ratio, equal-errors"
    text = changed(f"    checks: [{asked}]", "    checks: [calibration]")
    assert "No gating check" in " ".join(problem.message for problem in lint(text))


def test_a_margin_is_exact() -> None:
    """As bounds: neither the nearest double nor a whole number."""
    medium = SHIPPED["medium"]
    assert load(
        changed("margin: 0.01", "margin: 0.1000000000000000000001", medium)
    ).retraining.margin == Decimal("0.1000000000000000000001")
    assert isinstance(load(changed("margin: 0.01", "margin: 0", medium)).retraining.margin, Decimal)


def test_the_most_telling_scope_goes_first_and_equals_tie() -> None:
    everywhere, kind = Scope(), Scope(kinds=("llm",))
    place, region = (Scope(slots=(ScopeSlot("production", part),)) for part in ("", "eu"))
    model = {"llm", "classification"}, [("production", "eu", "main")]
    ranks = [scope.precedence(*model) for scope in (everywhere, kind, place, region)]
    assert ranks == sorted(filter(None, ranks))
    assert len(set(ranks)) == 4
    assert kind.precedence({"tabular"}, model[1]) is None
    assert region.precedence(model[0], [("production", "us", "main")]) is None
    assert region.precedence(model[0], []) is None
    assert Scope(kinds=("llm", "vision")).ties_with(kind)
    assert not Scope(kinds=("vision",)).ties_with(kind)
    assert not place.ties_with(region)
    assert Scope(slots=(ScopeSlot("staging"),)).ties_with(place)  # a model may run in both


@pytest.mark.parametrize("tier", SHIPPED)
def test_a_policy_is_frozen_to_its_leaves(tier: str) -> None:
    """One reading serves everybody who asks; what nobody can change can be hashed."""
    assert hash(load(SHIPPED[tier])) == hash(load(SHIPPED[tier]))
