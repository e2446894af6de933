"""What is learnt of days equals what they were made with; a baseline has one text; stable days stay quiet."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from monitoring.statistics import baselines, paging, watching
from monitoring.statistics.baselines import Baseline, Day, learn, read
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Verdict

MONDAY = dt.date(2026, 3, 2)


def made(number, *, weekend=0.0, day=0.0, shift=0.0, rows=1000, scale=1.0, seed=0):
    rng = np.random.default_rng([seed, number])
    x = (
        rng.standard_normal(rows) * scale
        + (weekend if number % 7 >= 5 else 0.0)
        + day * rng.standard_normal()
        + shift
    )
    return {"x": x.tolist(), "c": rng.choice(["a", "b"], rows, p=[0.7, 0.3]).tolist()}


def reference_of(**kwargs):
    days = [made(number, seed=9, **kwargs) for number in range(14)]
    return profile_table(table_from_values({n: [v for day in days for v in day[n]] for n in days[0]}))


def days_of(numbers, reference, **kwargs):
    return [
        Day(MONDAY + dt.timedelta(days=n), profile_table(table_from_values(made(n, **kwargs)), reference))
        for n in numbers
    ]


def judged(days, baseline, reference):
    *earlier, today = days
    history = watching.History(today.date, tuple(earlier[-6:]), baseline, len(earlier))
    return watching.run(
        today.profile, reference, history=history, columns=Columns(), thresholds=(),
        parameters={"resamples": 10}, seed=0,
    )  # fmt: skip


def effect(outcome, name="x"):
    return next(r for r in outcome.results if r.metric == "drift_effect" and r.slice == {"feature": name})


def test_independent_days_teach_no_weekday_and_no_day_effect():
    reference = reference_of()
    level = learn(days_of(range(28), reference), reference, frequent=20).columns["x"]["location"]
    assert not level.by_weekday
    assert level.freedom == 27
    assert level.within == pytest.approx(1 / 1000, rel=0.1)
    assert level.between < 0.0005
    assert abs(level.level) < 4 * level.level_error


def test_weekends_and_days_are_learnt_as_they_were_made():
    reference = reference_of(weekend=0.6, day=0.2)
    level = learn(days_of(range(56), reference, weekend=0.6, day=0.2), reference, frequent=20).columns["x"][
        "location"
    ]
    assert level.by_weekday
    gap = np.mean(level.means[5:]) - np.mean(level.means[:5])
    assert gap == pytest.approx(0.6, abs=0.2)
    assert np.sqrt(level.between) == pytest.approx(0.2, rel=0.4)


def test_persistence_widens_the_week():
    calm, lasting = (
        baselines.Level((0.0,), (28,), 0.01, 0.001, 27, persistence) for persistence in (0.0, 0.8)
    )
    reference = reference_of()
    days = [(day.date, day.profile["x"]) for day in days_of(range(7), reference)]
    errors = [
        baselines.window_contrasts(reference["x"], days, {"location": level}, frequent=20)[0].error
        for level in (calm, lasting)
    ]
    assert errors[1] > 1.8 * errors[0]


def test_a_baseline_has_one_text():
    reference = reference_of()
    baseline = learn(days_of(range(14), reference), reference, frequent=20)
    assert read(baseline.json()).json() == baseline.json()
    assert isinstance(read(baseline.json()), Baseline)
    for text in ("", "[]", baseline.json() + " ", json.dumps({"version": 1}), baseline.json()[:-1]):
        with pytest.raises(ValueError, match="baseline"):
            read(text)
    with pytest.raises(ValueError, match="13 days"):
        learn(days_of(range(13), reference), reference, frequent=20)


def test_a_seasonal_day_is_quiet_with_a_baseline_and_a_shift_is_found():
    made_with = {"weekend": 0.15, "day": 0.05}
    reference = reference_of(**made_with)
    days = days_of(range(40), reference, **made_with)
    baseline = learn(days[:28], reference, frequent=20)
    for end in range(29, 41):
        assert effect(judged(days[:end], baseline, reference)).verdict is not Verdict.FAIL
    shifted = days_of(range(28, 35), reference, shift=0.2, **made_with)
    found = effect(judged([*days[:28], *shifted], baseline, reference))
    assert found.verdict is Verdict.FAIL
    assert found.details["certain"][0].endswith(paging.WEEK)


def test_while_it_learns_only_what_is_certainly_beyond_the_tolerance_fails():
    reference = reference_of()
    small, large = (judged(days_of([0], reference, shift=s), None, reference) for s in (0.22, 0.6))
    assert effect(small).verdict is Verdict.INCONCLUSIVE
    assert effect(large).verdict is Verdict.FAIL
    assert "being learnt" in small.warnings[-1]
    assert effect(small).threshold.set_by == watching.LEARNING


def test_a_baseline_far_from_what_was_approved_is_said():
    reference = reference_of()
    days = days_of(range(29), reference, shift=0.5)
    baseline = learn(days[:28], reference, frequent=20)
    outcome = judged(days, baseline, reference)
    assert effect(outcome).verdict is not Verdict.FAIL  # like the learnt days
    shift = next(r for r in outcome.results if r.metric == "baseline_shift" and r.slice == {"feature": "x"})
    assert shift.verdict is Verdict.FAIL
    assert shift.value == pytest.approx(0.5, abs=0.1)


def test_a_week_with_gaps_is_judged_by_what_is_there():
    reference = reference_of()
    days = days_of(range(35), reference)
    baseline = learn(days[:28], reference, frequent=20)
    gaps = [*days[:28], days[30], days[34]]
    contrasts = effect(judged(gaps[-2:], baseline, reference)).details["contrasts"]
    assert not any(name.endswith(paging.WEEK) for name, *_ in contrasts)
    full = effect(judged(days[28:], baseline, reference)).details["contrasts"]
    assert any(name.endswith(paging.WEEK) for name, *_ in full)


def test_what_was_never_seen_is_held_against_nought():
    reference = reference_of()
    days = days_of(range(28), reference)
    baseline = learn(days, reference, frequent=20)
    columns = made(28)
    columns["c"][:200] = ["new"] * 200
    columns["x"][:100] = [None] * 100
    today = Day(MONDAY + dt.timedelta(days=28), profile_table(table_from_values(columns), reference))
    outcome = judged([*days[-6:], today], baseline, reference)
    assert effect(outcome, "c").verdict is Verdict.FAIL
    assert "missing share" in effect(outcome).details["certain"]


def test_a_column_that_was_constant_and_moves_is_drift_until_a_baseline_knows_it():
    reference = profile_table(table_from_values(made(0, seed=9) | {"k": [0.5] * 1000}))

    def day(number, value):
        columns = made(number) | {"k": [value] * 1000}
        return Day(MONDAY + dt.timedelta(days=number), profile_table(table_from_values(columns), reference))

    days = [day(number, 0.5) for number in range(28)]
    baseline = learn(days, reference, frequent=20)
    assert effect(judged(days, baseline, reference), "k").verdict is not Verdict.FAIL
    later = [day(number, 0.7) for number in range(28, 56)]
    assert effect(judged([*days, later[0]], baseline, reference), "k").verdict is Verdict.FAIL
    again = judged(later, learn(later, reference, frequent=20), reference)
    assert effect(again, "k").verdict is not Verdict.FAIL
    shift = next(r for r in again.results if r.metric == "baseline_shift" and r.slice == {"feature": "k"})
    assert shift.verdict is Verdict.FAIL


def test_no_reference_is_a_named_error():
    day = days_of([0], reference_of())[0].profile
    with pytest.raises(BadInput, match="compare"):
        watching.run(
            day,
            None,
            history=watching.History(MONDAY),
            columns=Columns(),
            thresholds=(),
            parameters={},
            seed=0,
        )


def signal(day, *names, week=(), outputs=(), elsewhere=()):
    return paging.Signal(
        MONDAY + dt.timedelta(days=day),
        frozenset(names),
        frozenset(week),
        frozenset(outputs),
        tuple(elsewhere),
    )


@pytest.mark.parametrize(
    ("today", "earlier", "page"),
    [
        (signal(9, "x"), [], False),
        (signal(9, "x"), [signal(8, "x")], True),
        (signal(9, "x"), [signal(7, "x")], True),
        (signal(9, "x"), [signal(6, "x")], False),
        (signal(9, "x"), [signal(8, "y")], False),
        (signal(9, week=["x"]), [signal(8, week=["x"]), signal(3, week=["x"])], False),
        (signal(9, week=["x"]), [signal(2, week=["x"])], True),
        (signal(9, "x", "s", outputs=["s"]), [], True),
        (signal(9, "s", outputs=["s"]), [], False),
        (signal(9, "x", elsewhere=["evaluation"]), [], True),
    ],
)
def test_a_page_needs_what_lasts_or_two_sides(today, earlier, page):
    decision = paging.decide(today, earlier, paging.Rules())
    assert decision.page is page
    assert ("Nobody was paged" in decision.why) is not page
