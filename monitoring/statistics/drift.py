"""Whether data moved away from a reference: inputs, labels, predictions, scores, one column at a time.

A column fails when a shift is certain (p adjusted by Bonferroni inside the column and by Benjamini-Hochberg across
columns) and at least the effect floor; it passes when none was found and its own upper bound leaves no shift
beyond the tolerance possible; otherwise the data are too few to tell. A changed schema is a result of its own.
"""

from __future__ import annotations

import math
from typing import Any

from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.features import Feature, compare_column
from monitoring.statistics.inputs import BadInput, Columns, Sensitive
from monitoring.statistics.measuring import (
    OWN_LEVEL,
    SHOWN_LEVEL,
    Estimate,
    addressed,
    judge_all,
    libraries,
    read_parameters,
    summarise,
    unanswered,
)
from monitoring.statistics.profiles import ColumnProfile, Profile
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import unknown_column
from monitoring.statistics.verdicts import ALPHA, Threshold, Verdict, fault_of, judge_exact, rows_needed

DEFAULTS: dict[str, Any] = {
    "effect_floor": 0.05,
    "tolerance": 0.2,
    "false_discovery_rate": 0.01,
    "minimum_n": 30,
    "bins": 10,
    "frequent_categories": 20,
    "maximum_categories": 1000,
    "resamples": 500,
}
_COLUMN = "no column of the data could be compared."
KNOWN = {
    "drift_effect": _COLUMN,
    "psi": _COLUMN,
    "jensen_shannon": _COLUMN,
    "chi_squared": _COLUMN,
    "ks_statistic": "no column holds numbers on both sides.",
    "wasserstein": "no column holds numbers on both sides.",
    "missing_share_difference": _COLUMN,
    "new_category_share": "no column holds text on both sides.",
    "schema_changes": "no reference.",
}
_DEFAULT_RULE = "default of the check"


def run(
    current: Profile,
    reference: Profile | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Compare `current` with `reference`, column by column: those named as features, or all.

    Without a threshold on `drift_effect` the parameters make the verdict; with one, intervals do.
    Raises BadInput `missing-reference`, `unknown-column` and `parameter`.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if reference is None:
        raise BadInput(
            "missing-reference", "reference: drift needs data to compare with.", column="reference"
        )
    warnings = [*current.warnings, *(w for w in reference.warnings if w not in current.warnings)]
    roles = _roles(columns, current, reference)
    if _same(current, reference):
        warnings.append("The current data are equal to the reference; no drift can be learnt from that.")
    schema = _schema(current, reference, tuple(roles), thresholds, warnings)
    features = [
        compare_column(name, reference[name], current[name], role, settings, seed, place)
        for place, (name, role) in enumerate(roles.items())
        if name in current.columns
        and name in reference.columns
        and _comparable(current[name], reference[name])
    ]
    results = schema + _effects(features, thresholds, settings)
    others = tuple(t for t in thresholds if t.metric not in ("drift_effect", "schema_changes"))
    results += judge_all(
        [estimate for feature in features for estimate in feature.estimates],
        others,
        known=KNOWN,
        minimum_n=settings["minimum_n"],
    )
    return CheckOutcome(
        check="drift",
        results=tuple(results),
        summary=_summary(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "reference": reference.summary()},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={feature.name: feature.table for feature in features if feature.table},
    )


def _roles(columns: Columns, current: Profile, reference: Profile) -> dict[str, str]:
    """Columns to compare and the part each plays, in the reference's order."""
    parts = {columns.label: "label", columns.prediction: "prediction", columns.score: "score"}
    named = [name for name in parts if name is not None]
    known = (*reference.names, *current.names)
    named += [Sensitive.parse(text, known).column for text in columns.sensitive]
    for name in (*columns.features, *named):
        if name not in current.columns and name not in reference.columns:
            raise unknown_column(name, current.names)
    wanted = [*columns.features, *named] if columns.features else [*reference.names, *current.names]
    return {name: parts.get(name, "feature") for name in dict.fromkeys(wanted)}


def _same(current: Profile, reference: Profile) -> bool:
    if current.rows != reference.rows or current.names != reference.names:
        return False
    return all(current[name].as_dict() == reference[name].as_dict() for name in current.names)


def _comparable(current: ColumnProfile, reference: ColumnProfile) -> bool:
    return "empty" in (current.kind, reference.kind) or current.kind == reference.kind


def _schema(
    current: Profile,
    reference: Profile,
    wanted: tuple[str, ...],
    thresholds: tuple[Threshold, ...],
    warnings: list[str],
) -> list[Result]:
    gone = [name for name in wanted if name not in current.columns]
    new = [name for name in current.names if name not in reference.columns]
    retyped = [
        name
        for name in wanted
        if name in current.columns
        and name in reference.columns
        and not _comparable(current[name], reference[name])
    ]
    shared = [name for name in current.names if name in reference.columns]
    if shared != [name for name in reference.names if name in current.columns]:
        warnings.append(
            "The columns stand in another order than in the reference; they were compared by name."
        )
    changes = len(gone) + len(new) + len(retyped)
    why = "; ".join(
        f"{word}: {', '.join(names[:10])}"
        for word, names in (("missing", gone), ("new", new), ("another type", retyped))
        if names
    )
    mine = [t for t in thresholds if t.metric == "schema_changes"]
    default = Threshold("schema_changes", "<=", 0.0, "columns", _DEFAULT_RULE)
    results = []
    for threshold in mine or [default]:
        verdict, reason = judge_exact(threshold, float(changes), current.rows)
        results.append(
            Result(
                "schema_changes",
                {},
                float(changes),
                None,
                None,
                current.rows,
                "columns",
                verdict,
                threshold,
                f"{why}. {reason}" if why else reason,
                "counted",
                {"missing": gone, "new": new, "retyped": retyped},
            )
        )
    return results


def _effects(
    features: list[Feature], thresholds: tuple[Threshold, ...], settings: dict[str, Any]
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
            results.append(_effect(feature, None, p, family, settings))
        results += [_effect(feature, threshold, p, family, settings) for threshold in hits]
    return results + unanswered(list(shells.values()), mine, KNOWN)


def _effect(
    feature: Feature, threshold: Threshold | None, p: float, family: int, settings: dict[str, Any]
) -> Result:
    largest = feature.largest
    bounds = [c for c in feature.found if not math.isnan(c.error)]
    highest = max((c.magnitude(OWN_LEVEL)[1] for c in bounds), default=math.nan)
    shown = largest.magnitude(SHOWN_LEVEL) if largest is not None else intervals.NONE
    rule = threshold or Threshold("drift_effect", "<=", settings["effect_floor"], "sd", _DEFAULT_RULE)
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
        method="largest contrast on normal scores and shares; Bonferroni in the column, Benjamini-Hochberg across",
        details=details,
    )


def _alarm(
    feature: Feature, p: float, highest: float, settings: dict[str, Any], details: dict[str, Any]
) -> tuple[Verdict, str]:
    floor, tolerance = settings["effect_floor"], settings["tolerance"]
    rate = settings["false_discovery_rate"]
    certain = [c for c in feature.found if c.p * len(feature.found) <= rate and abs(c.effect) >= floor]
    if p <= rate and certain:
        chosen = max(certain, key=lambda c: (not math.isnan(c.error), abs(c.effect)))
        details["decisive"] = chosen.name
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


def _summary(results: list[Result]) -> str:
    effects = [r for r in results if r.metric == "drift_effect"]
    drifted = [r.slice["feature"] for r in effects if r.verdict is Verdict.FAIL and "feature" in r.slice]
    if drifted:
        named = ", ".join(drifted[:5]) + (f" and {len(drifted) - 5} more" if len(drifted) > 5 else "")
        return f"{len(drifted)} of {len(effects)} columns drifted: {named}. {summarise(results)}"
    return f"No drift found in {len(effects)} columns. {summarise(results)}"
