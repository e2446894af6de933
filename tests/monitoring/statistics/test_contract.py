"""A contract's rules are counted; personal values are not shown."""

from __future__ import annotations

import math

import pytest

from monitoring.statistics import contract
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

DATA = {"age": [30, 40, 50, None], "sex": ["F", "M", "f ", "M"], "id": ["p1", "p2", "p3", "p3"]}


def _run(rules, data=None, reference=None, thresholds=(), **parameters):
    return contract.run(
        table_from_values(data or DATA),
        table_from_values(reference) if reference else None,
        columns=Columns(),
        thresholds=tuple(thresholds),
        parameters={"columns": rules, **parameters},
        seed=0,
    )


@pytest.mark.parametrize(
    ("rules", "parameters", "metric", "verdict"),
    [
        ({"age": {"kind": "number", "min": 18, "max": 99}}, {}, "min_violations", Verdict.PASS),
        ({"age": {"min": 35}}, {}, "min_violations", Verdict.FAIL),
        ({"age": {"max": 45}}, {}, "max_violations", Verdict.FAIL),
        ({"sex": {"min": 1}}, {}, "min_violations", Verdict.ERROR),
        ({"age": {"missing": 0.25}}, {}, "missing_share", Verdict.PASS),
        ({"age": {"missing": 0.2}}, {}, "missing_share", Verdict.FAIL),
        ({"sex": {"allowed": ["F", "M"]}}, {}, "not_allowed", Verdict.PASS),
        ({"sex": {"allowed": ["F"]}}, {}, "not_allowed", Verdict.FAIL),
        ({"id": {"unique": True}}, {}, "duplicates", Verdict.FAIL),
        ({"age": {"kind": "text"}}, {}, "schema_faults", Verdict.FAIL),
        ({"income": {}}, {}, "schema_faults", Verdict.FAIL),
        ({"income": {"required": False}}, {}, "schema_faults", Verdict.PASS),
        ({"age": {}}, {"closed": True}, "schema_faults", Verdict.FAIL),
        ({"age": {}}, {"rows_at_least": 5}, "rows", Verdict.FAIL),
        ({"age": {}}, {"rows_at_most": 3}, "rows", Verdict.FAIL),
        ({"age": {}}, {"unique_together": ["sex", "id"]}, "duplicate_rows", Verdict.PASS),
        ({"age": {}}, {"required_groups": {"sex": ["F", "X"]}}, "group_rows", Verdict.FAIL),
    ],
)
def test_each_rule_has_its_verdict(rules, parameters, metric, verdict):
    found = [r.verdict for r in _run(rules, **parameters).results if r.metric == metric]
    assert verdict in found
    assert verdict is Verdict.PASS or _run(rules, **parameters).verdict is verdict


def test_infinities_fail_unless_the_contract_allows_them():
    data = {"x": [1.0, math.inf, 2.0, 3.0]}
    assert _run({"x": {}}, data).verdict is Verdict.FAIL
    assert _run({"x": {"infinite": 0.5}}, data).verdict is Verdict.PASS


def test_bad_values_are_counted_and_not_shown():
    text = _run({"id": {"allowed": ["p1"], "unique": True}}).json()
    assert "p3" not in text


def test_the_reference_stands_in_for_a_contract():
    outcome = _run({}, reference=DATA)
    assert outcome.verdict is Verdict.PASS
    assert _run({}, {"age": ["x"] * 4, "sex": ["F"] * 4}, reference=DATA).verdict is Verdict.FAIL
    with pytest.raises(BadInput, match="contract"):
        _run({})


@pytest.mark.parametrize(
    "rules", [{"age": {"regex": ".*"}}, {"age": {"min": "18"}}, {"age": {"max": math.nan}}, {"age": 5}]
)
def test_a_contract_that_cannot_be_meant_is_refused(rules):
    with pytest.raises(BadInput):
        _run(rules)


def test_a_policy_can_bound_what_the_contract_counts():
    results = _run({"age": {}}, thresholds=[Threshold("missing_share", "<=", 0.1, set_by="policy")]).results
    assert any(r.verdict is Verdict.FAIL and r.threshold.set_by == "policy" for r in results)
    assert _run({"age": {}}, thresholds=[Threshold("duplicates", "<=", 0)]).verdict is Verdict.INCONCLUSIVE


def test_data_that_the_model_was_trained_on_fail_and_unknown_ones_do_not_pass():
    """Current inside training data, byte for byte; of single rows the check says that it cannot tell."""
    table = table_from_values(DATA)
    verdicts = []
    for digest in ("aa", "bb", ""):
        table.facts.update({"digest": digest})
        outcome = contract.run(
            table,
            None,
            columns=Columns(),
            thresholds=(),
            parameters={"columns": {"age": {}}, "training_digests": ["aa", "cc"]},
            seed=0,
        )
        verdicts.append(outcome.verdict)
    assert verdicts == [Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE]


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (["2026-03-01T10:00:00Z", "2026-03-01T22:00:00Z", None], 2.0),
        (["2026-03-01T23:30:00+02:00", "2026-03-01 20:00:00"], 2.5),
        ([1772402400.0, 1772316000.0], 2.0),
        (["2026-03-02T01:00:00Z"], -1.0),
    ],
)
def test_how_old_the_newest_row_is(times, hours):
    rule = {"column": "at", "as_of": "2026-03-02T00:00:00Z", "hours": 2.2}
    table = table_from_values({"at": times})
    outcome = contract.run(table, table, columns=Columns(), thresholds=(), parameters={"fresh": rule}, seed=0)
    found = next(result for result in outcome.results if result.metric == "hours_behind")
    assert found.value == pytest.approx(hours)
    assert (found.verdict is Verdict.PASS) is (hours <= 2.2)


@pytest.mark.parametrize(
    ("times", "verdict"), [([None, None], "inconclusive"), (["yesterday"], "not-a-time")]
)
def test_times_that_are_none_pass_nothing(times, verdict):
    rule = {"column": "at", "as_of": "2026-03-02T00:00:00Z", "hours": 24}
    table = table_from_values({"at": times, "x": list(range(len(times)))})
    said = {"columns": Columns(), "thresholds": (), "parameters": {"fresh": rule}, "seed": 0}
    if verdict == "not-a-time":
        with pytest.raises(BadInput) as refused:
            contract.run(table, table, **said)
        assert refused.value.code == verdict
    else:
        found = next(r for r in contract.run(table, table, **said).results if r.metric == "hours_behind")
        assert found.verdict == verdict
