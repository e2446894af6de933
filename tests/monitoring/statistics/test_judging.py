"""A judge's ratings count as far as people bear them out: coverage, agreement, and what can't be told."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from monitoring.statistics import judging
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

GOOD = Threshold("success_rate", ">=", 0.7)


def sample(rng, n, labelled, truth=0.8, sensitivity=0.9, specificity=0.6):
    people = (rng.random(n) < truth).astype(int)
    judge = np.where(people == 1, rng.random(n) < sensitivity, rng.random(n) >= specificity).astype(int)
    shown = [int(value) if place < labelled else None for place, value in enumerate(people)]
    return shown, judge.tolist()


def run(people, judge, thresholds=(), **parameters):
    table = table_from_values({"human": people, "judge": judge})
    return judging.run(
        table, None, columns=Columns(label="human", prediction="judge"), thresholds=tuple(thresholds),
        parameters=parameters, seed=0,
    )  # fmt: skip


def one(outcome, metric="success_rate"):
    return next(result for result in outcome.results if result.metric == metric)


def test_the_corrected_interval_holds_the_truth_and_the_judges_own_does_not():
    rng = np.random.default_rng(11)
    ours = naive = width = alone = 0
    for _ in range(200):
        outcome = run(*sample(rng, 3_000, 300, truth=0.6), [Threshold("judge_rate", ">=", 0.5)])
        found, judged = one(outcome), one(outcome, "judge_rate")
        ours += found.low <= 0.6 <= found.high
        naive += judged.low <= 0.6 <= judged.high
        assert outcome.verdict is Verdict.INCONCLUSIVE, "a threshold on the judge's own rate passes nothing"
        width += found.high - found.low
        without = one(run(*sample(rng, 300, 300, truth=0.6)))
        alone += without.high - without.low
    assert ours >= 0.93 * 200
    assert naive == 0
    assert width < 0.97 * alone, "what the judge adds makes the interval shorter than the labels alone"


def test_a_judge_that_says_nothing_adds_nothing():
    rng = np.random.default_rng(3)
    people, _ = sample(rng, 2_000, 200)
    outcome = run(people, [1] * 2_000)
    assert one(outcome).details["weight_of_judge"] == 0
    assert one(outcome).n == 200
    assert one(outcome).value == pytest.approx(np.mean([value for value in people if value is not None]))


def test_figures_equal_scikit_learn():
    people, judge = sample(np.random.default_rng(5), 400, 400)
    outcome = run(people, judge)
    assert one(outcome, "judge_kappa").value == pytest.approx(cohen_kappa_score(people, judge), abs=1e-12)
    assert one(outcome, "judge_rate").value == pytest.approx(np.mean(judge))
    assert one(outcome, "judge_sensitivity").n + one(outcome, "judge_specificity").n == 400
    assert one(outcome).value == pytest.approx(np.mean(people)), (
        "with every output rated by people, they decide"
    )


def test_few_labels_pass_nothing_and_a_bad_model_fails():
    rng = np.random.default_rng(7)
    few = run(*sample(rng, 3_000, 30, truth=0.95), [GOOD])
    assert one(few).verdict is Verdict.INCONCLUSIVE
    assert "at least 50" in one(few).why
    assert one(run(*sample(rng, 3_000, 600, truth=0.95), [GOOD])).verdict is Verdict.PASS
    assert one(run(*sample(rng, 3_000, 600, truth=0.5), [GOOD])).verdict is Verdict.FAIL


def test_perfect_agreement_on_few_labels_is_no_certainty():
    people = [1] * 55 + [0] * 5 + [None] * 5_000
    judge = [1] * 55 + [0] * 5 + [1] * 4_600 + [0] * 400
    found = one(run(people, judge, [Threshold("success_rate", ">=", 0.9)]))
    assert found.high - found.low > 0.05
    assert found.verdict is Verdict.INCONCLUSIVE
    assert one(run(people, judge), "judge_kappa").low is None


@pytest.mark.parametrize(
    ("people", "judge"), [([None] * 100, [1, 0] * 50), ([1, 0] * 50, [None] * 100), ([1] * 100, [1] * 100)]
)
def test_what_cannot_be_told_never_passes(people, judge):
    bounds = [Threshold("success_rate", ">=", 0.999), Threshold("judge_kappa", ">=", 0.5)]
    outcome = run(people, judge, bounds)
    assert {result.verdict for result in outcome.results if result.threshold} <= {Verdict.INCONCLUSIVE}


def test_bad_input_is_named():
    table = table_from_values({"human": [1, 0], "judge": [1, 0]})
    for columns, code in (
        (Columns(prediction="judge"), "missing-column"),
        (Columns(label="human"), "missing-column"),
        (Columns(label="human", prediction="nobody"), "unknown-column"),
    ):
        with pytest.raises(BadInput) as caught:
            judging.run(table, None, columns=columns, thresholds=(), parameters={}, seed=0)
        assert caught.value.code == code
    with pytest.raises(BadInput):
        run([1, 2, 3] * 10, [1, 0, 1] * 10)
    with pytest.raises(BadInput):
        run([1, 0] * 10, [1, 0] * 10, minimum_labelled="many")


def test_many_blank_labels_are_meant_and_blank_ratings_are_not():
    people, judge = sample(np.random.default_rng(2), 1_000, 100)
    assert run(people, judge).warnings == ()
    outcome = run(people, [None] * 200 + judge[200:], [GOOD])
    assert any("blank or unknown" in text for text in outcome.warnings)
    assert one(outcome).verdict is not Verdict.PASS
