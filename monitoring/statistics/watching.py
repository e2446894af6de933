"""Whether a running model's data moved: the newest day and the week that ends with it, against a learnt baseline.

While no baseline is there, the data are held against the approved reference with a tolerance instead of significance: days
differ by themselves, and how much is what is being learnt. Knows no file, no clock and no alert.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy import stats

from monitoring.statistics import baselines, drift, effects
from monitoring.statistics.baselines import Baseline, Day
from monitoring.statistics.contrasts import Contrast
from monitoring.statistics.features import Feature, compare_column
from monitoring.statistics.inputs import Columns
from monitoring.statistics.measuring import Estimate, judge_all, libraries, read_parameters
from monitoring.statistics.paging import WEEK
from monitoring.statistics.profiles import Profile, added
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {**drift.DEFAULTS, "baseline_days": 28, "week_at_least": 4}
KNOWN = {**drift.KNOWN, "baseline_shift": "no baseline was learnt yet."}
METHOD = "distance of day and week from a learnt baseline, Student's t; Bonferroni in the column, Benjamini-Hochberg across"

LEARNING = "tolerance while the baseline is learnt"


@dataclass(frozen=True, slots=True)
class History:
    """What came before: the date of the current data, the days of the week before it, and what was learnt.

    `known` counts the days there are to learn from, for the reader.
    """

    date: dt.date
    days: tuple[Day, ...] = ()
    baseline: Baseline | None = None
    known: int = 0


def run(
    current: Profile,
    reference: Profile | None,
    *,
    history: History,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Judge the current day and its week, column by column. Raises BadInput as `drift.run`."""
    settings = read_parameters(parameters, DEFAULTS)
    sides = drift.opened(current, reference, columns, thresholds)
    reference, hold, warnings = sides.reference, sides.hold, sides.warnings
    today = [day.profile for day in history.days if day.date == history.date]
    days = [Day(history.date, _sum([*today, current]))]
    days += [day for day in history.days if day.date != history.date]
    features = []
    for place, name, role in sides.pairs:
        feature = compare_column(name, reference[name], current[name], role, settings, seed, place)
        if history.baseline is not None and not feature.obstacle:
            feature = replace(
                feature, found=tuple(_against(history.baseline, name, reference, days, settings))
            )
        features.append(feature)
    learning = history.baseline is None
    rules = _rules(thresholds, settings) if learning else thresholds
    judged = effects.judge_effects(features, rules, settings, known=KNOWN, method=METHOD)
    results = sides.schema + drift.held(judged, hold)
    shifts = [] if history.baseline is None else _shifts(history.baseline, features, reference)
    others = tuple(t for t in thresholds if t.metric not in ("drift_effect", "schema_changes"))
    if not learning and not any(t.metric == "baseline_shift" for t in others):
        others += (Threshold("baseline_shift", "abs<=", settings["tolerance"], "sd", effects.DEFAULT_RULE),)
    # Of a shift n counts days, of the others rows.
    own = tuple(t for t in others if t.metric == "baseline_shift")
    results += judge_all(shifts, own, known=KNOWN)
    results += judge_all(
        [estimate for feature in features for estimate in feature.estimates],
        tuple(t for t in others if t.metric != "baseline_shift"),
        known=KNOWN,
        hold=hold,
        minimum_n=settings["minimum_n"],
    )
    if learning:
        warnings.append(
            f"The baseline is being learnt from {history.known} of {settings['baseline_days']} days. Until it is, only what "
            f"is certainly more than {settings['tolerance']!r} sd from the approved reference fails."
        )
    return CheckOutcome(
        check="drift-over-time",
        results=tuple(results),
        summary=drift.summary(results),
        warnings=tuple(warnings),
        inputs={
            "current": current.summary(),
            "reference": reference.summary(),
            "date": history.date.isoformat(),
            "days": [
                [day.date.isoformat(), day.profile.digest] for day in sorted(days, key=lambda day: day.date)
            ],
            "baseline": _described(history.baseline),
        },
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={feature.name: feature.table for feature in features if feature.table},
    )


def _sum(profiles: Sequence[Profile]) -> Profile:
    return profiles[0] if len(profiles) == 1 else replace(added(profiles), facts=profiles[-1].facts)


def _against(
    baseline: Baseline, name: str, reference: Profile, days: Sequence[Day], settings: dict[str, Any]
) -> list[Contrast]:
    levels = baseline.columns.get(name, {})
    seen = [(day.date, day.profile[name]) for day in days if name in day.profile.columns]
    most = settings["frequent_categories"]
    found = baselines.window_contrasts(reference[name], seen[:1], levels, frequent=most)
    if len(seen) >= max(2, settings["week_at_least"]):
        found += baselines.window_contrasts(reference[name], seen, levels, frequent=most, suffix=WEEK)
    return found


def _rules(thresholds: Sequence[Threshold], settings: dict[str, Any]) -> tuple[Threshold, ...]:
    """The thresholds, with the tolerance in place of none on the effect."""
    if any(threshold.metric == "drift_effect" for threshold in thresholds):
        return tuple(thresholds)
    return (*thresholds, Threshold("drift_effect", "<=", settings["tolerance"], "sd", LEARNING))


def _shifts(baseline: Baseline, features: Sequence[Feature], reference: Profile) -> list[Estimate]:
    """How far the learnt days lie from the approved reference: what a baseline takes for normal must still be shown."""
    found = []
    for feature in features:
        levels = baseline.columns.get(feature.name, {})
        if not levels:
            continue
        name, level = max(levels.items(), key=lambda item: abs(item[1].level))
        error = math.sqrt(level.level_error**2 + 1 / reference[feature.name].rows)

        def interval(
            confidence: float, middle: float = level.level, error: float = error, freedom: int = level.freedom
        ) -> tuple[float, float]:
            half = float(stats.t.isf((1 - confidence) / 2, freedom)) * error
            return middle - half, middle + half

        found.append(
            Estimate(
                "baseline_shift", {"feature": feature.name}, level.level, baseline.days, "sd",
                "largest learnt level against the approved reference, Student's t over days", interval,
                range=(-math.inf, math.inf), details={"contrast": name, "role": feature.role},
            )
        )  # fmt: skip
    return found


def _described(baseline: Baseline | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    levels = [level for column in baseline.columns.values() for level in column.values()]
    return {
        "first": baseline.first.isoformat(),
        "last": baseline.last.isoformat(),
        "days": baseline.days,
        "levels": len(levels),
        "by_weekday": sum(level.by_weekday for level in levels),
        "with_day_effect": sum(level.between > 0 for level in levels),
    }
