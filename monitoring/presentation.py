"""An outcome as charts: the one that shows the verdict first, and only what its figures carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitoring.charts.bars import distributions
from monitoring.charts.intervals import Bin, Estimate, by_group, calibration
from monitoring.charts.svg import Chart

MOST_FEATURES = 6


def charts_of(outcome: dict[str, Any] | None) -> list[Chart]:
    """The charts of an outcome in reading order; none where there is nothing to draw."""
    if not outcome:
        return []
    drawn = {"evaluation": _evaluation, "fairness": _fairness, "drift": _drift}.get(outcome["check"])
    return list(drawn(outcome)) if drawn else []


def _evaluation(outcome: dict[str, Any]) -> Iterator[Chart]:
    judged = [
        result for result in outcome["results"] if result["verdict"] and result["unit"] in ("share", "area")
    ]
    if judged:
        yield by_group(
            "What was judged", [_estimate(result["metric"], result) for result in judged], measure="value"
        )
    bins = outcome["tables"].get("calibration")
    if bins:
        points = [Bin(row[2], row[3], row[4], row[5], row[1]) for row in bins["rows"] if row[2] is not None]
        yield calibration("Given probabilities against what happened", points)


def _fairness(outcome: dict[str, Any]) -> Iterator[Chart]:
    rates = [
        result
        for result in outcome["results"]
        if result["metric"] == "selection_rate" and result["slice"] and "by" not in result["slice"]
    ]
    attributes = list(
        dict.fromkeys(next(iter(result["slice"])) for result in rates if len(result["slice"]) == 1)
    )
    for attribute in attributes:
        groups = [_estimate(r["slice"][attribute], r) for r in rates if list(r["slice"]) == [attribute]]
        yield by_group(f"Share selected, by {attribute}", groups, measure="selection rate")


def _drift(outcome: dict[str, Any]) -> Iterator[Chart]:
    effects = [result for result in outcome["results"] if result["metric"] == "drift_effect"]
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    effects.sort(key=lambda result: (order.get(result["verdict"], 3), -(abs(result["value"] or 0.0))))
    for result in effects[:MOST_FEATURES]:
        feature = str(result["slice"].get("feature", ""))
        table = outcome["tables"].get(feature)
        if table:
            bins, reference, current = zip(*table["rows"], strict=True)
            yield distributions(feature, [str(name) for name in bins], reference, current, measure=feature)


def _estimate(label: str, result: dict[str, Any]) -> Estimate:
    return Estimate(
        label, result["value"], result["low"], result["high"], result["n"], result["verdict"] or ""
    )
