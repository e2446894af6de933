"""NaN, missing, infinite and wrong units never pass; comparisons are unrounded (attack cases DT-02, DT-09)."""

from __future__ import annotations

import math

import pytest

from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.verdicts import (
    OPERATORS,
    Threshold,
    Verdict,
    fault_of,
    judge,
    judge_exact,
    rows_needed,
    worst,
)


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_never_passes(op, value):
    threshold = Threshold("m", op, 0.5)
    ends = (math.nan, math.nan) if value is None else (value, value)
    assert not threshold.holds(value)
    assert judge(threshold, value, 100, own=ends, simultaneous=ends)[0] is Verdict.INCONCLUSIVE
    assert judge_exact(threshold, value, 100)[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("op", OPERATORS)
def test_an_interval_that_is_not_there_decides_nothing(op):
    nothing = (math.nan, math.nan)
    for value in (0.1, 0.5, 0.9):
        assert (
            judge(Threshold("m", op, 0.5), value, 9, own=nothing, simultaneous=nothing)[0]
            is Verdict.INCONCLUSIVE
        )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.8, Verdict.PASS), (0.79999, Verdict.FAIL), (0.7999999999, Verdict.FAIL), (8 / 10, Verdict.PASS)],
)
def test_comparisons_are_unrounded(value, expected):
    verdict, why = judge(Threshold("m", ">=", 0.8), value, 9, own=(value, value), simultaneous=(value, value))
    assert verdict is expected
    assert repr(value) in why


@pytest.mark.parametrize("bound", [math.nan, math.inf, True])
def test_unsound_thresholds_cannot_be_made(bound):
    with pytest.raises(ValueError, match="bound"):
        Threshold("m", ">=", bound)
    with pytest.raises(ValueError, match="operator"):
        Threshold("m", "=>", 0.5)


def test_eighty_is_not_meant_for_a_ratio():
    assert fault_of(Threshold("r", ">=", 80), "ratio", 0, 1) is not None
    assert fault_of(Threshold("r", ">=", 0.8, "percent"), "ratio", 0, 1) is not None
    assert fault_of(Threshold("r", ">=", 0.8, "ratio"), "ratio", 0, 1) is None


@pytest.mark.parametrize(
    ("value", "own", "wide", "expected"),
    [
        (0.9, (0.85, 0.95), (0.8, 1.0), Verdict.PASS),
        (0.9, (0.75, 0.95), (0.7, 1.0), Verdict.INCONCLUSIVE),
        (0.7, (0.65, 0.75), (0.6, 0.79), Verdict.FAIL),
        (0.7, (0.65, 0.75), (0.6, 0.81), Verdict.INCONCLUSIVE),
    ],
)
def test_pass_needs_all_inside_and_fail_all_outside(value, own, wide, expected):
    assert judge(Threshold("m", ">=", 0.8), value, 99, own=own, simultaneous=wide)[0] is expected


def test_absolute_bounds_look_both_ways():
    threshold = Threshold("d", "abs<=", 0.1)
    assert threshold.all_inside(-0.05, 0.09)
    assert not threshold.all_inside(-0.11, 0.0)
    assert threshold.all_outside(-0.3, -0.11)
    assert not threshold.all_outside(-0.3, 0.3)


def test_worst_first_and_nothing_judged_is_no_pass():
    assert worst([Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE]) is Verdict.FAIL
    assert worst([Verdict.FAIL, Verdict.ERROR]) is Verdict.ERROR
    assert worst([None, Verdict.PASS]) is Verdict.PASS
    assert worst([]) is Verdict.INCONCLUSIVE
    assert worst([None, None]) is Verdict.INCONCLUSIVE


def test_rows_needed_shrink_the_interval_to_the_bound():
    assert rows_needed(100, 0.75, 0.5, 0.25, 1.0) == 400
    assert rows_needed(100, 0.8, 0.8, 0.7, 0.9) is None
    assert rows_needed(100, math.nan, 0.8, 0.7, 0.9) is None


def test_outcomes_are_json_with_null_for_nan_and_a_steady_digest():
    def outcome(value):
        result = Result("m", {}, value, math.nan, math.inf, 3, "", None, None, "", "", {"x": math.nan})
        return CheckOutcome("c", (result,), "s")

    assert '"value":null' in outcome(math.nan).json()
    assert outcome(math.nan).verdict is Verdict.INCONCLUSIVE
    assert outcome(0.1).digest == outcome(0.1).digest != outcome(0.2).digest
