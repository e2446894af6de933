"""A bad part is found among many good ones, chance among many is not, and small parts stay in the list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from monitoring.statistics import slices
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import difference
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

DROP = Threshold("slice_accuracy_drop", "<=", 0.1)


def run(data, thresholds=(), *, features=(), sensitive=(), label="y", prediction="p", **parameters):
    return slices.run(
        table_from_values({name: list(held) for name, held in data.items()}), None,
        columns=Columns(label=label, prediction=prediction, features=features, sensitive=sensitive),
        thresholds=tuple(thresholds), parameters=parameters, seed=0,
    )  # fmt: skip


def one(outcome, metric, column, name):
    return next(r for r in outcome.results if r.metric == metric and r.slice == {column: name})


def sample(rng, n, *, bad="", by=0.3, kinds=10):
    """Predictions right nine times in ten, in the region `bad` less often by `by`."""
    region = rng.choice([f"r{k}" for k in range(kinds)], n)
    truth = rng.integers(0, 2, n)
    right = rng.random(n) < 0.9 - by * (region == bad)
    return {
        "y": truth,
        "p": np.where(right, truth, 1 - truth),
        "region": region,
        "age": rng.normal(40, 10, n),
    }


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000), st.integers(20, 200))
def test_figures_equal_scikit_learn_and_slices_hold_every_row(seed, n):
    data = sample(np.random.default_rng(seed), n, kinds=3)
    outcome = run(data)
    for column in ("region", "age"):
        found = [r for r in outcome.results if r.metric == "slice_accuracy" and column in r.slice]
        assert sum(r.n for r in found) == n
        assert sum(r.value * r.n for r in found) == pytest.approx((data["y"] == data["p"]).sum())
    for region in set(data["region"]):
        inside = data["region"] == region
        drop = one(outcome, "slice_accuracy_drop", "region", region)
        accuracies = [accuracy_score(data["y"][part], data["p"][part]) for part in (~inside, inside)]
        assert drop.value == pytest.approx(accuracies[0] - accuracies[1])
        right = data["y"] == data["p"]
        low, high = difference(right[~inside].sum(), (~inside).sum(), right[inside].sum(), inside.sum(), 0.95)
        assert (drop.low, drop.high) == pytest.approx((low, high))


def test_quarters_are_quarters():
    data = {"y": [0, 1] * 200, "p": [0, 1] * 200, "x": list(range(400))}
    found = [r for r in run(data).results if r.metric == "slice_accuracy"]
    assert [(r.slice["x"], r.n) for r in found] == [
        ("at most 99", 100), ("over 99, at most 199", 100), ("over 199, at most 299", 100), ("over 299", 100),
    ]  # fmt: skip
    binary = [r.slice["x"] for r in run(data | {"x": [0, 1] * 200}).results if r.metric == "slice_accuracy"]
    assert binary == ["at most 0", "over 0, at most 1"]


def test_a_bad_part_fails_and_the_others_pass():
    outcome = run(sample(np.random.default_rng(1), 20_000, bad="r3"), [DROP])
    failed = [r.slice for r in outcome.results if r.verdict is Verdict.FAIL]
    assert failed == [{"region": "r3"}]
    assert run(sample(np.random.default_rng(1), 20_000), [DROP]).verdict is Verdict.PASS


def test_the_worst_of_many_parts_does_not_fail_by_chance_and_a_bad_one_does_not_pass():
    rng = np.random.default_rng(2)
    failed = passed = 0
    for _ in range(60):
        even = sample(rng, 1_500, kinds=20)
        failed += run(even, [Threshold("slice_accuracy_drop", "<=", 0.0)]).verdict is Verdict.FAIL
        at_the_bound = run(sample(rng, 1_500, bad="r0", by=0.1, kinds=5), [DROP], features=("region",))
        passed += one(at_the_bound, "slice_accuracy_drop", "region", "r0").verdict is Verdict.PASS
    assert failed <= 4
    assert passed <= 6


def test_small_parts_are_undecided_and_listed():
    data = sample(np.random.default_rng(3), 5_000, kinds=2)
    data["region"] = np.where(np.arange(5_000) < 12, "tiny", data["region"])
    outcome = run(data, [DROP], features=("region",))
    tiny = one(outcome, "slice_accuracy_drop", "region", "tiny")
    assert (tiny.verdict, tiny.n) == (Verdict.INCONCLUSIVE, 12)
    assert "at least 30" in tiny.why
    assert tiny.details["rows_needed"] is not None
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert ["region", "tiny", 12, 12] in [row[:4] for row in outcome.tables["slices"]["rows"]]


def test_many_values_are_put_together_openly():
    data = sample(np.random.default_rng(3), 3_000, kinds=40)
    outcome = run(data, [DROP], features=("region",), maximum_values=10)
    names = [r.slice["region"] for r in outcome.results if r.metric == "slice_accuracy"]
    assert len(names) == 10
    assert slices.OTHERS in names
    assert any("31 rarer ones" in text for text in outcome.warnings)
    assert sum(r.n for r in outcome.results if r.metric == "slice_accuracy") == 3_000


def test_missing_and_infinite_values_are_slices():
    data = sample(np.random.default_rng(4), 400)
    data["age"] = [None] * 40 + [float("nan")] * 40 + [float("inf")] * 40 + list(data["age"][120:])
    data["region"] = [None] * 50 + list(data["region"][50:])
    outcome = run(data)
    assert one(outcome, "slice_accuracy", "age", "(missing)").n == 80
    assert one(outcome, "slice_accuracy", "age", slices.INFINITE).n == 40
    assert one(outcome, "slice_accuracy", "region", "(missing)").n == 50


def test_sensitive_attributes_and_cuts_are_slices():
    data = sample(np.random.default_rng(4), 400)
    outcome = run(data, sensitive=("age<=40", "region"), features=("age",))
    assert (
        one(outcome, "slice_accuracy", "age", "<=40").n + one(outcome, "slice_accuracy", "age", ">40").n
        == 400
    )
    assert outcome.inputs["cut"] == ["age", "region"], "the named cut stands for the column"


def test_a_part_without_labels_does_not_pass():
    data = sample(np.random.default_rng(5), 6_000, kinds=3)
    blank = (data["region"] == "r1") & (np.arange(6_000) % 8 == 0)
    data["y"] = [None if gone else int(value) for value, gone in zip(data["y"], blank, strict=True)]
    outcome = run(data, [DROP], features=("region",))
    assert one(outcome, "slice_accuracy_drop", "region", "r1").verdict is Verdict.INCONCLUSIVE
    assert "too many to pass" in one(outcome, "slice_accuracy_drop", "region", "r1").why
    assert one(outcome, "slice_accuracy_drop", "region", "r0").verdict is Verdict.PASS
    data["y"] = [None if value == "r1" else 1 for value in data["region"]]
    gone = run(data, [DROP], features=("region",))
    assert one(gone, "slice_accuracy_drop", "region", "r1").value is None
    assert gone.verdict is not Verdict.PASS


@pytest.mark.parametrize("constant", [["a"] * 50, [1.0] * 50, [None] * 50])
def test_a_column_of_one_value_has_no_slices_and_passes_nothing(constant):
    data = {"y": [0, 1] * 25, "p": [0, 1] * 25, "x": constant}
    outcome = run(data, [DROP])
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert any("no slices" in text for text in outcome.warnings)


def test_perfect_predictions_on_few_rows_are_no_certainty():
    data = {"y": [0, 1] * 40, "p": [0, 1] * 40, "x": ["a"] * 40 + ["b"] * 40}
    assert run(data, [Threshold("slice_accuracy", ">=", 0.98)]).verdict is Verdict.INCONCLUSIVE
    one_row = run({name: column[:1] for name, column in data.items()}, [DROP], prediction="p")
    assert one_row.verdict is Verdict.INCONCLUSIVE


def test_labels_are_read_in_every_spelling():
    data = sample(np.random.default_rng(6), 300)
    figures = {
        one(run(data | {"y": [spell(v) for v in data["y"]]}), "slice_accuracy", "region", "r1").value
        for spell in (int, float, bool, lambda v: "yes" if v else " NO")
    }
    assert len(figures) == 1


def test_errors_of_amounts_are_compared():
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(150):
        kind = np.repeat(["a", "b"], (60, 240))
        truth = rng.normal(0, 5, 300)
        guess = truth + rng.normal(0, 1, 300) * np.where(kind == "a", 1.5, 1)
        outcome = run({"y": truth, "p": guess, "kind": kind}, task="regression", features=("kind",))
        found = one(outcome, "slice_mae_ratio", "kind", "a")
        held += found.low <= 1.5 <= found.high
    assert held >= 0.92 * 150
    errors = abs(guess - truth)
    assert found.value == pytest.approx(errors[:60].mean() / errors[60:].mean())
    bound = [Threshold("slice_mae_ratio", "<=", 1.2)]
    data = {"y": np.tile(truth, 20), "p": np.tile(guess, 20), "kind": np.tile(kind, 20)}
    assert run(data, bound, task="regression", features=("kind",)).verdict is Verdict.FAIL


def test_amounts_without_spread_or_finite_numbers_do_not_pass():
    bound = [Threshold("slice_mae_ratio", "<=", 1.2)]
    base = {"y": [1.0] * 80, "kind": ["a", "b"] * 40}
    exact = run(base | {"p": [1.0] * 80}, bound, task="regression")
    assert exact.verdict is Verdict.INCONCLUSIVE
    even = run(base | {"p": [2.0] * 80}, [Threshold("slice_mae_ratio", "<=", 1.05)], task="regression")
    assert even.verdict is Verdict.INCONCLUSIVE
    for odd in (float("nan"), float("inf"), None):
        outcome = run(base | {"p": [odd] + [1.5, 1.2] * 39 + [1.1]}, bound, task="regression")
        assert outcome.verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("data", "said", "code"),
    [
        ({"y": [0, 1], "p": [0, 1]}, {"label": None}, "missing-column"),
        ({"y": [0, 1], "p": [0, 1]}, {"prediction": None}, "missing-column"),
        ({"y": [0, 1], "p": [0, 1]}, {"features": ("x",)}, "unknown-column"),
        ({"y": [0, 1, 2], "p": [0, 1, 1]}, {}, "not-binary"),
        ({"y": [0, 1], "p": [0, 1]}, {"task": "ranking"}, "parameter"),
        ({"y": [0, 1], "p": [0, 1]}, {"maximum_values": 1}, "parameter"),
        ({"y": ["a", "b"], "p": [0, 1]}, {"task": "regression"}, "bad-value"),
    ],
)
def test_bad_input_is_named(data, said, code):
    with pytest.raises(BadInput) as caught:
        run(data, **said)
    assert caught.value.code == code
    assert caught.value.column
