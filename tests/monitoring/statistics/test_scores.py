"""Scores of groups: figures as scipy's, gaps found, and nothing passes that isn't known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.statistics import scores
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

SMD = Threshold("standardised_mean_difference", "abs<=", 0.2)
GAP = Threshold("calibration_gap", "abs<=", 0.05)


def run(values, thresholds=(), *, label="y", sensitive=("g",), score="s", **parameters):
    columns = Columns(
        label=label if label in values else None, score=score, sensitive=sensitive, prediction=None
    )
    return scores.run(
        table_from_values({name: list(held) for name, held in values.items()}), None, columns=columns,
        thresholds=tuple(thresholds), parameters=parameters, seed=0,
    )  # fmt: skip


def one(outcome, metric, group, attribute="g"):
    return next(r for r in outcome.results if r.metric == metric and r.slice.get(attribute) == group)


def sample(rng, sizes, away=0.0):
    """Groups a, b, ...: calibrated scores, except that what happens in b is `away` more often than they say."""
    group = np.repeat([chr(97 + place) for place in range(len(sizes))], sizes)
    score = rng.beta(3, 5, len(group)) * 0.8
    truth = rng.random(len(group)) < score + away * (group == "b")
    return {"g": group.tolist(), "s": score.tolist(), "y": truth.astype(int).tolist()}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(2, 60), st.floats(0.1, 9))
def test_figures_equal_scipy(seed, n, m, spread):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(3, spread, n), rng.normal(4, 1, m + n)
    truth = rng.normal(3, 2, 2 * n + m)
    outcome = run(
        {"g": ["a"] * n + ["b"] * (m + n), "s": [*first, *second], "y": truth}, task="regression"
    )  # fmt: skip
    mean = one(outcome, "mean_score", "a")
    low, high = stats.ttest_1samp(first, 0).confidence_interval(0.95)
    assert (mean.value, mean.low, mean.high) == pytest.approx((first.mean(), low, high))
    residual = one(outcome, "mean_residual", "b")
    low, high = stats.ttest_1samp(truth[n:] - second, 0).confidence_interval(0.95)
    assert (residual.low, residual.high) == pytest.approx((low, high))
    errors = one(outcome, "mae_difference", "a")
    mine, theirs = abs(truth[:n] - first), abs(truth[n:] - second)
    low, high = stats.ttest_ind(mine, theirs, equal_var=False).confidence_interval(0.95)
    assert (errors.value, errors.low, errors.high) == pytest.approx((mine.mean() - theirs.mean(), low, high))
    smd = one(outcome, "standardised_mean_difference", "a")
    pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    assert smd.value == pytest.approx((first.mean() - second.mean()) / pooled)
    assert smd.details["against"] == "b", "the largest group"


def test_the_interval_of_the_standardised_difference_holds_the_truth():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(120):
        values = {"g": ["a"] * 25 + ["b"] * 60, "s": [*rng.normal(0.5, 1, 25), *rng.normal(0, 2, 60)]}
        found = one(run(values, task="regression"), "standardised_mean_difference", "a")
        held += found.low <= 0.5 / np.sqrt(2.5) <= found.high
    assert held >= 0.92 * 120


def test_a_gap_is_found_and_calibrated_groups_pass():
    rng = np.random.default_rng(3)
    fair = run(sample(rng, (6_000, 3_000)), [GAP, SMD])
    assert fair.verdict is Verdict.PASS
    unfair = run(sample(rng, (6_000, 3_000), away=0.15), [GAP])
    assert one(unfair, "calibration_gap", "b").verdict is Verdict.FAIL
    assert one(unfair, "calibration_gap", "b").value == pytest.approx(0.15, abs=0.03)
    assert one(unfair, "calibration_gap", "a").verdict is Verdict.PASS


def test_groups_that_are_off_by_more_than_the_bound_rarely_pass_and_fair_ones_rarely_fail():
    rng = np.random.default_rng(8)
    wrong = failed = 0
    for _ in range(80):
        wrong += one(run(sample(rng, (400, 200), away=0.051), [GAP]), "calibration_gap", "b").verdict is (
            Verdict.PASS
        )
        failed += run(sample(rng, (300, 100, 60, 40)), [GAP]).verdict is Verdict.FAIL
    assert wrong <= 0.08 * 80
    assert failed <= 0.05 * 80


@pytest.mark.parametrize("n", [2, 9, 10, 40])
def test_a_small_group_in_which_nothing_happened_is_not_certain(n):
    values = {"g": ["a"] * 500 + ["b"] * n, "s": [0.5] * 500 + [0.01] * n, "y": [0, 1] * 250 + [0] * n}
    found = one(run(values, [GAP]), "calibration_gap", "b")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.high > 0.05


def test_equal_values_of_a_few_are_not_certain_and_of_many_are():
    few = run({"g": ["a"] * 20 + ["b"] * 20, "s": [0.5] * 20 + [0.55] * 19 + [0.56]}, [SMD])
    assert few.verdict is not Verdict.PASS
    mean = Threshold("mean_score", "<=", 0.51)
    assert run({"g": ["a"] * 20, "s": [0.5] * 20}, [mean]).verdict is Verdict.INCONCLUSIVE
    assert run({"g": ["a"] * 20_000, "s": [0.5] * 20_000}, [mean]).verdict is Verdict.PASS
    amounts = run({"g": ["a"] * 500, "s": [5.0] * 500}, [Threshold("mean_score", "<=", 6)], task="regression")
    assert amounts.verdict is Verdict.INCONCLUSIVE
    assert "no interval" in one(amounts, "mean_score", "a").why


def test_one_group_has_nothing_to_be_compared_with():
    outcome = run({"g": ["a"] * 100, "s": [0.1, 0.9] * 50}, [SMD])
    assert outcome.verdict is Verdict.INCONCLUSIVE
    cut = run({"age": [30, 50] * 50, "s": [0.1, 0.9] * 50}, [SMD], sensitive=("age<=90",))
    assert cut.verdict is Verdict.INCONCLUSIVE


def test_missing_is_a_group_and_groups_meet():
    values = sample(np.random.default_rng(1), (200, 150))
    values["h"] = ["x", "y", None, "x", "y"] * 70
    outcome = run(values, sensitive=("g", "h"))
    assert one(outcome, "mean_score", "(missing)", "h").n == 70
    both = [r for r in outcome.results if r.metric == "mean_score" and set(r.slice) == {"g", "h"}]
    assert sum(r.n for r in both) == 350
    assert len(both) == 6
    alone = run(values, sensitive=("g", "h"), intersections=False)
    assert not any(len(r.slice) == 2 for r in alone.results)


def test_the_reference_group_can_be_fixed_and_must_be_there():
    values = sample(np.random.default_rng(1), (200, 150))
    fixed = run(values, reference_groups={"g": "b"})
    assert one(fixed, "standardised_mean_difference", "a").details["against"] == "b"
    with pytest.raises(BadInput) as caught:
        run(values, reference_groups={"g": "z"})
    assert caught.value.code == "reference-group"


def test_a_tiny_fixed_reference_decides_nothing():
    values = {"g": ["a"] * 300 + ["b"] * 3, "s": [*([0.4, 0.6] * 150), 0.5, 0.51, 0.49]}
    found = one(run(values, [SMD], reference_groups={"g": "b"}), "standardised_mean_difference", "a")
    assert (found.n, found.verdict) == (3, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_scores_that_are_none_never_pass(bad):
    values = {"g": ["a", "b"] * 500, "s": [0.4, 0.6, 0.5, 0.5] * 249 + [0.4, 0.6, 0.5, bad]}
    outcome = run(values, [Threshold("mean_score", "<=", 1.0)])
    assert outcome.verdict is Verdict.ERROR
    empty = run({"g": ["a", "b"] * 50, "s": [bad] * 100}, [SMD])
    assert empty.verdict is Verdict.ERROR


def test_a_group_without_labels_is_undefined_and_passes_nothing():
    values = sample(np.random.default_rng(2), (5_000, 100))
    values["y"] = values["y"][:5_000] + [None] * 100
    outcome = run(values, [GAP])
    assert one(outcome, "calibration_gap", "b").verdict is Verdict.INCONCLUSIVE
    assert one(outcome, "calibration_gap", "b").value is None
    values["y"][5_000:5_080] = [0, 1] * 40
    assert (
        "no known label"
        in one(run(values, [Threshold("calibration_gap", "abs<=", 1.0)]), "calibration_gap", "b").why
    )


def test_labels_are_read_in_every_spelling_and_one_class_is_enough():
    rng = np.random.default_rng(4)
    values = sample(rng, (300, 200))
    figures = set()
    for spell in (lambda v: v, float, bool, lambda v: "Yes" if v else " no "):
        found = run({**values, "y": [spell(v) for v in values["y"]]}, [GAP])
        figures.add(one(found, "calibration_gap", "b").value)
    assert len(figures) == 1
    assert one(run({**values, "y": [0] * 500}, [GAP]), "calibration_gap", "b").verdict is Verdict.FAIL


def test_one_row_says_nothing():
    outcome = run({"g": ["a"], "s": [0.5], "y": [1]}, [GAP, SMD, Threshold("mean_score", "<=", 1.0)])
    assert {r.verdict for r in outcome.results if r.threshold} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("values", "said", "code"),
    [
        ({"g": ["a", "b"], "s": [0.5, 1.5]}, {}, "bad-value"),
        ({"g": ["a", "b"], "s": ["low", "high"]}, {}, "bad-value"),
        ({"g": ["a", "b"], "s": [0.5, 0.6]}, {"task": "ranking"}, "parameter"),
        ({"g": ["a", "b"], "s": [0.5, 0.6]}, {"sensitive": ()}, "missing-column"),
        ({"g": ["a", "b"], "s": [0.5, 0.6]}, {"score": None}, "missing-column"),
        ({"g": ["a", "b"], "s": [0.5, 0.6]}, {"sensitive": ("h",)}, "unknown-column"),
        ({"g": ["a", "b"], "s": [0.5, 0.6]}, {"sensitive": ("g", "g")}, "sensitive"),
        ({"g": ["a", "b", "a"], "s": [0.5, 0.6, 0.1], "y": [1, 2, 3]}, {}, "not-binary"),
        ({"g": ["a", "b"], "s": [5, 6], "y": ["x", "y"]}, {"task": "regression"}, "bad-value"),
        ({"g": list("abc"), "s": [0.5, 0.6, 0.1]}, {"maximum_groups": 2}, "too-many-groups"),
    ],
)  # fmt: skip
def test_bad_input_is_named(values, said, code):
    with pytest.raises(BadInput) as caught:
        run(values, **said)
    assert caught.value.code == code
    assert caught.value.column
