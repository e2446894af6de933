"""What a silent failure leaves behind is counted, exactly, and what can't be counted passes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.catalogue import CATALOGUE
from monitoring.statistics import health
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.profiles import Edges, Numbers, Profile
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

COLUMNS = Columns(label="y", prediction="p", score="s")
SUGGESTED = CATALOGUE["service-health"].suggested(("prediction", "score", "reference"))
NAN, INF = float("nan"), float("inf")


def profile(values, like=None):
    return profile_table(table_from_values({name: list(held) for name, held in values.items()}), like)


def run(current, reference=None, thresholds=SUGGESTED, columns=COLUMNS, **parameters):
    sides = [
        side if side is None or isinstance(side, Profile) else profile(side) for side in (current, reference)
    ]
    return health.run(*sides, columns=columns, thresholds=tuple(thresholds), parameters=parameters, seed=0)


def one(outcome, metric, **where):
    return next(r for r in outcome.results if r.metric == metric and r.slice == where)


def well(n=200):
    rng = np.random.default_rng(n)
    return {"p": [0, 1] * (n // 2), "s": rng.random(n), "x": rng.normal(size=n), "k": ["a", "b"] * (n // 2)}


def test_a_healthy_service_passes_and_each_figure_is_counted():
    outcome = run(well(), well(400))
    assert outcome.verdict is Verdict.PASS
    assert {r.metric for r in outcome.results} == set(health.KNOWN)
    assert {(r.value, r.low) for r in outcome.results if r.metric == "absent_features"} == {(0.0, None)}


@pytest.mark.parametrize(
    ("change", "metric", "where", "value"),
    [
        ({"p": [None] + [0, 1] * 99 + [1]}, "missing_prediction_share", {"column": "p"}, 0.005),
        ({"s": [NAN] * 2 + [0.5, 0.4] * 99}, "missing_prediction_share", {"column": "s"}, 0.01),
        ({"s": [INF, -INF] + [0.5, 0.4] * 99}, "infinite_prediction_share", {"column": "s"}, 0.01),
        ({"p": [1] * 200}, "distinct_predictions", {"column": "p"}, 1),
        ({"p": ["no"] * 200}, "distinct_predictions", {"column": "p"}, 1),
        ({"s": [0.5] * 200}, "distinct_predictions", {"column": "s"}, 1),
        ({"p": [None] * 200}, "distinct_predictions", {"column": "p"}, 0),
        ({"s": [1.2] + [0.5, 0.4] * 99 + [0.1]}, "score_out_of_range_share", {"column": "s"}, 0.005),
        ({"s": [-1e-9] + [0.5, 0.4] * 99 + [0.1]}, "score_out_of_range_share", {"column": "s"}, 0.005),
        ({"x": [None] * 20 + [1.5, 2.5] * 90}, "feature_missing_increase", {"feature": "x"}, 0.1),
    ],
)
def test_each_silent_failure_fails_its_own_figure(change, metric, where, value):
    outcome = run(well() | change, well(400))
    found = one(outcome, metric, **where)
    assert found.value == pytest.approx(value)
    assert found.verdict is Verdict.FAIL
    assert outcome.verdict is Verdict.FAIL


@pytest.mark.parametrize("gone", ["p", "s", "x"])
def test_a_column_that_is_gone_is_counted_and_passes_nothing(gone):
    data = well()
    del data[gone]
    outcome = run(data, well(400), [*SUGGESTED, Threshold("feature_missing_share", "<=", 1.0)])
    assert one(outcome, "absent_features").details["absent"] == [gone]
    assert one(outcome, "absent_features").verdict is Verdict.FAIL
    mine = [r for r in outcome.results if gone in r.slice.values()]
    assert mine
    assert {(r.value, r.verdict) for r in mine} == {(None, Verdict.INCONCLUSIVE)}


def test_labels_that_have_not_come_are_not_missed_and_declared_features_are():
    assert run(well(), well(400) | {"y": [0, 1] * 200}).verdict is Verdict.PASS
    declared = Columns(label="y", prediction="p", score="s", features=("x", "income"))
    outcome = run(well(), None, columns=declared)
    assert one(outcome, "absent_features").details["absent"] == ["income"]
    extra = run(
        well(), well(400) | {"id": range(400)}, columns=Columns(prediction="p", score="s", features=("x",))
    )
    assert extra.verdict is Verdict.PASS


def test_without_anything_declared_absence_cannot_be_counted():
    bound = [Threshold("absent_features", "<=", 0), Threshold("missing_prediction_share", "<=", 0)]
    outcome = run(well(), None, bound, columns=Columns())
    assert {r.verdict for r in outcome.results if r.threshold} == {Verdict.INCONCLUSIVE}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-0.5, 1.5) | st.sampled_from([0.0, -0.0, 1.0, 1.0000000001, NAN, INF]), min_size=2, max_size=40),
    st.lists(st.floats(-1, 2), max_size=8),
)  # fmt: skip
def test_bounds_on_any_edges_hold_what_rows_say(values, cuts):
    at = np.unique(np.array(cuts, float) + 0.0)
    numbers = np.array(values, float)
    column = Numbers.of(Edges(at, 0.0), numbers.copy())
    found = health._outside("s", Profile({"s": column}, len(values)))
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        assert found.low is None
        return
    share = float(((finite < 0) | (finite > 1)).mean())
    assert found.low - 1e-12 <= share <= found.high + 1e-12
    assert (found.high == 0) == (share == 0), "whether any is outside is always known"
    least, most = health._distinct(column)
    assert least <= len(set(finite.tolist())) <= most
    assert (least >= 2) == (len(set(finite.tolist())) >= 2)


def test_what_bins_leave_open_is_not_decided():
    rng = np.random.default_rng(1)
    reference = profile({"s": rng.random(5_000)})
    current = profile({"s": np.append(rng.random(900), np.linspace(1.001, 3, 100))}, reference)
    columns = Columns(score="s")
    for bound, verdict in ((0.0, Verdict.FAIL), (0.5, Verdict.PASS)):
        limit = [Threshold("score_out_of_range_share", "<=", bound)]
        assert run(current, reference, limit, columns).verdict is verdict
    found = one(run(current, reference, [], columns), "score_out_of_range_share", column="s")
    assert found.low <= 0.1 <= found.high
    middle = Threshold("score_out_of_range_share", "<=", (found.low + found.high) / 2)
    assert run(current, reference, [middle], columns).verdict is Verdict.INCONCLUSIVE
    many = Threshold("distinct_predictions", "<=", 990)
    assert run(current, reference, [many], columns).verdict is Verdict.INCONCLUSIVE


def test_scores_without_bounds_are_no_probabilities():
    data = well() | {"s": np.linspace(-5, 9, 200)}
    outcome = run(data, well(400), score_range="any")
    assert one(outcome, "missing_prediction_share", column="s").verdict is Verdict.PASS
    assert one(outcome, "score_out_of_range_share").verdict is Verdict.INCONCLUSIVE


def test_one_row_and_no_row():
    single = {name: list(column)[:1] for name, column in well().items()}
    assert one(run(single), "distinct_predictions", column="p").verdict is Verdict.INCONCLUSIVE
    none = run({"p": [], "s": []})
    assert none.verdict is Verdict.FAIL
    assert one(none, "missing_prediction_share", column="p").value is None
    empty = run({"p": [None] * 50, "s": [NAN] * 50})
    assert one(empty, "score_out_of_range_share", column="s").verdict is Verdict.INCONCLUSIVE
    assert one(empty, "missing_prediction_share", column="s").value == 1


def test_thresholds_that_cannot_be_meant_are_errors_and_few_rows_decide_nothing():
    for threshold in (
        Threshold("missing_prediction_share", "<=", 5),
        Threshold("rows", ">=", 1, "share"),
        Threshold("psi", "<=", 1),
    ):
        assert run(well(), None, [threshold]).verdict is Verdict.ERROR
    few = Threshold("missing_prediction_share", "<=", 0, minimum_n=500)
    assert run(well(), None, [few]).verdict is Verdict.INCONCLUSIVE
    sliced = Threshold("feature_missing_share", "<=", 0.5, slice=(("feature", "x"),))
    assert [r.slice for r in run(well(), None, [sliced]).results if r.verdict] == [{"feature": "x"}]


def test_bad_input_is_named():
    for data, said, code in (
        (well() | {"s": ["high", "low"] * 100}, {}, "bad-value"),
        (well(), {"score_range": "logit"}, "parameter"),
        (well(), {"distance": 1}, "parameter"),
    ):
        with pytest.raises(BadInput) as caught:
            run(data, **said)
        assert caught.value.code == code
        assert caught.value.column
    assert math.isfinite(one(run(well()), "rows").value)
