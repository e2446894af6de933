"""What scores lead to expect is what happens while they mean what they meant, and it never passes anything."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from monitoring.statistics import labelfree
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

COLUMNS = Columns(label="y", score="s", prediction="p")


def sample(rng, n, *, high=2.0, meaning=lambda score: score**1.5):
    """Scores that are not calibrated: what comes true is `meaning` of them."""
    score = rng.beta(high, 2, n)
    truth = (rng.random(n) < meaning(score)).astype(int)
    return {"y": truth, "s": score, "p": (score >= 0.5).astype(int)}


def run(current, reference, thresholds=(), **parameters):
    tables = [
        table_from_values({name: list(map(float, values)) for name, values in side.items()}) if side else None
        for side in (current, reference)
    ]
    return labelfree.run(
        tables[0], tables[1], columns=COLUMNS, thresholds=tuple(thresholds), parameters=parameters, seed=3
    )


def values(outcome):
    return {result.metric: result for result in outcome.results}


def test_it_expects_what_happens_though_the_mix_of_scores_moved():
    rng = np.random.default_rng(2)
    reference, current = sample(rng, 20_000), sample(rng, 20_000, high=4.0)
    found = values(run({name: current[name] for name in ("s", "p")}, reference))
    guess, truth = current["p"], current["y"]
    happened = {
        "estimated_accuracy": (guess == truth).mean(),
        "estimated_precision": truth[guess == 1].mean(),
        "estimated_recall": guess[truth == 1].mean(),
    }
    for name, share in happened.items():
        assert found[name].value == pytest.approx(share, abs=0.015)
        assert found[name].low - 0.01 <= share <= found[name].high + 0.01


def test_bins_and_rows_calibrate_alike():
    data = sample(np.random.default_rng(4), 50_000)
    counts = labelfree._counted(data["s"], data["y"])
    rows = IsotonicRegression(out_of_bounds="clip").fit(data["s"], data["y"])
    new = np.random.default_rng(5).beta(4, 2, 50_000)
    by_bin = labelfree.calibrated(counts)[np.minimum((new * labelfree.BINS).astype(int), labelfree.BINS - 1)]
    assert by_bin.mean() == pytest.approx(rows.predict(new).mean(), abs=5e-4)


def test_it_warns_and_never_passes():
    rng = np.random.default_rng(6)
    reference = sample(rng, 5_000)
    good = Threshold("estimated_accuracy", ">=", 0.3)
    found = values(run(sample(rng, 5_000), reference, [good]))["estimated_accuracy"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "passes nothing" in found.why
    bad = Threshold("estimated_accuracy", ">=", 0.99)
    assert values(run(sample(rng, 5_000), reference, [bad]))["estimated_accuracy"].verdict is Verdict.FAIL


def test_a_score_that_means_something_else_is_not_seen_and_the_check_says_so():
    rng = np.random.default_rng(8)
    outcome = run(sample(rng, 5_000, meaning=lambda score: 1 - score), sample(rng, 5_000))
    assert values(outcome)["estimated_accuracy"].value > 0.6, "nobody could see it without labels"
    assert labelfree.HOLD in outcome.warnings


def test_without_predictions_the_cut_decides():
    rng = np.random.default_rng(9)
    reference, current = sample(rng, 3_000), sample(rng, 3_000)
    with_column = values(run(current, reference))
    without = values(run({"s": current["s"]}, reference))
    assert without["estimated_recall"].value == with_column["estimated_recall"].value
    strict = values(run({"s": current["s"]}, reference, cut=0.9))
    assert strict["estimated_recall"].value < without["estimated_recall"].value


@pytest.mark.parametrize(
    ("current", "reference", "code"),
    [
        ({"s": [0.1] * 5}, None, "missing-reference"),
        ({"p": [1] * 5}, {"s": [0.5] * 5, "y": [0, 1, 0, 1, 0]}, "unknown-column"),
        ({"s": [0.1] * 5}, {"s": [0.5] * 5}, "unknown-column"),
        ({"s": [0.1] * 5}, {"s": [0.5] * 6, "y": [0, 1, 2] * 2}, "not-binary"),
    ],
)
def test_bad_input_is_named(current, reference, code):
    with pytest.raises(BadInput) as caught:
        run(current, reference)
    assert caught.value.code == code


def test_scores_that_are_no_probability_and_nothing_to_estimate_from_never_pass():
    rng = np.random.default_rng(1)
    reference = sample(rng, 500)
    bound = [Threshold("estimated_accuracy", ">=", 0.1)]
    assert run({"s": [0.2, 1.7] * 200}, reference, bound).verdict is Verdict.ERROR
    blank = run({"s": [float("nan")] * 200}, reference, bound)
    assert blank.verdict is Verdict.INCONCLUSIVE
    none = run({"s": [0.2] * 200}, {"s": [0.5] * 100, "y": [float("nan")] * 99 + [1.0]}, bound)
    assert none.verdict is Verdict.INCONCLUSIVE
