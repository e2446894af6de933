"""Equal to fairlearn on rows, honest about small and empty groups (attack cases DT-04, DT-09, DT-11)."""

from __future__ import annotations

import math

import fairlearn.metrics as fl
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from monitoring.statistics import fairness
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

RATIO = Threshold("demographic_parity_ratio", ">=", 0.8)
ODDS = Threshold("equalized_odds_difference", "<=", 0.1)
SHARES = np.array([0.55, 0.25, 0.12, 0.06, 0.02])


def _run(columns, thresholds=(), sensitive=("g",), label="y", prediction="p", score=None, **parameters):
    table = table_from_values(columns)
    named = Columns(
        label=label if label in columns else None,
        prediction=prediction if prediction in columns else None,
        score=score,
        sensitive=sensitive,
    )
    return fairness.run(
        table, None, columns=named, thresholds=tuple(thresholds), parameters=parameters, seed=0
    )


def _one(outcome, metric, **where):
    return next(r for r in outcome.results if r.metric == metric and r.slice == where)


def test_figures_equal_fairlearn_on_rows():
    rng = np.random.default_rng(7)
    n = 3_000
    g, h = rng.choice(["a", "b", "c"], n), rng.choice(["x", "y"], n)
    y, p = rng.integers(0, 2, n), rng.integers(0, 2, n)
    outcome = _run({"g": g.tolist(), "h": h.tolist(), "y": y.tolist(), "p": p.tolist()}, sensitive=("g", "h"))
    both = np.array([f"{a} {b}" for a, b in zip(g, h, strict=True)])
    for by, groups in (("g", g), ("h", h), ("g x h", both)):
        for metric in (
            "demographic_parity_difference",
            "demographic_parity_ratio",
            "equalized_odds_difference",
        ):
            expected = getattr(fl, metric)(y, p, sensitive_features=groups)
            assert math.isclose(_one(outcome, metric, by=by).value, expected, abs_tol=1e-12)
    functions = {
        "selection_rate": fl.selection_rate,
        "true_positive_rate": fl.true_positive_rate,
        "false_positive_rate": fl.false_positive_rate,
        "false_negative_rate": fl.false_negative_rate,
        "accuracy": accuracy_score,
    }
    frame = fl.MetricFrame(metrics=functions, y_true=y, y_pred=p, sensitive_features={"g": g, "h": h})
    for (a, b), row in frame.by_group.iterrows():
        for metric in functions:
            found = _one(outcome, metric, g=a, h=b)
            assert math.isclose(found.value, row[metric], abs_tol=1e-12)
            assert found.low <= found.value <= found.high


def test_the_worked_example_of_the_rule_on_hiring_tools():
    """DT-11."""
    rates = {"Hispanic": (18, 28), "White": (15, 40), "Black": (16, 32), "NHPI": (5, 8), "Asian": (10, 24)}
    expected = {"Hispanic": 1.00, "White": 0.58, "Black": 0.78, "NHPI": 0.97, "Asian": 0.65}
    rows = [(name, int(i < k)) for name, (k, n) in rates.items() for i in range(n)]
    outcome = _run({"g": [r[0] for r in rows], "p": [r[1] for r in rows]})
    for name, value in expected.items():
        assert round(_one(outcome, "impact_ratio", g=name).value, 2) == value
        assert _one(outcome, "selection_rate", g=name).n == rates[name][1]


def test_scores_are_compared_above_the_sample_median():
    rows = [("m", s) for s in range(10, 20)] + [("f", s) for s in range(5, 15)]
    outcome = _run({"g": [r[0] for r in rows], "s": [r[1] for r in rows]}, score="s")
    assert _one(outcome, "scoring_rate", g="m").value == 0.7
    assert _one(outcome, "scoring_impact_ratio", g="f").value == pytest.approx(0.2 / 0.7, abs=1e-12)


def test_perfectly_fair_models_rarely_fail_and_unfair_ones_are_caught():
    rng = np.random.default_rng(20_261)
    names = np.array(list("abcde"))

    def verdict(n, rates):
        codes = rng.choice(5, n, p=SHARES)
        p = (rng.random(n) < rates[codes]).astype(int)
        outcome = _run({"g": names[codes].tolist(), "p": p.tolist()}, [RATIO])
        return _one(outcome, "demographic_parity_ratio", by="g").verdict

    fair = [verdict(500, np.full(5, 0.3)) for _ in range(40)]
    assert fair.count(Verdict.FAIL) <= 2
    assert fair.count(Verdict.PASS) == 0, "500 rows cannot show fairness for a group of ten"
    unfair = [verdict(10_000, np.array([0.3, 0.3, 0.18, 0.3, 0.3])) for _ in range(20)]
    assert unfair.count(Verdict.FAIL) >= 19
    assert [verdict(100_000, np.full(5, 0.4)) for _ in range(5)].count(Verdict.PASS) >= 4


def test_a_favoured_group_is_unfair_to_the_largest():
    codes = np.repeat([0, 1], [8_000, 2_000])
    p = np.concatenate([np.arange(8_000) % 10 < 3, np.arange(2_000) % 10 < 6]).astype(int)
    outcome = _run({"g": np.array(["big", "small"])[codes].tolist(), "p": p.tolist()}, [RATIO])
    assert outcome.verdict is Verdict.FAIL


def test_undefined_is_undefined_with_n():
    """DT-04: no positive label, a group of one, nobody selected."""
    # Group b has no positive label; group c one member; nobody is selected.
    outcome = _run(
        {"g": ["a"] * 40 + ["b"] * 40 + ["c"], "y": [1, 0] * 20 + [0] * 40 + [1], "p": [0] * 81},
        [RATIO, ODDS],
    )
    rate = _one(outcome, "true_positive_rate", g="b")
    assert (rate.value, rate.n, rate.details["group_n"]) == (None, 0, 40)
    ratio = _one(outcome, "demographic_parity_ratio", by="g")
    assert (ratio.value, ratio.verdict) == (None, Verdict.INCONCLUSIVE)
    odds = _one(outcome, "equalized_odds_difference", by="g")
    assert odds.verdict is Verdict.INCONCLUSIVE
    assert odds.details["undefined"] == ["b", "c"], "c has no negative label"
    assert _one(outcome, "selection_rate", g="c").n == 1


def test_one_group_alone_compares_with_nobody():
    """DT-04."""
    outcome = _run({"g": ["a"] * 50, "p": [0, 1] * 25}, [RATIO])
    assert _one(outcome, "demographic_parity_ratio", by="g").value is None
    assert outcome.verdict is Verdict.INCONCLUSIVE


def test_a_ratio_of_exactly_four_fifths_is_compared_unrounded():
    """DT-09."""

    def ratio(k, n):
        p = [1] * k + [0] * (n - k) + [1] * (n // 2) + [0] * (n // 2)
        return _one(_run({"g": ["a"] * n + ["b"] * n, "p": p}, [RATIO]), "demographic_parity_ratio", by="g")

    exactly, under = ratio(4_000, 10_000), ratio(3_999, 10_000)
    assert RATIO.holds(exactly.value)
    assert not RATIO.holds(under.value)
    assert (exactly.verdict, under.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)


def test_eighty_instead_of_four_fifths_is_an_error_not_a_verdict():
    """DT-09."""
    outcome = _run({"g": ["a", "b"] * 50, "p": [1] * 100}, [Threshold("demographic_parity_ratio", ">=", 80)])
    assert outcome.verdict is Verdict.ERROR


def test_groups_are_left_out_only_by_choice_and_still_printed():
    """DT-11: a group under 2 %, and unknown values as a group with their n."""
    data = {"g": ["a"] * 500 + ["b"] * 500 + ["c"] * 5 + [None] * 5, "p": [1, 0] * 505}
    assert _run(data, [RATIO]).verdict is Verdict.INCONCLUSIVE
    chosen = _run(data, [RATIO], exclude_below_share=0.02)
    assert chosen.verdict is Verdict.PASS
    assert _one(chosen, "demographic_parity_ratio", by="g").details["excluded"] == ["c", "(missing)"]
    assert _one(chosen, "selection_rate", g="c").n == 5
    assert any("5 of 1010" in warning for warning in chosen.warnings)


def test_too_many_unknown_predictions_pass_nothing():
    data = {"g": ["a", "b"] * 2_000, "p": ["yes", "yes", "no", "no"] * 900 + ["unknown"] * 400}
    assert _run(data, [RATIO]).verdict is Verdict.INCONCLUSIVE
    assert _run(data, [RATIO], maximum_unknown_share=0.2).verdict is Verdict.PASS


def test_missing_inputs_are_said_and_never_pass():
    outcome = _run(
        {"g": ["a", "b"] * 500, "p": [1, 1, 0, 0] * 250}, [RATIO, ODDS, Threshold("nonsense", ">=", 0)]
    )
    verdicts = {r.metric: r.verdict for r in outcome.results if r.verdict}
    assert verdicts == {
        "demographic_parity_ratio": Verdict.PASS,
        "equalized_odds_difference": Verdict.INCONCLUSIVE,
        "nonsense": Verdict.ERROR,
    }
    with pytest.raises(BadInput, match="prediction"):
        _run({"g": ["a", "b"]})
    with pytest.raises(BadInput, match="no parameter"):
        _run({"g": ["a", "b"], "p": [0, 1]}, minimum=3)


def test_a_fixed_reference_group_is_the_only_yardstick():
    data = {"g": ["a"] * 400 + ["b"] * 400, "p": [1, 0] * 200 + [1] * 400}
    assert _run(data, [RATIO]).verdict is Verdict.FAIL
    fixed = _run(data, [RATIO], reference_groups={"g": "a"})
    assert _one(fixed, "demographic_parity_ratio", by="g").value == 2.0
    with pytest.raises(BadInput, match="no group"):
        _run(data, reference_groups={"g": "z"})
