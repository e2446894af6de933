"""Incidents are exact rates over their exposure, none seen has an end, and costs are per query."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.statistics import operations
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

SAFE = Threshold("incident_rate", "<=", 2.0)
NAN, INF = float("nan"), float("inf")
PERIODS = {"incidents": "i", "queries": "q"}


def run(values, thresholds=(), *, label=None, **parameters):
    return operations.run(
        table_from_values({name: list(held) for name, held in values.items()}), None,
        columns=Columns(label=label), thresholds=tuple(thresholds), parameters=parameters, seed=0,
    )  # fmt: skip


def one(outcome, metric="incident_rate"):
    return next(r for r in outcome.results if r.metric == metric)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(61, 100_000))
def test_the_rate_is_exact(events, queries):
    found = one(run({"i": [events], "q": [queries]}, **PERIODS))
    assert found.value == pytest.approx(1000 * events / queries)
    # The ends are where so few, or so many, become a chance of 2.5 %.
    assert stats.poisson.cdf(events, found.high * queries / 1000) == pytest.approx(0.025)
    if events:
        assert stats.poisson.sf(events - 1, found.low * queries / 1000) == pytest.approx(0.025)
    else:
        assert found.low == 0


def test_no_incident_has_an_upper_bound_that_more_queries_lower():
    verdicts = [
        run({"i": [0] * 10, "q": [each] * 10}, [Threshold("incident_rate", "<=", 1.0)], **PERIODS).verdict
        for each in (100, 290, 310)
    ]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, Verdict.PASS]
    found = one(run({"i": [0], "q": [1000]}, [SAFE], **PERIODS))
    assert found.details["own_high"] == pytest.approx(2.9957, abs=1e-3)


def test_periods_and_single_queries_agree():
    rng = np.random.default_rng(1)
    incident = (rng.random(6_000) < 0.003).astype(int)
    single = one(run({"i": incident}, incidents="i"))
    assert one(run({"i": incident}, label="i")).value == single.value
    periods = one(run({"i": incident.reshape(6, -1).sum(axis=1), "q": [1_000] * 6}, **PERIODS))
    assert (periods.value, periods.n, periods.low) == pytest.approx((single.value, single.n, single.low))
    figures = {
        one(run({"i": [spell(v) for v in incident]}, incidents="i")).value
        for spell in (float, bool, lambda v: "yes" if v else " No")
    }
    assert figures == {single.value}


def test_a_service_at_the_bound_rarely_passes_and_rarely_fails():
    rng = np.random.default_rng(2)
    verdicts = [
        run({"i": rng.poisson(0.002 * 1_500, 14), "q": [1_500] * 14}, [SAFE], **PERIODS).verdict
        for _ in range(200)
    ]
    assert verdicts.count(Verdict.PASS) <= 0.08 * 200
    assert verdicts.count(Verdict.FAIL) <= 0.06 * 200


def test_periods_that_vary_more_than_chance_count_for_less():
    rng = np.random.default_rng(3)
    queries = np.full(30, 2_000)
    wild = rng.poisson(rng.gamma(0.3, 0.002 / 0.3, 30) * queries)
    loose = one(run({"i": wild, "q": queries}, **PERIODS))
    expected = wild.mean()
    squared = ((wild - expected) ** 2 / expected).sum()
    assert loose.details["excess_variance"] == pytest.approx(squared / 29)
    tight = one(run({"i": [wild.sum()], "q": [queries.sum()]}, **PERIODS))
    assert tight.value == pytest.approx(loose.value)
    assert loose.high - loose.low > 1.5 * (tight.high - tight.low)
    even = run({"i": rng.poisson(4, 30), "q": queries}, **PERIODS)
    assert one(even).details["excess_variance"] == 1
    assert even.warnings == ()


def test_unsafe_fails():
    assert run({"i": [60, 55], "q": [10_000, 10_000]}, [SAFE], **PERIODS).verdict is Verdict.FAIL


def test_costs_and_tokens_are_means_per_query():
    rng = np.random.default_rng(4)
    data = {"c": rng.gamma(2, 0.01, 400), "t": rng.integers(50, 900, 400)}
    outcome = run(data, [Threshold("cost_per_query", "<=", 0.03)], cost="c", tokens="t")
    for metric, name in (("cost_per_query", "c"), ("tokens_per_query", "t")):
        low, high = stats.ttest_1samp(data[name], 0).confidence_interval(0.95)
        found = one(outcome, metric)
        assert (found.value, found.low, found.high) == pytest.approx((data[name].mean(), low, high))
    assert outcome.verdict is Verdict.PASS
    assert not any(r.metric == "incident_rate" for r in outcome.results)


def test_costs_of_periods_are_weighted_by_queries():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        queries = rng.integers(200, 5_000, 20)
        cost = queries * 0.02 * rng.normal(1, 0.1, 20)
        found = one(run({"c": cost, "q": queries}, cost="c", queries="q"), "cost_per_query")
        held += found.low <= 0.02 <= found.high
    assert held >= 0.91 * 200
    assert found.value == pytest.approx(cost.sum() / queries.sum())


@pytest.mark.parametrize(
    ("cost", "verdict"),
    [
        ([0.02] * 100, Verdict.INCONCLUSIVE),
        ([0.02], Verdict.INCONCLUSIVE),
        ([None] * 100, Verdict.INCONCLUSIVE),
        ([0.02, 0.01] * 46 + [None] * 8, Verdict.INCONCLUSIVE),
        ([0.02, 0.01] * 46 + [NAN] * 8, Verdict.INCONCLUSIVE),
        ([0.02, 0.01] * 48 + [None] * 4, Verdict.PASS),
        ([0.02, 0.01] * 48 + [INF] * 4, Verdict.ERROR),
        ([0.02, 0.01] * 5, Verdict.INCONCLUSIVE),
    ],
)
def test_what_is_not_known_of_costs_never_passes(cost, verdict):
    bound = [Threshold("cost_per_query", "<=", 0.05)]
    assert run({"c": cost}, bound, cost="c").verdict is verdict


def test_unreviewed_queries_hold_a_pass_and_no_query_is_undefined():
    unseen = run({"i": [0] * 9_000 + [None] * 1_000}, [SAFE], incidents="i")
    assert unseen.verdict is Verdict.INCONCLUSIVE
    assert "nobody knows" in one(unseen).why
    assert run({"i": [0] * 9_000 + [None] * 100}, [SAFE], incidents="i").verdict is Verdict.PASS
    nothing = run({"i": [0, 0], "q": [0, 0]}, [SAFE], **PERIODS)
    assert (one(nothing).value, nothing.verdict) == (None, Verdict.INCONCLUSIVE)
    unnamed = run({"c": [1, 2] * 40}, [SAFE], cost="c")
    assert unnamed.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("values", "said", "code"),
    [
        ({"i": [1]}, {}, "missing-column"),
        ({"i": [1, 2, 3]}, {"incidents": "i"}, "not-binary"),
        ({"i": [1, None], "q": [5, 5]}, PERIODS, "bad-value"),
        ({"i": [1, NAN], "q": [5, 5]}, PERIODS, "bad-value"),
        ({"i": [1, -1], "q": [5, 5]}, PERIODS, "bad-value"),
        ({"i": [1, 0.5], "q": [5, 5]}, PERIODS, "bad-value"),
        ({"i": [1, 1], "q": [5, INF]}, PERIODS, "bad-value"),
        ({"i": [1, 1], "q": [5, 0]}, PERIODS, "bad-value"),
        ({"i": ["a", "b"], "q": [5, 5]}, PERIODS, "bad-value"),
        ({"i": [1, 1]}, PERIODS, "unknown-column"),
        ({"c": [1, -1]}, {"cost": "c"}, "bad-value"),
        ({"c": ["much", "more"]}, {"tokens": "c"}, "bad-value"),
    ],
)
def test_bad_input_is_named(values, said, code):
    with pytest.raises(BadInput) as caught:
        run(values, **said)
    assert caught.value.code == code
    assert caught.value.column
