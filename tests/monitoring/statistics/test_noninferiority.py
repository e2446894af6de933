"""A candidate passes only where an interval excludes the margin, and pairing is said, not guessed quietly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn.metrics import accuracy_score, brier_score_loss, recall_score, roc_auc_score

from monitoring.statistics import intervals, noninferiority
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

COLUMNS = Columns(label="y", prediction="p", score="s")
ACCURACY = Threshold("accuracy_change", ">=", -0.02)
AUC = Threshold("auc_change", ">=", -0.02)
BRIER = Threshold("brier_change", "<=", 0.02)
ALL = (ACCURACY, Threshold("recall_change", ">=", -0.02), AUC, BRIER)


def run(current, reference=None, thresholds=(), *, columns=COLUMNS, **parameters):
    tables = [
        table_from_values({name: list(held) for name, held in side.items()}) if side else None
        for side in (current, reference)
    ]
    return noninferiority.run(
        tables[0], tables[1], columns=columns, thresholds=tuple(thresholds), parameters=parameters, seed=0
    )


def values(outcome):
    return {result.metric: result for result in outcome.results}


def sample(rng, n, *, skill=2.0, old=2.0, together=0.7):
    """Labels, and both versions' scores with common noise."""
    truth = (rng.random(n) < 0.4).astype(int)
    shared = rng.normal(size=n)

    def score(strength):
        noise = together * shared + math.sqrt(1 - together**2) * rng.normal(size=n)
        return 1 / (1 + np.exp(-(strength * (truth - 0.5) + noise)))

    new, was = score(skill), score(old)
    return {"y": truth, "p": (new > 0.5).astype(int), "s": new, "op": (was > 0.5).astype(int), "os": was}


def in_one(data, thresholds=(), **parameters):
    return run(data, None, thresholds, incumbent_prediction="op", incumbent_score="os", **parameters)


def apart(data):
    new = {"y": data["y"], "p": data["p"], "s": data["s"]}
    return new, {"y": data["y"], "p": data["op"], "s": data["os"]}


def score_statistic(gained, lost, n, delta):
    """Tango's statistic by maximising the trinomial likelihood numerically, not by the quadratic equation."""

    def surprise(share):
        parts = ((gained, share + delta), (lost, share), (n - gained - lost, 1 - 2 * share - delta))
        return -sum(k * math.log(max(p, 1e-300)) for k, p in parts if k)

    found = minimize_scalar(
        surprise, bounds=(max(0, -delta), (1 - delta) / 2), method="bounded", options={"xatol": 1e-12}
    )
    return (gained - lost - n * delta) / math.sqrt(n * (2 * found.x + delta - delta**2))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.999]))
def test_paired_shares_are_tangos(gained, lost, same, level):
    n = gained + lost + same
    if not n:
        assert all(map(math.isnan, intervals.tango(0, 0, 0, level)))
        return
    low, high = intervals.tango(gained, lost, n, level)
    z = stats.norm.isf((1 - level) / 2)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert low < high
    for end, sign in ((low, 1), (high, -1)):
        if abs(end) < 1 - 1e-9:
            assert score_statistic(gained, lost, n, end) == pytest.approx(sign * z, abs=1e-3)
    if gained == lost == 0:
        assert high == pytest.approx(z * z / (n + z * z))


def test_figures_equal_scikit_learn_on_the_same_rows():
    data = sample(np.random.default_rng(2), 800)
    found = values(in_one(data))
    for metric, figure, new, old in (
        ("accuracy_change", accuracy_score, "p", "op"),
        ("recall_change", recall_score, "p", "op"),
        ("auc_change", roc_auc_score, "s", "os"),
        ("brier_change", brier_score_loss, "s", "os"),
    ):
        expected = figure(data["y"], data[new]) - figure(data["y"], data[old])
        assert found[metric].value == pytest.approx(expected, abs=1e-12)
        assert found[metric].details["paired"]
    assert found["recall_change"].n == data["y"].sum()


def test_paired_intervals_equal_a_bootstrap_and_are_shorter_than_two_samples():
    rng = np.random.default_rng(4)
    data = sample(rng, 1_500)
    found = values(in_one(data))
    draws = []
    for _ in range(300):
        rows = rng.integers(0, 1_500, 1_500)
        y, new, old = data["y"][rows], data["s"][rows], data["os"][rows]
        draws.append(intervals.delong(new, y)[0] - intervals.delong(old, y)[0])
    width = found["auc_change"].high - found["auc_change"].low
    assert width == pytest.approx(2 * 1.96 * np.std(draws), rel=0.15)
    new, old = apart(data)
    old = {name: np.roll(column, 1) for name, column in old.items()}
    loose = values(run(new, old))
    for metric, result in loose.items():
        assert not result.details["paired"]
        assert result.high - result.low > found[metric].high - found[metric].low
    squared = (data["s"] - data["y"]) ** 2, (data["os"] - data["y"]) ** 2
    low, high = stats.ttest_ind(*squared, equal_var=False).confidence_interval(0.95)
    assert (loose["brier_change"].low, loose["brier_change"].high) == pytest.approx((low, high))
    low, high = stats.ttest_rel(*squared).confidence_interval(0.95)
    assert (found["brier_change"].low, found["brier_change"].high) == pytest.approx((low, high), abs=2e-3)


def test_a_candidate_that_is_worse_by_the_margin_rarely_passes():
    """Accuracy is worse by exactly the margin; the versions disagree on a tenth of the rows."""
    rng = np.random.default_rng(6)
    passed = 0
    for _ in range(200):
        kind = rng.choice(3, 600, p=[0.04, 0.06, 0.9])
        data = {"y": [1] * 600, "p": (kind != 1).astype(int), "op": (kind != 0).astype(int)}
        outcome = run(
            data, None, [ACCURACY], columns=Columns(label="y", prediction="p"), incumbent_prediction="op"
        )
        passed += outcome.verdict is Verdict.PASS
    assert passed <= 0.085 * 200


def test_the_better_passes_the_worse_fails_and_few_rows_cannot_tell():
    rng = np.random.default_rng(9)
    assert in_one(sample(rng, 4_000, skill=2.5), ALL).verdict is Verdict.PASS
    assert in_one(sample(rng, 4_000, skill=0.5), ALL).verdict is Verdict.FAIL
    few = in_one(sample(rng, 120), ALL)
    assert few.verdict is Verdict.INCONCLUSIVE
    assert all(
        r.details["rows_needed"] > 120 for r in few.results if r.metric == "accuracy_change" and r.value
    )
    assert in_one(sample(rng, 20, skill=9.0), ALL).verdict is Verdict.INCONCLUSIVE


def test_equal_models_on_few_rows_are_no_proof_and_on_many_they_are():
    rng = np.random.default_rng(1)
    few, many = sample(rng, 100), sample(rng, 20_000)
    for data, verdict in ((few, Verdict.INCONCLUSIVE), (many, Verdict.PASS)):
        data |= {"op": data["p"], "os": data["s"]}
        outcome = in_one(data, ALL)
        assert {r.value for r in outcome.results} == {0.0}
        assert outcome.verdict is verdict
        assert any("same answer" in text for text in outcome.warnings)


def test_rows_are_joined_by_id_in_any_order():
    rng = np.random.default_rng(12)
    data = sample(rng, 500)
    new, old = apart(data)
    ids = np.array([f"Case-{number}" for number in range(500)])
    shuffle = rng.permutation(500)
    old = {name: column[shuffle] for name, column in old.items()} | {"id": ids[shuffle]}
    outcome = run(new | {"id": ids}, old, ALL, id="id")
    assert outcome.inputs["pairing"]["matched"] == 500
    assert "500 rows matched" in outcome.summary
    straight = values(in_one(data))
    for metric, result in values(outcome).items():
        assert (result.value, result.low, result.high) == pytest.approx(
            (straight[metric].value, straight[metric].low, straight[metric].high)
        )
    without = run(new, old)
    assert not without.inputs["pairing"]["paired"]
    aligned = run(*apart(data))
    assert aligned.inputs["pairing"]["paired_by"] == "equal labels row by row"
    assert any("Name an id" in text for text in aligned.warnings)


def test_rows_without_a_counterpart_are_counted_and_hold_a_pass():
    data = sample(np.random.default_rng(3), 4_000, skill=2.5)
    new, old = apart(data)
    new["id"] = old["id"] = np.arange(4_000)
    # The candidate gave up on the rows that it has wrong: on what is left it looks better than it is.
    keep = (new["p"] == new["y"]) | (np.arange(4_000) % 2 == 0)
    outcome = run({name: column[keep] for name, column in new.items()}, old, ALL, id="id")
    assert outcome.inputs["pairing"]["incumbent_alone"] == int((~keep).sum())
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert any("no counterpart" in r.why for r in outcome.results)


def test_labels_are_read_alike_on_both_sides():
    data = sample(np.random.default_rng(3), 600)
    new, old = apart(data)
    expected = values(run(new, old))["accuracy_change"].value
    for spell in (float, bool, lambda v: " YES " if v else "no"):
        spelled = {"y": [spell(v) for v in old["y"]], "p": [spell(v) for v in old["p"]], "s": old["s"]}
        outcome = run(new, spelled)
        assert values(outcome)["accuracy_change"].value == expected
        assert outcome.inputs["pairing"]["paired"]


def test_missing_answers_and_odd_scores_never_pass():
    data = sample(np.random.default_rng(5), 4_000, skill=2.5)
    bare = data | {"p": [None] * 400 + list(data["p"][400:])}
    outcome = in_one(bare, [ACCURACY])
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "too many to pass" in values(outcome)["accuracy_change"].why
    for odd in (float("nan"), float("inf"), 1.5):
        outcome = in_one(data | {"s": [odd, *data["s"][1:]]}, [BRIER])
        assert outcome.verdict is Verdict.ERROR
    ranked = in_one(data | {"s": 10 * data["s"]}, [AUC, BRIER], score_range="any")
    assert values(ranked)["auc_change"].verdict is Verdict.PASS
    assert values(ranked)["brier_change"].verdict is Verdict.INCONCLUSIVE


def test_one_class_and_one_row_are_undefined():
    data = sample(np.random.default_rng(5), 200)
    none = in_one(data | {"y": [0] * 200}, ALL)
    assert values(none)["auc_change"].value is None
    assert values(none)["recall_change"].verdict is Verdict.INCONCLUSIVE
    single = {name: column[:1] for name, column in data.items()}
    assert in_one(single, ALL).verdict is Verdict.INCONCLUSIVE
    blank = in_one(data | {"y": [None] * 200}, ALL)
    assert {r.verdict for r in blank.results} == {Verdict.INCONCLUSIVE}


def test_separation_by_both_is_no_certainty():
    y = np.array([0] * 300 + [1] * 10)
    data = {"y": y, "s": y * 0.8 + 0.1, "os": y * 0.6 + 0.2}
    columns = Columns(label="y", score="s")
    tight = [Threshold("auc_change", ">=", -0.05)]
    assert run(data, None, tight, columns=columns, incumbent_score="os").verdict is Verdict.INCONCLUSIVE
    loose = run({"y": y, "s": data["s"]}, {"y": y[::-1], "s": data["os"][::-1]}, tight, columns=columns)
    assert loose.verdict is Verdict.INCONCLUSIVE


def test_amounts_are_compared_by_their_errors():
    rng = np.random.default_rng(8)
    truth = rng.normal(10, 3, 900)
    data = {"y": truth, "p": truth + rng.normal(0, 1, 900), "op": truth + rng.normal(0, 1.5, 900)}
    columns = Columns(label="y", prediction="p")
    margin = [Threshold("mae_change", "<=", 0.1)]
    found = values(run(data, None, margin, columns=columns, task="regression", incumbent_prediction="op"))[
        "mae_change"
    ]
    errors = abs(data["p"] - truth), abs(data["op"] - truth)
    low, high = stats.ttest_rel(*errors).confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx(((errors[0] - errors[1]).mean(), low, high))
    assert found.verdict is Verdict.PASS
    backwards = run(
        data | {"p": data["op"], "op": data["p"]}, None, margin, columns=columns, task="regression",
        incumbent_prediction="op",
    )  # fmt: skip
    assert backwards.verdict is Verdict.FAIL
    odd = run(
        data | {"y": [float("inf"), *truth[1:]]}, None, margin, columns=columns, task="regression",
        incumbent_prediction="op",
    )  # fmt: skip
    assert odd.verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("current", "reference", "said", "code"),
    [
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, None, {}, "missing-reference"),
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, None, {"incumbent_prediction": "x"}, "unknown-column"),
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, {"y": [0, 1]}, {}, "unknown-column"),
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, None, {"task": "ranking"}, "parameter"),
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, None, {"columns": Columns(prediction="p")}, "missing-column"),
        ({"y": [0, 1], "p": [0, 1], "q": [0, 2]}, None, {"incumbent_prediction": "q"}, "not-binary"),
        ({"y": [0, 1], "s": [0.1, 0.2], "t": ["a", "b"]}, None, {"incumbent_score": "t"}, "bad-value"),
        ({"y": [0, 1], "p": [0, 1], "s": [0.1, 0.2]}, None, {"columns": Columns(label="y"), "incumbent_score": "s"},
         "missing-column"),
    ],
)  # fmt: skip
def test_bad_input_is_named(current, reference, said, code):
    with pytest.raises(BadInput) as caught:
        run(current, reference, **said)
    assert caught.value.code == code
    assert caught.value.column


@pytest.mark.parametrize(
    ("ids", "others", "labels", "code"),
    [
        ([1, 1, 2], [1, 2, 3], [0, 1, 1], "duplicate-id"),
        ([1, 2, 3], [1, 2, 2], [0, 1, 1], "duplicate-id"),
        ([1, 2, None], [1, 2, 3], [0, 1, 1], "bad-value"),
        ([1, 2, 3], [1, 2, 3], [1, 1, 1], "labels-differ"),
    ],
)
def test_ids_that_do_not_name_one_case_are_refused(ids, others, labels, code):
    side = {"p": [0, 1, 1], "s": [0.1, 0.2, 0.3]}
    with pytest.raises(BadInput) as caught:
        run(side | {"y": [0, 1, 1], "id": ids}, side | {"y": labels, "id": others}, id="id")
    assert caught.value.code == code
