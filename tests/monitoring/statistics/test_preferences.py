"""Preferences count prompts, not judgements, and a place that judges like is seen and taken out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring.statistics import preferences
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

BETTER = Threshold("win_rate", ">=", 0.5)
WORDS = np.array(["loss", "tie", "win"])


def run(values, thresholds=(), *, label="o", **parameters):
    return preferences.run(
        table_from_values({name: list(held) for name, held in values.items()}), None,
        columns=Columns(label=label), thresholds=tuple(thresholds), parameters=parameters, seed=0,
    )  # fmt: skip


def one(outcome, metric="win_rate"):
    return next(r for r in outcome.results if r.metric == metric)


def clustered(rng, prompts, each, *, rate=0.5, alike=0.8):
    """Outcomes of `each` judgements of a prompt, which follow the prompt's own taste with chance `alike`."""
    taste = rng.random(prompts) < rate
    prompt = np.repeat(np.arange(prompts), each)
    win = np.where(rng.random(len(prompt)) < alike, taste[prompt], rng.random(len(prompt)) < rate)
    return {"o": np.where(win, "win", "loss"), "q": prompt}


def swapped(rng, prompts, *, skill=0.0, liking=0.0):
    """Each prompt is judged in both places; the first place wins more often by `liking`."""
    place = np.tile(["first", "second"], prompts)
    chance = 0.5 + skill + np.where(place == "first", liking / 2, -liking / 2)
    win = rng.random(2 * prompts) < chance
    return {"o": np.where(win, "win", "loss"), "q": np.repeat(np.arange(prompts), 2), "at": place}


def test_ties_are_halves_and_rows_apart_get_exact_limits():
    outcome = run({"o": ["win"] * 60 + ["tie"] * 20 + ["loss"] * 20})
    assert one(outcome).value == pytest.approx(0.7)
    assert one(outcome, "tie_share").value == pytest.approx(0.2)
    plain = one(run({"o": ["win"] * 60 + ["loss"] * 40}))
    exact = stats.binomtest(60, 100).proportion_ci(0.95, "exact")
    assert (plain.low, plain.high) == pytest.approx((exact.low, exact.high), abs=2e-3)
    assert plain.low <= exact.low + 1e-9
    assert plain.high >= exact.high - 1e-9


def test_several_judgements_of_a_prompt_are_not_several_prompts():
    rng = np.random.default_rng(1)
    held = naive = 0
    for _ in range(150):
        data = clustered(rng, 40, 10)
        found = one(run(data, prompt="q"))
        loose = one(run(data))
        assert found.n == 40
        held += found.low <= 0.5 <= found.high
        naive += loose.low <= 0.5 <= loose.high
    assert held >= 0.92 * 150
    assert naive < 0.75 * 150


def test_no_better_model_rarely_passes_and_a_better_one_does():
    rng = np.random.default_rng(2)
    passed = sum(run(clustered(rng, 60, 4), [BETTER], prompt="q").verdict is Verdict.PASS for _ in range(150))
    assert passed <= 0.09 * 150
    assert run(clustered(rng, 400, 3, rate=0.65), [BETTER], prompt="q").verdict is Verdict.PASS
    assert run(clustered(rng, 400, 3, rate=0.35), [BETTER], prompt="q").verdict is Verdict.FAIL


def test_a_liking_for_a_place_is_seen_and_taken_out():
    rng = np.random.default_rng(3)
    data = swapped(rng, 1_000, liking=0.4)
    none = Threshold("position_bias", "abs<=", 0.1)
    outcome = run(data, [none], prompt="q", position="at")
    bias = one(outcome, "position_bias")
    assert bias.value == pytest.approx(0.4, abs=0.05)
    assert bias.verdict is Verdict.FAIL
    assert run(swapped(rng, 1_000), [none], prompt="q", position="at").verdict is Verdict.PASS
    # Shown first nine times in ten, a model that is no better looks better; not in both places alike.
    keep = (data["at"] == "first") | (rng.random(2_000) < 0.1)
    uneven = {name: column[keep] for name, column in data.items()}
    assert run(uneven, [BETTER], prompt="q").verdict is Verdict.PASS
    fair = run(uneven, [BETTER], prompt="q", position="at")
    assert one(fair).verdict is not Verdict.PASS
    assert one(fair).details["raw_rate"] > one(fair).value + 0.1


def test_the_interval_of_the_liking_holds_the_truth():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(150):
        found = one(run(swapped(rng, 60, liking=0.3), prompt="q", position="at"), "position_bias")
        held += found.low <= 0.3 <= found.high
    assert held >= 0.92 * 150


@pytest.mark.parametrize(("prompts", "verdict"), [(40, Verdict.INCONCLUSIVE), (400, Verdict.PASS)])
def test_wins_alone_on_few_prompts_are_no_certainty(prompts, verdict):
    data = {"o": ["win"] * prompts * 5, "q": np.repeat(np.arange(prompts), 5)}
    found = one(run(data, [Threshold("win_rate", ">=", 0.95)], prompt="q"))
    assert found.verdict is verdict
    exact = stats.binomtest(prompts, prompts).proportion_ci(0.95, "exact")
    assert found.low == pytest.approx(exact.low)


def test_few_prompts_one_row_and_nothing_decide_nothing():
    few = run({"o": ["win"] * 500, "q": [n % 9 for n in range(500)]}, [BETTER], prompt="q")
    assert few.verdict is Verdict.INCONCLUSIVE
    assert one(few).n == 9
    assert run({"o": ["win"]}, [BETTER]).verdict is Verdict.INCONCLUSIVE
    assert run({"o": [None] * 50}, [BETTER]).verdict is Verdict.INCONCLUSIVE
    everything_tied = run({"o": ["tie"] * 200}, [Threshold("win_rate", ">=", 0.49)])
    assert everything_tied.verdict is Verdict.INCONCLUSIVE


def test_one_place_alone_cannot_be_balanced():
    data = {"o": ["win", "loss"] * 50, "at": ["first"] * 100}
    outcome = run(data, [BETTER, Threshold("position_bias", "abs<=", 0.5)], position="at")
    assert {r.verdict for r in outcome.results if r.threshold} == {Verdict.INCONCLUSIVE}
    assert one(outcome).value is None
    missing = run({"o": ["win", "loss"] * 50}, [Threshold("position_bias", "abs<=", 0.5)])
    assert missing.verdict is Verdict.INCONCLUSIVE
    assert any("No position column" in text for text in missing.warnings)


def test_words_can_be_named_and_numbers_are_understood():
    rng = np.random.default_rng(5)
    code = rng.integers(0, 3, 300)
    plain = one(run({"o": WORDS[code]})).value
    assert one(run({"o": code / 2})).value == pytest.approx(plain)
    named = run({"o": np.array(["B", "Tie", " A "])[code]}, win="a", loss="b")
    assert one(named).value == pytest.approx(plain)
    places = run({"o": WORDS[code], "at": code % 2 + 1}, position="at", first="1", second="2.0")
    assert one(places, "position_bias").details["first"] == int((code % 2 == 0).sum())


def test_unknown_outcomes_are_counted_and_hold_a_pass():
    good = ["win"] * 900 + ["loss"] * 50
    assert run({"o": good + [None] * 40}, [BETTER]).verdict is Verdict.PASS
    many = run({"o": good + [None, "unknown"] * 50}, [BETTER])
    assert many.verdict is Verdict.INCONCLUSIVE
    assert "too many" in one(many).why
    bare = run({"o": good, "q": [None] * 10 + list(range(940))}, prompt="q")
    assert one(bare).n == 941


@pytest.mark.parametrize(
    ("values", "said", "code"),
    [
        ({"o": ["win", "both bad"]}, {}, "bad-value"),
        ({"o": [1, 0.25]}, {}, "bad-value"),
        ({"o": [1, float("inf")]}, {}, "bad-value"),
        ({"o": ["win", "loss"], "at": ["left", "right"]}, {"position": "at"}, "bad-value"),
        ({"o": ["win", "loss"]}, {"prompt": "q"}, "unknown-column"),
        ({"o": ["win", "loss"]}, {"label": None}, "missing-column"),
        ({"o": ["win", "loss"]}, {"tie": "Win"}, "parameter"),
        ({"o": ["win", "loss"]}, {"second": "FIRST", "position": "o"}, "parameter"),
    ],
)
def test_bad_input_is_named(values, said, code):
    with pytest.raises(BadInput) as caught:
        run(values, **said)
    assert caught.value.code == code
    assert caught.value.column
