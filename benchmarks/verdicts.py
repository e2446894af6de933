"""How often verdicts are wrong: alarms on stable data, shifts that are missed, fair models that are failed.

The generator is ours: 30 features of several shapes, 1,000 rows a day. Seeds 0 to 99 were used while the rules were made
and are not reported. Limits are exact 95 % intervals of a share (Clopper-Pearson).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import baselines, fairness, paging, watching
from monitoring.statistics.inputs import Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

SEEDS = range(1000, 1005)
DAYS = 60
ROWS = 1_000
REFERENCE_DAYS = 28
FEATURES = 30
GROUP_SHARES = (0.55, 0.25, 0.12, 0.06, 0.02)
MODELS = 200
WINDOWS = 20
INDEPENDENT, SEASONAL = (0.0, 0.0), (0.15, 0.05)
"""Weekend effect and the spread of days, in sd."""


@dataclass(frozen=True, slots=True)
class Alarms:
    alarms: int
    checks: int
    pages: int
    days: int

    @property
    def rate(self) -> float:
        return 1000 * self.alarms / self.checks

    @property
    def said(self) -> str:
        low, high = stats.binomtest(self.alarms, self.checks).proportion_ci(0.95)
        least, most = (
            stats.chi2.ppf(level, 2 * k) / 2 * 365 / self.days if k else 0.0
            for level, k in ((0.025, self.pages), (0.975, self.pages + 1))
        )
        return (
            f"{self.rate:.2f} ({1000 * low:.2f} to {1000 * high:.2f}; {self.alarms} of {self.checks:,}), pages per model "
            f"and year {self.pages * 365 / self.days:.2f} ({least:.2f} to {most:.2f})"
        )


def run_false_alarms() -> dict[str, object]:
    """Stable data, day by day against a baseline of four weeks: independent days, and weekends and day effects in half."""
    iid, seasonal = (_alarms(weekend, day) for weekend, day in (INDEPENDENT, SEASONAL))
    return {
        "what": "false alarms per 1,000 feature-checks on stable data, the larger of independent and seasonal (aim: 2)",
        "ratio": round(max(iid.rate, seasonal.rate), 2),
        "ours": f"independent days {iid.said}; seasonal {seasonal.said}",
        "plain": "a test at 5 % without correction: 50",
        "seeds": list(SEEDS),
    }


def run_power() -> dict[str, object]:
    """Shifts in one of 30 features that last seven days, and a change of shape alone of the same KS distance."""
    found = {
        "shift of .1 sd, independent days (aim .8)": _caught(*INDEPENDENT, "0.1"),
        "shape alone, independent days (aim .7)": _caught(*INDEPENDENT, "shape"),
        "shift of .2 sd, seasonal (aim .85)": _caught(*SEASONAL, "0.2"),
    }
    return {
        "what": "smallest share of 7-day windows in which a change in one of 30 features is found",
        "ratio": round(min(caught / windows for caught, windows in found.values()), 3),
        "ours": "; ".join(f"{name}: {_share(*counts)}" for name, counts in found.items()),
        "plain": "none",
        "seeds": list(SEEDS),
    }


def run_fair_models() -> dict[str, object]:
    """Perfectly fair models, five groups of 55, 25, 12, 6 and 2 %, by the four-fifths rule; and an unfair one."""
    found: dict[str, str] = {}
    worst = 0.0
    for rows in (500, 2_000, 10_000, 50_000):
        verdicts = [_judged(rows, seed, 1.0) for seed in _seeds()]
        points = sum(point for _, point in verdicts)
        failed = sum(verdict is Verdict.FAIL for verdict, _ in verdicts)
        passed = sum(verdict is Verdict.PASS for verdict, _ in verdicts)
        worst = max(worst, failed / len(verdicts))
        found[f"{rows} rows"] = (
            f"failed {_share(failed, len(verdicts))}, passed {_share(passed, len(verdicts))}, "
            f"failed on the point ratio {_share(points, len(verdicts))}"
        )
    caught = sum(_judged(10_000, seed, 0.6)[0] is Verdict.FAIL for seed in _seeds())
    found["ratio .6 in the 12 % group, 10000 rows"] = f"caught {_share(caught, MODELS)}"
    return {
        "what": "largest share of perfectly fair models that fail, over the sizes (aim: .05)",
        "ratio": round(worst, 4),
        "ours": "; ".join(f"{name}: {said}" for name, said in found.items()),
        "plain": "the point ratio, beside each",
        "found": found,
    }


def _seeds() -> range:
    return range(SEEDS.start, SEEDS.start + MODELS)


def _alarms(weekend: float, day: float) -> Alarms:
    checks = alarms = pages = 0
    for seed in SEEDS:
        watched = _Watched(seed, weekend, day)
        for _ in range(DAYS):
            outcome = watched.next()
            effects = [result for result in outcome.results if result.metric == "drift_effect"]
            checks += len(effects)
            alarms += sum(result.verdict is Verdict.FAIL for result in effects)
            pages += watched.paged
    return Alarms(alarms, checks, pages, DAYS * len(SEEDS))


def _caught(weekend: float, day: float, kind: str) -> tuple[int, int]:
    """Windows of seven days of which the last is found to have drifted in the one feature that moved."""
    caught = windows = 0
    for seed in SEEDS:
        for number in range(WINDOWS):
            watched = _Watched(1_000 * seed + number, weekend, day)
            for _ in range(7):
                outcome = watched.next(kind)
            windows += 1
            caught += any(
                result.metric == "drift_effect"
                and result.slice == {"feature": "f1"}
                and result.verdict is Verdict.FAIL
                for result in outcome.results
            )
    return caught, windows


class _Watched:
    """A model in production: four weeks approved and learnt, then day after day as a monitor would judge it."""

    def __init__(self, seed: int, weekend: float, day: float) -> None:
        self.rng, self.weekend, self.effect = np.random.default_rng(seed), weekend, day
        self.date, self.paged = dt.date(2026, 1, 5), False
        past = [_day(self.rng, number, weekend, day) for number in range(REFERENCE_DAYS)]
        self.reference = profile_table(
            table_from_values({name: np.concatenate([one[name] for one in past]) for name in past[0]})
        )
        self.days = [self._counted(_day(self.rng, number, weekend, day)) for number in range(REFERENCE_DAYS)]
        self.baseline = baselines.learn(self.days, self.reference, frequent=20)
        self.signals: list[paging.Signal] = []

    def _counted(self, values: dict[str, NDArray[np.float64]]) -> baselines.Day:
        counted = baselines.Day(self.date, profile_table(table_from_values(values), self.reference))
        self.date += dt.timedelta(days=1)
        return counted

    def next(self, kind: str = "") -> CheckOutcome:
        values = _day(self.rng, len(self.days), self.weekend, self.effect)
        if kind == "shape":
            # The same Kolmogorov-Smirnov distance as of a shift of .1 sd comes from a scale of about 1.19.
            values["f1"] = values["f1"] * 1.19
        elif kind:
            values["f1"] = values["f1"] + float(kind)
        today = self._counted(values)
        history = watching.History(today.date, tuple(self.days[-6:]), self.baseline)
        outcome = watching.run(
            today.profile, self.reference, history=history,
            columns=Columns(), thresholds=(), parameters={"resamples": 1}, seed=0,
        )  # fmt: skip
        self.days.append(today)
        signal = paging.signal_of(today.date, [result.as_dict() for result in outcome.results])
        self.paged = signal.any and paging.decide(signal, self.signals, paging.Rules()).page
        self.signals.append(signal)
        return outcome


def _day(rng: np.random.Generator, number: int, weekend: float, day: float) -> dict[str, NDArray[np.float64]]:
    """One day of 30 features; in every other one the mean moves with the weekend and from day to day."""
    found = {}
    for place in range(FEATURES):
        values = rng.standard_normal(ROWS)
        if place % 2:
            values += (weekend if number % 7 >= 5 else 0.0) + day * rng.standard_normal()
        shape = place % 6
        if shape == 2:
            values = np.exp(values)
        elif shape == 3:
            values = np.round(values * 3)
        elif shape == 4:
            values = np.where(values > 0.5, values, 0.0)
        found[f"f{place}"] = values
    return found


def _judged(rows: int, seed: int, ratio: float) -> tuple[Verdict, bool]:
    """The verdict on one model that selects three in ten, and whether the point ratio is under .8."""
    rng = np.random.default_rng(seed)
    groups = rng.choice(5, rows, p=GROUP_SHARES)
    chance = np.where(groups == 2, 0.3 * ratio, 0.3)
    chosen = (rng.random(rows) < chance).astype(int)
    table = table_from_values({"group": [f"g{n}" for n in groups], "chosen": chosen.tolist()})
    outcome = fairness.run(
        table, None,
        columns=Columns(prediction="chosen", sensitive=("group",), positive="1"),
        thresholds=(Threshold("demographic_parity_ratio", ">=", 0.8, "ratio"),),
        parameters={}, seed=seed,
    )  # fmt: skip
    result = next(
        r for r in outcome.results if r.metric == "demographic_parity_ratio" and r.verdict is not None
    )
    assert result.verdict is not None
    return result.verdict, result.value is None or result.value < 0.8


def _share(count: int, of: int) -> str:
    low, high = stats.binomtest(count, of).proportion_ci(0.95)
    return f"{count / of:.3f} ({low:.3f} to {high:.3f})"
