"""How often verdicts are wrong: alarms on stable data, shifts that are missed, fair models that are failed.

The generator is ours: 30 features of several shapes, 1,000 rows a day. Seeds 0 to 99 were used while the rules were made
and are not reported. Limits are exact 95 % intervals of a share (Clopper-Pearson).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import drift, fairness
from monitoring.statistics.inputs import Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.verdicts import Threshold, Verdict

SEEDS = range(1000, 1005)
DAYS = 60
ROWS = 1_000
REFERENCE_DAYS = 28
FEATURES = 30
GROUP_SHARES = (0.55, 0.25, 0.12, 0.06, 0.02)
MODELS = 200


def run_false_alarms() -> dict[str, object]:
    """Stable data, each day against four weeks; features drawn alike every day, and a weekend and day effect in half."""
    iid, seasonal = (_alarms(weekend, day) for weekend, day in ((0.0, 0.0), (0.15, 0.05)))
    return {
        "what": "false alarms per 1,000 feature-checks on stable data (aim: 2), independent days",
        "ratio": iid[2],
        "ours": f"independent days {_said(*iid)}, seasonal {_said(*seasonal)}",
        "plain": "a test at 5 % without correction: 50",
        "seeds": list(SEEDS),
        "independent": iid,
        "seasonal": seasonal,
    }


def run_power() -> dict[str, object]:
    """A shift of .1 sd in one feature, and a change of shape alone of the same KS distance, seven days together."""
    shift, shape = (_caught(kind) for kind in ("shift", "shape"))
    return {
        "what": "share of 7-day windows in which a shift of .1 sd in one of 30 features is found (aim: .8)",
        "ratio": round(shift[0] / shift[1], 3),
        "ours": f"shift {_share(*shift)}, shape alone {_share(*shape)}",
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


def _alarms(weekend: float, day: float) -> tuple[int, int, float]:
    alarms = checks = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        past = [_day(rng, number, weekend, day) for number in range(REFERENCE_DAYS)]
        reference = profile_table(
            table_from_values({name: np.concatenate([one[name] for one in past]) for name in past[0]})
        )
        for number in range(REFERENCE_DAYS, REFERENCE_DAYS + DAYS):
            current = profile_table(table_from_values(_day(rng, number, weekend, day)), reference)
            outcome = drift.run(
                current, reference, columns=Columns(), thresholds=(), parameters={}, seed=seed
            )
            effects = [result for result in outcome.results if result.metric == "drift_effect"]
            checks += len(effects)
            alarms += sum(result.verdict is Verdict.FAIL for result in effects)
    return alarms, checks, round(1000 * alarms / checks, 2)


def _caught(kind: str) -> tuple[int, int]:
    caught = windows = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        past = [_day(rng, number, 0.0, 0.0) for number in range(REFERENCE_DAYS)]
        reference = profile_table(
            table_from_values({name: np.concatenate([one[name] for one in past]) for name in past[0]})
        )
        for _ in range(20):
            days = [_day(rng, number, 0.0, 0.0) for number in range(7)]
            moved = {name: np.concatenate([one[name] for one in days]) for name in days[0]}
            normal = moved["f0"]
            # The same KS distance as of a shift of .1 sd comes from a scale of about 1.19.
            moved["f0"] = normal + 0.1 if kind == "shift" else normal * 1.19
            outcome = drift.run(
                profile_table(table_from_values(moved), reference), reference,
                columns=Columns(), thresholds=(), parameters={}, seed=seed,
            )  # fmt: skip
            windows += 1
            caught += any(
                result.metric == "drift_effect"
                and result.slice == {"feature": "f0"}
                and result.verdict is Verdict.FAIL
                for result in outcome.results
            )
    return caught, windows


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


def _said(alarms: int, checks: int, rate: float) -> str:
    low, high = stats.binomtest(alarms, checks).proportion_ci(0.95)
    return f"{rate} ({1000 * low:.2f} to {1000 * high:.2f}; {alarms} of {checks:,})"
