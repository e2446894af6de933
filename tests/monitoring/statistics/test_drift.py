"""Named distances equal scipy; noise does not alarm, shifts do, little data cannot tell (attack case DT-08)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.statistics import contrasts, drift, profiles
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict


def _run(current, reference, thresholds=(), columns=None, seed=0, **parameters):
    cut = profile_table(table_from_values(reference))
    return drift.run(
        profile_table(table_from_values(current), cut),
        cut,
        columns=columns or Columns(),
        thresholds=tuple(thresholds),
        parameters=parameters,
        seed=seed,
    )


def _one(outcome, metric, name):
    return next(r for r in outcome.results if r.metric == metric and r.slice == {"feature": name})


@pytest.mark.parametrize("digits", [1, 15])
def test_named_distances_equal_scipy(digits):
    """To the last digit where every value has a bin of its own, else within the width of a bin."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=800).round(digits), rng.normal(0.2, 1.3, size=900).round(digits)
    exact = len(np.unique(a)) <= profiles.EXACT
    words = [
        rng.choice(list("xyz"), n, p=p).tolist() for n, p in ((800, [0.5, 0.3, 0.2]), (900, [0.4, 0.3, 0.3]))
    ]
    outcome = _run({"n": b.tolist(), "w": words[1]}, {"n": a.tolist(), "w": words[0]})
    ks = stats.ks_2samp(a, b, method="asymp")
    near = 1e-12 if exact else 2 / profiles.QUANTILES
    assert exact == (digits == 1)
    found = _one(outcome, "ks_statistic", "n")
    assert found.value == pytest.approx(ks.statistic, abs=near)
    assert found.value <= ks.statistic + 1e-12, "a binned distance is never the larger one"
    assert found.details["p"] >= ks.pvalue - 1e-12
    distance = stats.wasserstein_distance(a, b)
    assert _one(outcome, "wasserstein", "n").details["in_units"] == pytest.approx(distance, abs=near)
    counts = np.array([[side.count(word) for word in "xyz"] for side in words])
    chi = stats.chi2_contingency(counts, correction=False)
    assert _one(outcome, "chi_squared", "w").value == pytest.approx(chi.statistic, abs=1e-9)
    expected = jensenshannon(*counts, base=2)
    assert _one(outcome, "jensen_shannon", "w").value == pytest.approx(expected, abs=1e-12)
    p, q = (row / row.sum() for row in counts)
    assert _one(outcome, "psi", "w").value == pytest.approx(float(((q - p) * np.log(q / p)).sum()), abs=1e-12)


def test_psi_knows_what_chance_alone_gives():
    rng = np.random.default_rng(2)
    counts = [
        np.stack([rng.multinomial(500, [0.1] * 10), rng.multinomial(300, [0.1] * 10)]) for _ in range(400)
    ]
    found = np.array([contrasts.psi(pair) for pair in counts])
    expected, _ = contrasts.psi_without_drift(counts[0])
    assert found.mean() == pytest.approx(expected, rel=0.1)
    small = np.mean([contrasts.psi_without_drift(pair)[1] < 0.05 for pair in counts])
    assert small < 0.1


def _stable(rng, n, shift=0.0):
    return {
        "normal": rng.normal(shift, 1, n).tolist(),
        "skewed": rng.exponential(size=n).tolist(),
        "zeros": np.where(rng.random(n) < 0.7, 0, rng.integers(1, 50, n)).tolist(),
        "words": rng.choice([f"c{i}" for i in range(30)], n).tolist(),
        "p": rng.integers(0, 2, n).tolist(),
    }


def test_stable_data_do_not_alarm_and_a_shift_does():
    rng = np.random.default_rng(31)
    alarms = []
    for _ in range(25):
        outcome = _run(_stable(rng, 1_000), _stable(rng, 1_000))
        alarms += [r for r in outcome.results if r.metric == "drift_effect" and r.verdict is Verdict.FAIL]
    assert len(alarms) <= 1, "of 125 columns"
    moved = _run(_stable(rng, 1_000, 0.3), _stable(rng, 1_000), columns=Columns(prediction="p"))
    assert _one(moved, "drift_effect", "normal").verdict is Verdict.FAIL
    assert _one(moved, "drift_effect", "p").verdict is Verdict.PASS
    assert _one(moved, "drift_effect", "p").details["role"] == "prediction"


def test_a_certain_but_trivial_shift_is_no_drift():
    """DT-08."""
    rng = np.random.default_rng(4)
    current, reference = rng.normal(0.01, 1, 400_000), rng.normal(0, 1, 400_000)
    result = _one(_run({"x": current.tolist()}, {"x": reference.tolist()}), "drift_effect", "x")
    assert result.details["adjusted_p"] < 0.01
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("current", "reference", "word"),
    [
        ([1.0] * 100, [1.0] * 100, "constant"),
        ([None] * 100, [None] * 100, "missing"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], list(range(100)), "at least 30"),
        ([None] * 90 + list(range(10)), [None] * 90 + list(range(10)), "Fewer than 30"),
        ([f"id{i}" for i in range(2_000)], [f"id{i}" for i in range(2_000)], "identifier"),
    ],
)
def test_what_cannot_be_compared_is_inconclusive(current, reference, word):
    """DT-08: constant, all null, five rows, an identifier."""
    result = _one(_run({"x": current}, {"x": reference}), "drift_effect", "x")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert word in result.why


@pytest.mark.parametrize(
    ("current", "reference"),
    [
        ([2.0] * 100, [1.0] * 100),
        ([None] * 100, list(range(100))),
        ([None] * 40 + list(range(60)), list(range(100))),
        (["a", "new"] * 50, ["a", "b"] * 50),
        (["a"] * 100, ["a", "b"] * 50),
        ([math.inf] * 50 + [1.0, 2.0] * 25, [1.0, 2.0] * 50),
    ],
)
def test_sudden_changes_fail(current, reference):
    """DT-08: new and vanished categories, values that went missing."""
    assert _one(_run({"x": current}, {"x": reference}), "drift_effect", "x").verdict is Verdict.FAIL


def test_new_and_vanished_categories_are_named():
    """DT-08."""
    result = _one(_run({"x": ["a", "new"] * 50}, {"x": ["a", "b"] * 50}), "new_category_share", "x")
    assert (result.value, result.details["new"], result.details["vanished"]) == (0.5, ["new"], ["b"])


def test_a_changed_schema_is_its_own_result():
    """DT-08: columns gone, new, of another type, in another order."""
    number, text = list(range(100)), ["u", "v"] * 50
    outcome = _run({"b": text, "a": text, "z": number}, {"a": number, "b": text, "c": number})
    schema = next(r for r in outcome.results if r.metric == "schema_changes")
    assert schema.verdict is Verdict.FAIL
    assert (schema.details["missing"], schema.details["new"], schema.details["retyped"]) == (
        ["c"],
        ["z"],
        ["a"],
    )
    order = _run({"b": text, "a": number}, {"a": number, "b": text})
    assert next(r for r in order.results if r.metric == "schema_changes").verdict is Verdict.PASS
    assert any("another order" in warning for warning in order.warnings)


def test_thresholds_are_judged_by_intervals():
    rng = np.random.default_rng(9)
    bounds = [Threshold("psi", "<=", 0.2), Threshold("drift_effect", "<=", 0.2)]
    near, far = rng.normal(0.02, 1, 4_000).tolist(), rng.normal(1.2, 1, 4_000).tolist()
    reference = {"x": rng.normal(size=4_000).tolist()}
    for values, expected in ((near, Verdict.PASS), (far, Verdict.FAIL)):
        outcome = _run({"x": values}, reference, bounds)
        assert {_one(outcome, m, "x").verdict for m in ("psi", "drift_effect")} == {expected}
    few = _run({"x": near[:60]}, reference, bounds)
    assert _one(few, "drift_effect", "x").verdict is Verdict.INCONCLUSIVE
    assert _one(few, "drift_effect", "x").details["rows_needed"] > 60


def test_a_threshold_on_a_figure_without_an_interval_never_passes():
    rng = np.random.default_rng(9)
    data = {"x": rng.normal(size=500).tolist()}
    result = _one(_run(data, data, [Threshold("wasserstein", "<=", 5)]), "wasserstein", "x")
    assert result.verdict is Verdict.INCONCLUSIVE


def test_equal_data_are_noted_and_a_reference_is_needed():
    data = {"x": list(range(100))}
    assert any("equal to the reference" in warning for warning in _run(data, data).warnings)
    for call in (
        lambda: drift.run(
            profile_table(table_from_values(data)),
            None,
            columns=Columns(),
            thresholds=(),
            parameters={},
            seed=0,
        ),
        lambda: _run(data, data, columns=Columns(features=("nope",))),
        lambda: _run(data, data, effect_floor="much"),
    ):
        with pytest.raises(BadInput):
            call()
