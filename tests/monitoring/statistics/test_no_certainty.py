"""Wrong greens that were tried: few rows, equal values, one class, twice the same column, bounds in another unit.

Attack cases DT-02, DT-04, DT-08, DT-09; each of these data must not pass, and what they would have to be to pass does.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from monitoring.catalogue import CHECKS
from monitoring.statistics import (
    contract,
    drift,
    evaluation,
    fairness,
    intervals,
    noninferiority,
    scores,
    slices,
    watching,
)
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

PART = {"label": "y", "prediction": "p", "score": "s"}


def evaluated(values: dict[str, Any], *thresholds: Threshold, **parameters: Any) -> CheckOutcome:
    return evaluation.run(
        table_from_values({name: list(held) for name, held in values.items()}),
        None,
        columns=Columns(**{part: name for part, name in PART.items() if name in values}),  # type: ignore[arg-type]
        thresholds=thresholds,
        parameters=parameters,
        seed=1,
    )


def judged(outcome: CheckOutcome, metric: str) -> Result:
    (found,) = (r for r in outcome.results if r.metric == metric and r.threshold is not None)
    return found


RIGHT = [0, 1] * 15
PERFECT = {"y": RIGHT, "p": RIGHT, "s": [float(v) for v in RIGHT]}
AMOUNTS = {"y": [float(v) for v in range(30)], "p": [float(v) for v in range(30)]}


@pytest.mark.parametrize(
    ("values", "threshold", "parameters"),
    [
        (PERFECT, Threshold("brier_score", "<=", 0.05), {}),
        (PERFECT, Threshold("expected_calibration_error", "<=", 0.05), {}),
        (PERFECT, Threshold("calibration_in_the_large", "abs<=", 0.05), {}),
        (PERFECT, Threshold("f1", ">=", 0.95), {}),
        (PERFECT, Threshold("roc_auc", ">=", 0.95), {}),
        (PERFECT, Threshold("accuracy", ">=", 0.95), {}),
        (PERFECT, Threshold("recall", ">=", 0.9), {}),
        (AMOUNTS, Threshold("mae", "<=", 0.5), {"task": "regression"}),
        (AMOUNTS, Threshold("rmse", "<=", 1), {"task": "regression"}),
        (AMOUNTS, Threshold("r2", ">=", 0.95), {"task": "regression"}),
    ],
    ids=lambda value: value.metric if isinstance(value, Threshold) else "",
)
def test_thirty_perfect_rows_are_no_proof_and_five_thousand_are(
    values: dict[str, Any], threshold: Threshold, parameters: dict[str, Any]
) -> None:
    """DT-08: equal values have no spread, and no spread is no certainty."""
    few = judged(evaluated(values, threshold, **parameters), threshold.metric)
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.details["own_low"] < few.details["own_high"]
    many = {name: (held * 167)[:5_000] for name, held in values.items()}
    assert judged(evaluated(many, threshold, resamples=200, **parameters), threshold.metric).verdict is (
        Verdict.PASS
    )


@pytest.mark.parametrize("off", [0.0, 1e-9])
def test_nearly_equal_values_are_as_uncertain_as_equal_ones(off: float) -> None:
    """A billionth of spread must not turn an interval that is honest into one that is nothing wide."""
    values = np.append(np.zeros(29), off)
    low, high = intervals.bounded(values, 0.9, (0.0, 1.0))
    assert low == 0
    assert high == pytest.approx(1 - 0.05 ** (1 / 30), abs=1e-6), "what 30 rows of one kind leave possible"


def test_a_rare_kind_of_bad_row_rarely_passes() -> None:
    """The bound holds at its level where Student's held never: 4 % of rows that are wholly wrong, the rest perfect."""
    rng = np.random.default_rng(2)
    threshold = Threshold("brier_score", "<=", 0.039)
    passed = student = 0
    for _ in range(300):
        values = (rng.random(60) < 0.04).astype(float)
        high = intervals.bounded(values, 0.9, (0.0, 1.0))[1]
        passed += threshold.holds(high)
        student += float(np.std(values)) == 0
    assert student > 15, "so often a bound from the spread alone would have passed"
    assert passed == 0


def test_ordinary_means_keep_students_interval() -> None:
    values = np.random.default_rng(3).random(400)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert intervals.bounded(values, 0.95, (0.0, 1.0)) == pytest.approx((expected.low, expected.high))


def test_two_positives_that_rank_alike_prove_no_ranking() -> None:
    """DT-04: a class of two has no spread of its own; DeLong's error then is that of the other class alone."""
    y, s = [0] * 100 + [1, 1], [i / 200 for i in range(100)] + [0.486, 0.486]
    found = judged(evaluated({"y": y, "s": s}, Threshold("roc_auc", ">=", 0.9)), "roc_auc")
    assert found.value is not None
    assert found.value > 0.95
    assert found.verdict is Verdict.INCONCLUSIVE


def test_f1_of_three_positives_in_a_thousand_rows_rests_on_three() -> None:
    """DT-04: true negatives are no evidence for F1; its n is of the rows it counts."""
    y = [1] * 3 + [0] * 997
    found = judged(evaluated({"y": y, "p": y}, Threshold("f1", ">=", 0.5)), "f1")
    assert (found.n, found.verdict) == (3, Verdict.INCONCLUSIVE)
    assert found.low is not None
    assert found.low < 0.7


def test_an_upper_end_of_the_calibration_error_is_never_under_the_error() -> None:
    """The bootstrap takes off what chance adds in most files; in this one it may have added nothing."""
    rng = np.random.default_rng(5)
    for n in (40, 120, 400):
        s = rng.random(n)
        y = (rng.random(n) < s).astype(int)
        found = evaluated({"y": y, "s": s}, resamples=200)
        error = next(r for r in found.results if r.metric == "expected_calibration_error")
        assert error.value is not None
        assert error.low is not None
        assert error.high is not None
        assert error.low <= error.value <= error.high


@pytest.mark.parametrize("parts", [{"prediction": "y"}, {"score": "y"}, {"prediction": "p", "score": "y"}])
def test_a_label_is_no_prediction_of_itself(parts: dict[str, str]) -> None:
    """A column named twice: what happened, compared with itself, is always right."""
    with pytest.raises(BadInput) as caught:
        Columns(label="y", **parts)
    assert (caught.value.code, caught.value.column) == ("same-column", "y")
    assert Columns(label="y", prediction="s", score="s").score == "s", "a score may be the prediction"


@pytest.mark.parametrize("theirs", ["p", "y"])
def test_a_candidate_is_not_compared_with_itself(theirs: str) -> None:
    """Named as its own incumbent, any candidate is no worse."""
    values = table_from_values({"y": [0, 1] * 500, "p": [1, 0] * 500})
    with pytest.raises(BadInput) as caught:
        noninferiority.run(
            values, None, columns=Columns(label="y", prediction="p"), thresholds=(), seed=1,
            parameters={"incumbent_prediction": theirs},
        )  # fmt: skip
    assert (caught.value.code, caught.value.column) == ("same-column", theirs)


@pytest.mark.parametrize("check", [fairness, scores], ids=["fairness", "scores"])
def test_an_attribute_named_twice_is_refused(check: Any) -> None:
    values = {
        "g": ["a", "b"] * 50,
        "age": [20.0, 50.0] * 50,
        "y": [0, 1] * 50,
        "p": [0, 1] * 50,
        "s": [0.2, 0.8] * 50,
    }
    for twice in (("g", "g"), ("age<=30", "age<=40")):
        columns = Columns(label="y", prediction="p", score="s", sensitive=twice)
        with pytest.raises(BadInput) as caught:
            check.run(table_from_values(values), None, columns=columns, thresholds=(), parameters={}, seed=1)
        assert caught.value.code == "sensitive"


def test_a_slice_named_many_times_is_one_comparison() -> None:
    """More comparisons widen the interval that a fail needs; naming one column fifty times must not buy that."""
    values = {"g": ["a", "b"] * 50, "y": [0, 1] * 50, "p": [0, 1] * 50}
    for part in ("sensitive", "features"):
        columns = Columns(label="y", prediction="p", **{part: ("g",) * 50})  # type: ignore[arg-type]
        found = slices.run(
            table_from_values(values), None, columns=columns, parameters={}, seed=1,
            thresholds=(Threshold("slice_accuracy", ">=", 0.5),),
        )  # fmt: skip
        assert {r.details["comparisons"] for r in found.results if r.threshold} == {2}


def contracted(
    values: dict[str, Any], rules: dict[str, Any], *thresholds: Threshold, reference: Any = None, **more: Any
) -> CheckOutcome:
    return contract.run(
        table_from_values(values),
        table_from_values(reference) if reference else None,
        columns=Columns(),
        thresholds=thresholds,
        parameters={"columns": rules, **more},
        seed=0,
    )


@pytest.mark.parametrize(
    "threshold",
    [
        Threshold("missing_share", "<=", 5),
        Threshold("missing_share", "<=", 0.5, "rows"),
        Threshold("infinite_share", "<=", 1.5),
        Threshold("duplicates", "<=", -1),
        Threshold("schema_faults", "<=", 0, "share"),
    ],
    ids=lambda threshold: threshold.words(),
)
def test_a_bound_of_the_contract_in_another_unit_is_an_error(threshold: Threshold) -> None:
    """DT-09: five per cent is 0.05; every column has less than five times as much missing as it has rows."""
    outcome = contracted({"x": [1.0, None, 3.0, None]}, {"x": {"unique": True}}, threshold)
    found = [r for r in outcome.results if r.threshold == threshold]
    assert {r.verdict for r in found} == {Verdict.ERROR}
    assert outcome.verdict is Verdict.ERROR


@pytest.mark.parametrize("rule", [{"min": 0}, {"max": 9}, {"allowed": [1]}, {"unique": True}], ids=str)
@pytest.mark.parametrize("values", [[None] * 40, ["", " ", "NULL", "nan"] * 10], ids=["null", "blank"])
def test_a_column_without_a_value_keeps_no_rule(rule: dict[str, Any], values: list[Any]) -> None:
    """DT-08: all null. No value breaks the rule, none keeps it either."""
    outcome = contracted({"x": values, "z": list(range(40))}, {"x": rule})
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert any("no value" in r.why for r in outcome.results if r.verdict is Verdict.INCONCLUSIVE)


def test_infinities_that_are_allowed_still_keep_to_least_and_greatest() -> None:
    """DT-02: minus infinity is under every least value."""
    rules = {"x": {"min": 0, "max": 9, "infinite": 1.0}}
    for bad, metric in ((float("-inf"), "min_violations"), (float("inf"), "max_violations")):
        outcome = contracted({"x": [1.0, bad]}, rules)
        assert [r.verdict for r in outcome.results if r.metric == metric] == [Verdict.FAIL]


def test_a_reference_without_a_value_is_no_contract() -> None:
    """Whatever comes would keep to it."""
    with pytest.raises(BadInput) as caught:
        contracted({"x": [1.0]}, {}, reference={"x": [None, None]})
    assert caught.value.code == "no-contract"


def drifted(
    current: Any, reference: Any, *thresholds: Threshold, columns: Columns | None = None
) -> CheckOutcome:
    before = profile_table(table_from_values({"x": reference}))
    now = profile_table(table_from_values({"x": current}), before)
    return drift.run(
        now, before, columns=columns or Columns(), thresholds=thresholds, parameters={"resamples": 50}, seed=1
    )


@pytest.mark.parametrize("metric", ["psi", "jensen_shannon", "chi_squared"])
@pytest.mark.parametrize("value", [1.0, "a"])
def test_distances_of_a_constant_column_pass_nothing(metric: str, value: Any) -> None:
    """DT-08: on equal constants every distance is 0, and nothing varied that could have moved."""
    found = judged(
        drifted([value] * 40, [value] * 40 if metric else [], Threshold(metric, "<=", 0.1)), metric
    )
    assert found.verdict is Verdict.INCONCLUSIVE


def test_the_reference_itself_passes_nothing() -> None:
    """Reference equal to current, in any order of rows: a feed that sends old data back is no proof of stability."""
    values = np.random.default_rng(1).normal(size=20_000)
    bound = (Threshold("psi", "<=", 0.5), Threshold("drift_effect", "<=", 0.5))
    again = drifted(values[::-1].tolist(), values.tolist(), *bound)
    assert again.verdict is Verdict.INCONCLUSIVE
    assert Verdict.PASS not in {r.verdict for r in again.results if r.metric != "schema_changes"}
    assert any("equal to the reference" in r.why for r in again.results)
    profile = profile_table(table_from_values({"x": values.tolist()}))
    day = watching.run(
        profile, profile, history=watching.History(dt.date(2026, 1, 5)), columns=Columns(), thresholds=bound,
        parameters={"resamples": 50}, seed=1,
    )  # fmt: skip
    assert day.verdict is Verdict.INCONCLUSIVE, "a day in production that is the reference"
    other = np.random.default_rng(2).normal(size=20_000)
    assert drifted(other.tolist(), values.tolist(), *bound).verdict is Verdict.PASS


def test_a_bound_on_schema_changes_in_another_unit_is_an_error() -> None:
    """DT-09."""
    for threshold in (Threshold("schema_changes", "<=", 0.1, "share"), Threshold("schema_changes", "<=", -1)):
        assert judged(drifted([1.0] * 40, [1.0] * 40, threshold), "schema_changes").verdict is Verdict.ERROR


def test_no_check_takes_weights() -> None:
    """Weights that are negative or zero: nothing takes any; rows of zero queries and negative counts have their own tests."""
    said = [
        name
        for check in CHECKS
        for name in (*check.needs, *check.optional, *(p.name for p in check.parameters))
    ]
    assert len(said) > 50
    assert not [name for name in said if "weight" in name]


def grouped(values: dict[str, Any], *thresholds: Threshold, **parameters: Any) -> CheckOutcome:
    columns = Columns(
        label="y" if "y" in values else None, prediction="p", sensitive=tuple(n for n in ("g", "h") if n in values)
    )  # fmt: skip
    return fairness.run(
        table_from_values(values), None, columns=columns, thresholds=thresholds, parameters=parameters, seed=1
    )


def test_an_impact_ratio_whose_highest_rate_is_nothing_is_undefined() -> None:
    """DT-11: nobody selected in any group is no parity, and an intersection without applicants is no group."""
    values = {"g": ["a", "b"] * 2_000, "h": ["x", "x", "y", "x"] * 1_000, "p": [0] * 4_000}
    bound = Threshold("impact_ratio", ">=", 0.8), Threshold("demographic_parity_ratio", ">=", 0.8)
    found = [r for r in grouped(values, *bound).results if r.threshold is not None]
    assert {(r.value, r.verdict) for r in found} == {(None, Verdict.INCONCLUSIVE)}
    pairs = {tuple(r.slice.values()) for r in found if len(r.slice) == 2}
    assert ("b", "y") not in pairs
    assert ("a", "y") in pairs


def test_no_positive_in_any_group_compares_no_error_rates() -> None:
    """DT-04: true positive rates of nobody are not equal, they are not there."""
    values = {"g": ["a", "b"] * 2_000, "y": [0] * 4_000, "p": [0, 0, 0, 1] * 1_000}
    bound = Threshold("equalized_odds_difference", "<=", 0.9), Threshold("true_positive_rate", ">=", 0)
    found = [r for r in grouped(values, *bound).results if r.threshold is not None]
    assert {r.verdict for r in found} == {Verdict.INCONCLUSIVE}
    assert {r.n for r in found if r.metric == "true_positive_rate"} == {0}


def test_leaving_groups_out_until_one_is_left_passes_nothing() -> None:
    """DT-11: an exclusion that leaves nobody to compare with is no parity."""
    values = {"g": ["a"] * 3_000 + ["b"] * 1_000, "p": [1] * 3_000 + [0] * 1_000}
    bound = Threshold("demographic_parity_ratio", ">=", 0.8)
    for parameters in ({"exclude": ["g=b"]}, {"exclude_below_share": 0.5}, {"exclude_below_share": 50.0}):
        outcome = grouped(values, bound, **parameters)
        assert outcome.verdict is Verdict.INCONCLUSIVE
        assert any("not compared" in warning for warning in outcome.warnings)
    assert grouped(values, bound).verdict is Verdict.FAIL
