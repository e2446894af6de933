"""Evaluation equals scikit-learn and scipy, and says when it cannot tell (attack cases DT-02, DT-04)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from monitoring.statistics import evaluation, intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

ACCURATE = Threshold("accuracy", ">=", 0.7)
RANKED = Threshold("roc_auc", ">=", 0.7)


def _run(y, p=None, s=None, thresholds=(), seed=0, **parameters):
    columns = {"y": y} | ({"p": p} if p is not None else {}) | ({"s": s} if s is not None else {})
    named = Columns(
        label="y", prediction="p" if p is not None else None, score="s" if s is not None else None
    )
    table = table_from_values({name: list(values) for name, values in columns.items()})
    return evaluation.run(
        table, None, columns=named, thresholds=tuple(thresholds), parameters=parameters, seed=seed
    )


def _values(outcome):
    return {result.metric: result.value for result in outcome.results}


def _sample(n, seed=3):
    rng = np.random.default_rng(seed)
    score = np.round(rng.random(n), 2)
    truth = (rng.random(n) < score).astype(int)
    return truth.tolist(), (score > 0.5).astype(int).tolist(), score.tolist()


def test_figures_equal_scikit_learn():
    y, p, s = _sample(2_000)
    found = _values(_run(y, p, s))
    for metric, expected in {
        "accuracy": sk.accuracy_score(y, p),
        "precision": sk.precision_score(y, p),
        "recall": sk.recall_score(y, p),
        "f1": sk.f1_score(y, p),
        "roc_auc": sk.roc_auc_score(y, s),
        "brier_score": sk.brier_score_loss(y, s),
    }.items():
        assert math.isclose(found[metric], expected, abs_tol=1e-12), metric


def test_share_intervals_equal_scipy():
    for k, n in ((0, 10), (3, 10), (10, 10), (500, 1_000)):
        test = stats.binomtest(k, n)
        for ours, method in ((intervals.wilson, "wilson"), (intervals.exact, "exact")):
            expected = test.proportion_ci(0.95, method=method)
            assert ours(k, n, 0.95) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_ratio_intervals_survive_zeros():
    assert intervals.ratio(5, 10, 0, 10, 0.95)[1] == math.inf
    assert intervals.ratio(0, 10, 5, 10, 0.95)[0] == 0
    assert intervals.ratio(0, 10, 0, 10, 0.95) == (0, math.inf)
    low, high = intervals.ratio(400, 1_000, 500, 1_000, 0.95)
    error = stats.norm.isf(0.025) * math.sqrt(1 / 400 + 1 / 500 - 2 / 1_000)
    katz = [0.8 * math.exp(-error), 0.8 * math.exp(error)]
    assert [low, high] == pytest.approx(katz, rel=0.01), "Katz 1978: the ratio's interval on the log scale"
    low, high = intervals.difference(56, 70, 48, 80, 0.95)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339), "Newcombe 1998, table II, (a) method 10"


def test_auc_intervals_cover():
    rng = np.random.default_rng(11)
    true = stats.norm.cdf(1 / math.sqrt(2))
    hits = 0
    for _ in range(200):
        label = np.repeat([0, 1], [60, 40])
        score = rng.normal(size=100) + label
        value, error = intervals.delong(score, label)
        low, high = intervals.area(value, error, 40, 60, 0.95)
        hits += low <= true <= high
    assert hits >= 180


def test_one_class_has_no_area_and_no_pass():
    """DT-04."""
    outcome = _run([1] * 50, [1] * 50, [0.9] * 50, [RANKED])
    area = next(r for r in outcome.results if r.metric == "roc_auc")
    assert (area.value, area.verdict) == (None, Verdict.INCONCLUSIVE)
    assert "one class only" in area.why


@pytest.mark.parametrize("bad", [math.nan, None, math.inf, 1.5, -0.1])
def test_scores_that_are_not_probabilities_are_errors_with_counts(bad):
    """DT-02: NaN, nothing, infinity, and scores outside 0 to 1."""
    y, p, s = _sample(200)
    outcome = _run(y, p, [bad, *s[1:]], [ACCURATE])
    assert outcome.verdict is Verdict.ERROR
    assert any(r.metric == "score" and "1 of 200" in r.why for r in outcome.results)
    json.loads(outcome.json(), parse_constant=lambda word: pytest.fail(word))


def test_order_alone_may_be_asked():
    y, _, s = _sample(500)
    outcome = _run(y, None, [value * 100 for value in s], [RANKED], score_range="any")
    assert outcome.verdict is Verdict.PASS
    assert "brier_score" not in _values(outcome)


def test_few_rows_cannot_tell_and_say_how_many_would():
    y, p, _ = _sample(40)
    result = next(r for r in _run(y, p, thresholds=[ACCURATE]).results if r.metric == "accuracy")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.details["rows_needed"] > 40
    y, p, _ = _sample(20_000)
    assert _run(y, p, thresholds=[ACCURATE]).verdict is Verdict.PASS
    assert _run(y, p, thresholds=[Threshold("accuracy", ">=", 0.8)]).verdict is Verdict.FAIL


def test_a_perfect_score_on_ten_rows_is_not_a_pass():
    outcome = _run([0, 1] * 5, [0, 1] * 5, [0.0, 1.0] * 5, [ACCURATE, RANKED])
    assert {r.verdict for r in outcome.results if r.threshold} == {Verdict.INCONCLUSIVE}


def test_regression_figures_and_bad_predictions():
    rng = np.random.default_rng(5)
    y = rng.normal(size=300)
    guess = y + rng.normal(scale=0.3, size=300)
    outcome = _run(y, guess, thresholds=[Threshold("r2", ">=", 0.5)], task="regression", resamples=200)
    assert outcome.verdict is Verdict.PASS
    assert _values(outcome)["mae"] == pytest.approx(sk.mean_absolute_error(y, guess), abs=1e-12)
    assert _values(outcome)["r2"] == pytest.approx(sk.r2_score(y, guess), abs=1e-12)
    assert _run(y, [math.nan, *guess[1:]], task="regression", resamples=100).verdict is Verdict.ERROR


def test_same_seed_same_digest_and_missing_columns_are_named():
    y, p, s = _sample(300)
    assert _run(y, p, s, seed=4).digest == _run(y, p, s, seed=4).digest
    assert _run(y, p, s, seed=4).digest != _run(y, p, s, seed=5).digest
    table = table_from_values({"y": y})
    for columns, named in ((Columns(prediction="y"), "label"), (Columns(label="y"), "prediction")):
        with pytest.raises(BadInput, match=named):
            evaluation.run(table, None, columns=columns, thresholds=(), parameters={}, seed=0)
