"""Imported results pass only by an interval of their own, and what is broken about them is never a figure."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.statistics import imported
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import OPERATORS, Threshold, Verdict

BOUND = Threshold("robustness_value", ">=", 0.8)
NAN, INF = float("nan"), float("inf")


def run(rows, thresholds=(BOUND,), *, function=imported.run_robustness, **parameters):
    """`rows` is a list of mappings; what one lacks is blank."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["measure", "value"]
    table = table_from_values({name: [row.get(name) for row in rows] for name in names})
    return function(
        table, None, columns=Columns(), thresholds=tuple(thresholds), parameters=parameters, seed=0
    )


def row(value=0.9, low=0.85, high=0.95, measure="noise", **more):
    return {"measure": measure, "value": value, "low": low, "high": high, **more}


@pytest.mark.parametrize(
    ("given_row", "verdict"),
    [
        (row(), Verdict.PASS),
        (row(low=0.8), Verdict.PASS),
        (row(low=0.79), Verdict.INCONCLUSIVE),
        (row(0.7, 0.6, 0.79), Verdict.FAIL),
        (row(0.7, 0.6, 0.81), Verdict.INCONCLUSIVE),
        (row(low=0.85, high=None), Verdict.PASS),
        (row(low=None, high=0.95), Verdict.INCONCLUSIVE),
        (row(0.7, low=None, high=0.75), Verdict.FAIL),
        (row(low=None, high=None), Verdict.INCONCLUSIVE),
        (row(0.1, low=None, high=None), Verdict.INCONCLUSIVE),
        (row(NAN), Verdict.ERROR),
        (row(None), Verdict.ERROR),
        (row(INF), Verdict.ERROR),
        (row(INF, 0.85, INF), Verdict.ERROR),
        (row(0.99), Verdict.ERROR),
        (row(0.84), Verdict.ERROR),
        (row(0.9, 0.95, 0.85), Verdict.ERROR),
    ],
)
def test_a_row_is_judged_by_its_own_interval(given_row, verdict):
    outcome = run([given_row, row(measure="other")])
    assert outcome.results[0].verdict is verdict
    assert outcome.results[0].why
    json.dumps(outcome.as_dict(), allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(OPERATORS), st.floats(-3, 3), st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.sampled_from(["both", "low", "high", "none"]),
)  # fmt: skip
def test_what_passes_holds_everywhere_in_the_interval_and_what_fails_nowhere(op, bound, ends, kept):
    low, value, high = sorted(ends)
    threshold = Threshold("robustness_value", op, abs(bound) if op.startswith("abs") else bound)
    given_row = row(
        value, low if kept in ("both", "low") else None, high if kept in ("both", "high") else None
    )
    verdict = run([given_row], [threshold]).results[0].verdict
    ends = (low if kept in ("both", "low") else -1e9, value, high if kept in ("both", "high") else 1e9)
    held = [threshold.holds(point) for point in ends]
    if verdict is Verdict.PASS:
        assert kept != "none"
        assert all(held)
    elif verdict is Verdict.FAIL:
        assert kept != "none"
        assert not any(held)


def test_counted_measures_need_no_interval_but_must_be_named():
    rows = [row(0.9, None, None), row(0.7, None, None, measure="Shift ")]
    outcome = run(rows, exact_measures=["noise", "shift"])
    assert [r.verdict for r in outcome.results] == [Verdict.PASS, Verdict.FAIL]
    assert run(rows, exact_measures=["noise"]).results[1].verdict is Verdict.INCONCLUSIVE
    wide = run([row(0.9, 0.1, 1.0)], exact_measures=["noise"])
    assert wide.verdict is Verdict.INCONCLUSIVE, "an interval that is there counts"
    with pytest.raises(BadInput) as caught:
        run(rows, exact_measures=["blur"])
    assert caught.value.code == "parameter"


def test_a_threshold_addresses_one_measure_by_its_slice():
    one = Threshold("robustness_value", ">=", 0.92, slice=(("measure", "shift"),))
    gone = Threshold("robustness_value", ">=", 0.1, slice=(("measure", "blur"),))
    outcome = run([row(), row(measure="shift")], [one, gone])
    assert [(r.slice.get("measure"), r.verdict) for r in outcome.results] == [
        ("noise", None), ("shift", Verdict.INCONCLUSIVE), ("blur", Verdict.INCONCLUSIVE),
    ]  # fmt: skip


def test_few_rows_and_unsaid_rows_decide_nothing():
    bound = Threshold("robustness_value", ">=", 0.8, minimum_n=100)
    for n, verdict in ((None, Verdict.INCONCLUSIVE), (99, Verdict.INCONCLUSIVE), (100, Verdict.PASS)):
        assert run([row(n=n), row(measure="other", n=500)], [bound]).results[0].verdict is verdict
    exact = run([row(0.9, None, None, n=5)], [bound], exact_measures=["noise"])
    assert exact.verdict is Verdict.INCONCLUSIVE


def test_units_must_agree():
    for unit, verdict in (
        ("ms", Verdict.PASS),
        ("", Verdict.PASS),
        (imported.UNIT, Verdict.PASS),
        ("s", Verdict.ERROR),
    ):
        bound = Threshold("robustness_value", ">=", 0.8, unit)
        outcome = run([row(unit="ms")], [bound])
        assert outcome.verdict is verdict
        assert outcome.results[0].unit == "ms"


def test_where_results_come_from_is_said():
    outcome = run([row(tool="art", tool_version="1.18", n=400), row(measure="shift")])
    assert outcome.results[0].method == "imported from art 1.18"
    assert outcome.results[0].details["tool_version"] == "1.18"
    assert outcome.warnings == ("No tool is named for 'shift': nobody can measure that again.",)
    assert outcome.tables["imported"]["rows"][0] == ["noise", 0.9, 0.85, 0.95, 400, "", "art", "1.18"]


def test_broken_rows_are_errors_though_nobody_asked():
    outcome = run([row(), row(NAN, measure="shift")], [])
    assert [r.verdict for r in outcome.results] == [None, Verdict.ERROR]
    assert outcome.verdict is Verdict.ERROR


def test_nothing_imported_passes_nothing():
    assert run([]).verdict is Verdict.INCONCLUSIVE
    assert run([row()], []).verdict is Verdict.INCONCLUSIVE
    assert run([row()], [Threshold("accuracy", ">=", 0.1)]).verdict is Verdict.ERROR


def test_explainability_is_judged_alike_under_its_own_name():
    bound = Threshold("explainability_value", ">=", 0.8)
    outcome = run([row(measure="faithfulness")], [bound], function=imported.run_explainability)
    assert (outcome.check, outcome.verdict) == ("explainability", Verdict.PASS)
    assert run([row()], [BOUND], function=imported.run_explainability).verdict is Verdict.ERROR
    assert math.isclose(outcome.results[0].value, 0.9)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"measure": "noise"}], "missing-column"),
        ([{"value": 0.9}], "missing-column"),
        ([row(), row(0.95)], "duplicate-measure"),
        ([row(), row(measure=" NOISE")], "duplicate-measure"),
        ([row(measure=None), row()], "bad-value"),
        ([row("good"), row(measure="shift")], "bad-value"),
        ([row(n=-1)], "bad-value"),
        ([row(n=1.5)], "bad-value"),
        ([row(n=INF)], "bad-value"),
        ([row(low="none")], "bad-value"),
        ([row(low=NAN)], "bad-value"),
    ],
)
def test_bad_input_is_named(rows, code):
    with pytest.raises(BadInput) as caught:
        run(rows)
    assert caught.value.code == code
    assert caught.value.column
