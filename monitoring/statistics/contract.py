"""Whether a dataset is what its contract says: columns, types, ranges, allowed values, missing, unique, groups.

Everything here is counted in the file at hand, so a rule is met or not and needs no interval. Examples of bad
values are never shown, only how many there are; names of categories are shown where the contract lists them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.labels import canonical, groups
from monitoring.statistics.measuring import libraries, read_parameters, summarise
from monitoring.statistics.recency import hours_behind
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import KINDS, Column, Table
from monitoring.statistics.verdicts import Threshold, Verdict, fault_of, judge_exact

DEFAULTS: dict[str, Any] = {
    "columns": {},
    "closed": False,
    "rows_at_least": 1,
    "rows_at_most": 0,
    "unique_together": [],
    "required_groups": {},
    "training_digests": [],
    "earlier_digests": [],
    "fresh": {},
}
_RULES = {"kind": str, "min": float, "max": float, "allowed": list, "missing": float, "infinite": float,
          "unique": bool, "required": bool}  # fmt: skip
_SOURCE = "the data contract"


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Hold `current` against the contract in `parameters`; without one, against the reference's schema.

    `columns` maps a name to rules: `kind` (number or text), `min`, `max`, `allowed` (a list), `missing` (greatest
    share), `infinite` (greatest share, 0 unless said), `unique`, `required` (true unless said). `closed` forbids
    other columns. `training_digests` names data that these must not be, byte for byte. Thresholds may bound missing_share,
    infinite_share, duplicate_rows and rows.
    Raises BadInput `no-contract`, `contract`, `parameter`.
    """
    settings = read_parameters(parameters, DEFAULTS)
    rules = _read_rules(settings["columns"])
    warnings = list(current.warnings)
    if not rules:
        if reference is None:
            raise BadInput(
                "no-contract",
                "columns: give a contract, or a reference whose schema is the contract.",
                column="columns",
            )
        rules = {name: {"kind": c.kind} for name, c in reference.columns.items() if c.kind != "empty"}
        if not rules:
            raise BadInput(
                "no-contract", "No column of the reference holds a value; nothing says what is expected."
            )
        warnings.append("No contract was given; the reference's columns and types stand in for one.")
    results: list[Result] = [_rows(current, settings), _schema(current, rules, settings)]
    for name, rule in rules.items():
        if name in current.columns:
            results += _column(current[name], rule)
    results += _unique_together(current, settings["unique_together"])
    results += _groups(current, settings["required_groups"], warnings)
    results += _same_bytes("training_overlap", current, settings["training_digests"])
    results += _same_bytes("repeated_data", current, settings["earlier_digests"])
    results += _fresh(current, settings["fresh"])
    results = _with_thresholds(results, thresholds)
    return CheckOutcome(
        check="data-contract",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={
            "current": current.summary(),
            **({"reference": reference.summary()} if reference is not None else {}),
        },
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={
            "columns": {
                "columns": ["column", "kind", "null", "nan", "plus_infinity", "minus_infinity", "overflow"],
                "rows": [[c.name, c.kind, *c.counts().values()] for c in current.columns.values()],
            }
        },
    )


def _read_rules(written: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rules = {}
    for name, rule in written.items():
        if not isinstance(rule, Mapping):
            raise BadInput("contract", f"columns: the rules of {name!r} are not a mapping.", column=str(name))
        for key, value in rule.items():
            if key not in _RULES:
                raise BadInput(
                    "contract",
                    f"columns: {name!r} has no rule {key!r}; known: {', '.join(_RULES)}.",
                    column=str(name),
                )
            kind = _RULES[key]
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if (kind is float and not number) or (kind is not float and not isinstance(value, kind)):
                raise BadInput("contract", f"columns: {name!r}: {key} cannot be {value!r}.", column=str(name))
        if rule.get("kind", "text") not in KINDS:
            raise BadInput(
                "contract",
                f"columns: {name!r}: kind is number or text, not {rule['kind']!r}.",
                column=str(name),
            )
        rules[str(name)] = dict(rule)
    return rules


def _judged(
    metric: str,
    where: dict[str, str],
    value: float,
    op: str,
    bound: float,
    n: int,
    unit: str,
    **details: object,
) -> Result:
    threshold = Threshold(metric, op, bound, unit, _SOURCE)
    verdict, why = judge_exact(threshold, value, n)
    return Result(metric, where, value, None, None, n, unit, verdict, threshold, why, "counted", details)


def _rows(table: Table, settings: dict[str, Any]) -> Result:
    most = settings["rows_at_most"]
    if most and table.rows > most:
        return _judged("rows", {}, float(table.rows), "<=", float(most), table.rows, "rows")
    return _judged("rows", {}, float(table.rows), ">=", float(settings["rows_at_least"]), table.rows, "rows")


def _schema(table: Table, rules: dict[str, dict[str, Any]], settings: dict[str, Any]) -> Result:
    missing = [
        name for name, rule in rules.items() if rule.get("required", True) and name not in table.columns
    ]
    retyped = [
        name
        for name, rule in rules.items()
        if name in table.columns and "kind" in rule and table[name].kind not in (rule["kind"], "empty")
    ]
    extra = [name for name in table.names if name not in rules]
    faults = len(missing) + len(retyped) + (len(extra) if settings["closed"] else 0)
    return _judged(
        "schema_faults", {}, float(faults), "<=", 0.0, table.rows, "columns",
        missing=missing, retyped=retyped, extra=extra,
    )  # fmt: skip


def _column(column: Column, rule: dict[str, Any]) -> list[Result]:
    where, n = {"column": column.name}, column.rows
    results = []
    share = column.missing / n
    if "missing" in rule:
        results.append(
            _judged(
                "missing_share", where, share, "<=", float(rule["missing"]), n, "share", count=column.missing
            )
        )
    else:
        results.append(
            Result(
                "missing_share",
                where,
                share,
                None,
                None,
                n,
                "share",
                None,
                None,
                "",
                "counted",
                {"count": column.missing},
            )
        )
    if column.kind == "number":
        bound = float(rule.get("infinite", 0.0))
        results.append(
            _judged(
                "infinite_share", where, column.infinite / n, "<=", bound, n, "share", count=column.infinite
            )
        )
    if column.missing == n:
        return results + [_nothing(metric, where, n) for metric in _asked_of_values(rule)]
    known = column.numbers[~np.isnan(column.numbers)]
    for key, outside in (
        ("min", known < rule.get("min", -math.inf)),
        ("max", known > rule.get("max", math.inf)),
    ):
        if key in rule:
            if column.kind == "text":
                results.append(
                    _not_comparable(f"{key}_violations", where, n, "the column holds text, not numbers.")
                )
            else:
                count = int(outside.sum())
                results.append(
                    _judged(
                        f"{key}_violations",
                        where,
                        float(count),
                        "<=",
                        0.0,
                        n,
                        "rows",
                        count=count,
                    )
                )
    if "allowed" in rule:
        allowed = {canonical(str(value)) for value in rule["allowed"]}
        names, codes = column.coded()
        bad = np.array([canonical(name) not in allowed for name in names] + [False])
        count = int(bad[codes].sum())
        results.append(
            _judged(
                "not_allowed", where, float(count), "<=", 0.0, n, "rows", count=count, distinct=int(bad.sum())
            )
        )
    if rule.get("unique"):
        names, codes = column.coded()
        count = int((codes >= 0).sum()) - len(np.unique(codes[codes >= 0]))
        results.append(_judged("duplicates", where, float(count), "<=", 0.0, n, "rows", count=count))
    return results


def _asked_of_values(rule: dict[str, Any]) -> list[str]:
    """The figures of rules that need a value to be kept or broken."""
    asked = {
        "min": "min_violations",
        "max": "max_violations",
        "allowed": "not_allowed",
        "unique": "duplicates",
    }
    return [metric for key, metric in asked.items() if key in rule and rule[key] is not False]


def _nothing(metric: str, where: dict[str, str], n: int) -> Result:
    why = "The column holds no value: none breaks the rule, and none keeps it."
    return Result(metric, where, None, None, None, n, "rows", Verdict.INCONCLUSIVE, None, why, "")


def _not_comparable(metric: str, where: dict[str, str], n: int, why: str) -> Result:
    return Result(
        metric, where, None, None, None, n, "rows", Verdict.ERROR, None, f"Cannot be counted: {why}", ""
    )


def _unique_together(table: Table, names: list[Any]) -> list[Result]:
    if not names:
        return []
    codes = [table[str(name)].coded()[1] for name in names]
    distinct = len(np.unique(np.stack(codes, axis=1), axis=0))
    where = {"columns": ", ".join(str(name) for name in names)}
    return [_judged("duplicate_rows", where, float(table.rows - distinct), "<=", 0.0, table.rows, "rows")]


def _groups(table: Table, required: Mapping[str, Any], warnings: list[str]) -> list[Result]:
    results = []
    for written, wanted in required.items():
        if not isinstance(wanted, list):
            raise BadInput(
                "contract", f"required_groups: {written!r} needs a list of groups.", column=str(written)
            )
        found = groups(table, str(written), limits=Limits(groups=10_000), warnings=warnings)
        sizes = np.bincount(found.codes, minlength=len(found.names))
        present = {canonical(name): int(size) for name, size in zip(found.names, sizes, strict=True)}
        for group in wanted:
            count = present.get(canonical(str(group)), 0)
            where = {found.attribute: str(group)}
            results.append(_judged("group_rows", where, float(count), ">=", 1.0, table.rows, "rows"))
    return results


def _same_bytes(metric: str, table: Table, digests: list[Any]) -> list[Result]:
    """Whether these are the very bytes of other data; inconclusive where their digest isn't known."""
    if not digests:
        return []
    mine = table.facts.get("digest")
    if not mine:
        why = "The digest of these data is not known, so nobody can tell whether they came before as other data."
        return [
            Result(
                metric, {}, None, None, None, table.rows, "datasets", Verdict.INCONCLUSIVE, None, why, ""
            )
        ]  # fmt: skip
    return [_judged(metric, {}, float(mine in digests), "<=", 0.0, table.rows, "datasets")]


def _fresh(table: Table, rule: Mapping[str, Any]) -> list[Result]:
    """How long before `as_of` the newest time of a column is, against `hours`."""
    if not rule:
        return []
    if set(rule) != {"column", "as_of", "hours"}:
        raise BadInput("contract", "fresh: a column, as_of and hours are expected.", column="fresh")
    behind = hours_behind(table[str(rule["column"])], str(rule["as_of"]))
    where = {"column": str(rule["column"])}
    return [_judged("hours_behind", where, behind, "<=", float(rule["hours"]), table.rows, "hours")]


def _with_thresholds(results: list[Result], thresholds: tuple[Threshold, ...]) -> list[Result]:
    """The contract's own verdicts, and one more result for each figure a policy's threshold addresses."""
    added = []
    for threshold in thresholds:
        hits = [
            r
            for r in results
            if r.metric == threshold.metric and (not threshold.slice or dict(threshold.slice) == r.slice)
        ]
        for hit in hits:
            verdict, why = judge_exact(threshold, hit.value, hit.n)
            if fault := fault_of(threshold, hit.unit, 0.0, 1.0 if hit.unit == "share" else math.inf):
                verdict, why = Verdict.ERROR, f"The threshold cannot be meant: {fault}."
            added.append(
                Result(
                    hit.metric,
                    hit.slice,
                    hit.value,
                    None,
                    None,
                    hit.n,
                    hit.unit,
                    verdict,
                    threshold,
                    why,
                    "counted",
                    hit.details,
                )
            )
        if not hits:
            why = f"Not counted: the contract has no {threshold.metric!r} rule for these columns."
            added.append(
                Result(
                    threshold.metric,
                    dict(threshold.slice),
                    None,
                    None,
                    None,
                    0,
                    "",
                    Verdict.INCONCLUSIVE,
                    threshold,
                    why,
                    "",
                )
            )
    return results + added
