"""From contrasts of columns to verdicts: significance corrected for all that was looked at, and an effect floor.

Knows no data: what the contrasts rest on, one reference or a learnt baseline, is their maker's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.features import Feature
from monitoring.statistics.measuring import OWN_LEVEL, SHOWN_LEVEL, Estimate, addressed, unanswered
from monitoring.statistics.results import Result
from monitoring.statistics.verdicts import ALPHA, Threshold, Verdict, fault_of, rows_needed

DEFAULT_RULE = "default of the check"
METHOD = "largest contrast on normal scores and shares; Bonferroni in the column, Benjamini-Hochberg across"


def judge_effects(
    features: Sequence[Feature],
    thresholds: Sequence[Threshold],
    settings: Mapping[str, Any],
    *,
    known: Mapping[str, str],
    method: str = METHOD,
) -> list[Result]:
    """One `drift_effect` for each column, under the policy's thresholds or the check's own rule."""
    tested = [feature for feature in features if feature.found]
    adjusted = dict(
        zip((f.name for f in tested), stats.false_discovery_control([f.p for f in tested]), strict=True)
        if tested
        else ()
    )
    mine = [t for t in thresholds if t.metric == "drift_effect"]
    family = sum(len(f.found) for f in tested) * max(len(mine), 1)
    shells = {f.name: Estimate("drift_effect", {"feature": f.name}, None, f.n, "sd", "") for f in features}
    results = []
    for feature in features:
        hits = [t for t in mine if addressed(shells[feature.name], t)]
        p = float(adjusted.get(feature.name, 1.0))
        if not mine:
            results.append(_effect(feature, None, p, family, settings, method))
        results += [_effect(feature, threshold, p, family, settings, method) for threshold in hits]
    return results + unanswered(list(shells.values()), mine, known)


def _effect(
    feature: Feature,
    threshold: Threshold | None,
    p: float,
    family: int,
    settings: Mapping[str, Any],
    method: str,
) -> Result:
    largest = feature.largest
    bounds = [c for c in feature.found if not math.isnan(c.error)]
    highest = max((c.magnitude(OWN_LEVEL)[1] for c in bounds), default=math.nan)
    shown = largest.magnitude(SHOWN_LEVEL) if largest is not None else intervals.NONE
    rule = threshold or Threshold("drift_effect", "<=", settings["effect_floor"], "sd", DEFAULT_RULE)
    details: dict[str, Any] = {
        "role": feature.role,
        "n_reference": feature.n_reference,
        "adjusted_p": p,
        "largest": largest.name if largest is not None else None,
        "own_high": highest,
        "tolerance": settings["tolerance"] if threshold is None else None,
        "contrasts": [[c.name, c.effect, c.error, c.p] for c in feature.found],
    }
    fault = fault_of(rule, "sd", 0.0, math.inf)
    if fault is None and rule.op not in ("<=", "<"):
        fault = "a drift effect is bounded with <= or <"
    if fault is not None:
        verdict, why = Verdict.ERROR, f"The threshold cannot be meant: {fault}."
    elif feature.n < rule.minimum_n:
        verdict, why = (
            Verdict.INCONCLUSIVE,
            f"{feature.n} rows; at least {rule.minimum_n} are needed for a verdict.",
        )
    elif threshold is None:
        verdict, why = _alarm(feature, p, highest, settings, details)
    else:
        verdict, why = _bounded(feature, threshold, highest, family, details)
    return Result(
        metric="drift_effect",
        slice={"feature": feature.name},
        value=abs(largest.effect) if largest is not None else None,
        low=None if math.isnan(shown[0]) else shown[0],
        high=None if math.isnan(shown[1]) else shown[1],
        n=feature.n,
        unit="sd",
        verdict=verdict,
        threshold=rule,
        why=why,
        method=method,
        details=details,
    )


def _alarm(
    feature: Feature, p: float, highest: float, settings: Mapping[str, Any], details: dict[str, Any]
) -> tuple[Verdict, str]:
    floor, tolerance = settings["effect_floor"], settings["tolerance"]
    rate = settings["false_discovery_rate"]
    certain = [c for c in feature.found if c.p * len(feature.found) <= rate and abs(c.effect) >= floor]
    if p <= rate and certain:
        chosen = max(certain, key=lambda c: (not math.isnan(c.error), abs(c.effect)))
        details |= {"decisive": chosen.name, "certain": [c.name for c in certain]}
        return Verdict.FAIL, (
            f"{chosen.name} moved by {chosen.effect:+.4g} sd (adjusted p {p:.2g}), at least the floor of {floor!r} sd."
        )
    if feature.obstacle:
        return Verdict.INCONCLUSIVE, feature.obstacle
    if highest <= tolerance:
        return Verdict.PASS, (
            f"No drift found (adjusted p {p:.2g}); a shift beyond {tolerance!r} sd is excluded "
            f"(upper bound {highest:.4g})."
        )
    largest = feature.largest
    size = abs(largest.effect) if largest is not None else None
    details["rows_needed"] = rows_needed(feature.n, size, tolerance, 0.0, highest)
    return Verdict.INCONCLUSIVE, (
        f"No drift found (adjusted p {p:.2g}), but {feature.n} rows leave a shift of up to {highest:.4g} sd possible."
    )


def _bounded(
    feature: Feature, threshold: Threshold, highest: float, family: int, details: dict[str, Any]
) -> tuple[Verdict, str]:
    level = 1 - ALPHA / max(family, 1)
    outside = [
        c for c in feature.found
        if not math.isnan(c.error) and c.p <= ALPHA and threshold.all_outside(*c.magnitude(level))
    ]  # fmt: skip
    if outside:
        details["certain"] = [c.name for c in outside]
        low, high = outside[0].magnitude(level)
        return Verdict.FAIL, (
            f"{outside[0].name} moved by {outside[0].effect:+.4g} sd; the whole interval {low:.4g} to {high:.4g}, "
            f"widened for {family} comparisons, misses {threshold.words()}."
        )
    if feature.obstacle:
        return Verdict.INCONCLUSIVE, feature.obstacle
    largest = feature.largest
    if largest is not None and threshold.holds(abs(largest.effect)) and threshold.all_inside(0.0, highest):
        return (
            Verdict.PASS,
            f"Every contrast is inside {threshold.words()} by its own bound (largest {highest:.4g}).",
        )
    size = abs(largest.effect) if largest is not None else None
    details["rows_needed"] = rows_needed(feature.n, size, threshold.bound, 0.0, highest)
    return (
        Verdict.INCONCLUSIVE,
        f"{feature.n} rows cannot tell whether {threshold.words()}: up to {highest:.4g} sd is possible.",
    )
