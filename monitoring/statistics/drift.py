"""Whether data moved away from a reference: inputs, labels, predictions, scores, one column at a time.

A column fails when a shift is certain (p adjusted by Bonferroni inside the column and by Benjamini-Hochberg across
columns) and at least the effect floor; it passes when none was found and its own upper bound leaves no shift
beyond the tolerance possible; otherwise the data are too few to tell. A changed schema is a result of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from monitoring.statistics.effects import DEFAULT_RULE, judge_effects
from monitoring.statistics.features import compare_column
from monitoring.statistics.inputs import BadInput, Columns, Sensitive
from monitoring.statistics.measuring import (
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.profiles import ColumnProfile, Profile
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import unknown_column
from monitoring.statistics.verdicts import Threshold, Verdict, fault_of, judge_exact

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
    sides = opened(current, reference, columns, thresholds)
    reference, hold = sides.reference, sides.hold
    features = [
        compare_column(name, reference[name], current[name], role, settings, seed, place)
        for place, name, role in sides.pairs
    ]
    results = sides.schema + held(judge_effects(features, thresholds, settings, known=KNOWN), hold)
    others = tuple(t for t in thresholds if t.metric not in ("drift_effect", "schema_changes"))
    results += judge_all(
        [estimate for feature in features for estimate in feature.estimates],
        others,
        known=KNOWN,
        hold=hold,
        minimum_n=settings["minimum_n"],
    )
    return CheckOutcome(
        check="drift",
        results=tuple(results),
        summary=summary(results),
        warnings=tuple(sides.warnings),
        inputs={"current": current.summary(), "reference": reference.summary()},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={feature.name: feature.table for feature in features if feature.table},
    )


@dataclass(frozen=True, slots=True)
class Sides:
    """Two profiles before any column is judged: what can be compared (place, name, role), what changed in the schema, and
    why nothing may pass, if so."""

    reference: Profile
    pairs: list[tuple[int, str, str]]
    schema: list[Result]
    hold: str
    warnings: list[str]


def opened(
    current: Profile, reference: Profile | None, columns: Columns, thresholds: tuple[Threshold, ...]
) -> Sides:
    """Put `current` beside `reference`. Raises BadInput `missing-reference` and `unknown-column`."""
    if reference is None:
        raise BadInput(
            "missing-reference", "reference: drift needs data to compare with.", column="reference"
        )
    warnings = [*current.warnings, *(w for w in reference.warnings if w not in current.warnings)]
    roles = roles_of(columns, current, reference)
    hold = hold_if_same(current, reference, warnings)
    changes = schema(current, reference, tuple(roles), thresholds, warnings)
    pairs = [
        (place, name, role)
        for place, (name, role) in enumerate(roles.items())
        if name in current.columns
        and name in reference.columns
        and comparable(current[name], reference[name])
    ]
    return Sides(reference, pairs, changes, hold, warnings)


def roles_of(columns: Columns, current: Profile, reference: Profile) -> dict[str, str]:
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


def hold_if_same(current: Profile, reference: Profile, warnings: list[str]) -> str:
    """Why nothing may pass where the data are the reference's own; empty, and no warning, where they aren't."""
    if not same(current, reference):
        return ""
    warnings.append("The current data are equal to the reference; no drift can be learnt from that.")
    return warnings[-1]


def held(results: list[Result], hold: str) -> list[Result]:
    """The results, with `hold` as the reason for which none of them passes, if there is one."""
    if not hold:
        return results
    return [
        replace(result, verdict=Verdict.INCONCLUSIVE, why=hold) if result.verdict is Verdict.PASS else result
        for result in results
    ]


def same(current: Profile, reference: Profile) -> bool:
    """Whether both sides hold equal counts of equal columns; sums may differ in the last digits with the rows' order."""
    if current.rows != reference.rows or current.names != reference.names:
        return False
    return all(_counts(current[name]) == _counts(reference[name]) for name in current.names)


def _counts(column: ColumnProfile) -> dict[str, Any]:
    return {key: said for key, said in column.as_dict().items() if key not in ("sums", "square")}


def comparable(current: ColumnProfile, reference: ColumnProfile) -> bool:
    """Whether both sides hold the same kind of values, or one holds none."""
    return "empty" in (current.kind, reference.kind) or current.kind == reference.kind


def schema(
    current: Profile,
    reference: Profile,
    wanted: tuple[str, ...],
    thresholds: tuple[Threshold, ...],
    warnings: list[str],
) -> list[Result]:
    """Columns missing, new or of another type, as a result of its own; another order is a warning."""
    gone = [name for name in wanted if name not in current.columns]
    new = [name for name in current.names if name not in reference.columns]
    retyped = [
        name
        for name in wanted
        if name in current.columns
        and name in reference.columns
        and not comparable(current[name], reference[name])
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
    default = Threshold("schema_changes", "<=", 0.0, "columns", DEFAULT_RULE)
    results = []
    for threshold in mine or [default]:
        verdict, reason = judge_exact(threshold, float(changes), current.rows)
        if fault := fault_of(threshold, "columns", 0.0, math.inf):
            verdict, reason = Verdict.ERROR, f"The threshold cannot be meant: {fault}."
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


def summary(results: list[Result]) -> str:
    """Which columns drifted, in a sentence."""
    effects = [r for r in results if r.metric == "drift_effect"]
    drifted = [r.slice["feature"] for r in effects if r.verdict is Verdict.FAIL and "feature" in r.slice]
    if drifted:
        named = ", ".join(drifted[:5]) + (f" and {len(drifted) - 5} more" if len(drifted) > 5 else "")
        return f"{len(drifted)} of {len(effects)} columns drifted: {named}. {summarise(results)}"
    return f"No drift found in {len(effects)} columns. {summarise(results)}"
