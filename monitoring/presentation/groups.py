"""How checks of the treatment of groups of people are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from monitoring.charts.svg import Chart
from monitoring.presentation.results import Said, of, ranked
from monitoring.presentation.rows import (
    MOST_CHARTS,
    Fact,
    Listed,
    Presentation,
    by_attribute,
    groups_chart,
    judged_charts,
    listed,
    stored_tables,
)
from monitoring.presentation.words import clip, figure

RATES: Final = {
    "selection_rate": "Share selected",
    "true_positive_rate": "Share found of those with the outcome (true positive rate)",
    "false_positive_rate": "Share wrongly selected (false positive rate)",
    "scoring_rate": "Share scored above the median",
}
SCORES: Final = {
    "mean_score": "Mean score",
    "calibration_gap": "Observed minus expected share",
    "mean_residual": "What happened minus what was predicted",
}


def _rates(outcome: Said) -> Iterator[Chart]:
    yield from _groups(outcome, RATES)


def _scores(outcome: Said) -> Iterator[Chart]:
    yield from _groups(outcome, SCORES)


def _groups(outcome: Said, titles: dict[str, str]) -> Iterator[Chart]:
    """One drawing for each figure and attribute; decided figures are drawn against their bounds elsewhere."""
    left = MOST_CHARTS
    for metric, title in titles.items():
        for attribute, results in by_attribute(of(outcome, metric)).items():
            if left and len(results) > 1 and not any(result["verdict"] for result in results):
                left -= 1
                yield groups_chart(
                    f"{title}, by {clip(attribute, 60)}", results, measure=title.partition(" (")[0].lower()
                )


def _pair(outcome: Said) -> Iterator[Fact]:
    for result in ranked(outcome["results"])[:1]:
        details = result["details"]
        if details.get("group"):
            yield (
                "Groups farthest apart",
                f"{clip(details['group'], 80)} against {clip(details['against'], 80)}",
            )
        if details.get("comparisons"):
            yield (
                "Comparisons allowed for",
                f"{details['comparisons']:,}, so that chance among many groups fails nobody",
            )
        if details.get("undefined"):
            yield "Groups without a rate", clip(", ".join(details["undefined"]))
    parameters = outcome["parameters"]
    if parameters.get("exclude") or parameters.get("exclude_below_share"):
        said = [*map(str, parameters.get("exclude", []))]
        if share := parameters.get("exclude_below_share"):
            said.append(f"groups under {figure(share)} of all rows")
        yield "Left out by explicit choice", clip(", ".join(said))
    if fixed := parameters.get("reference_groups"):
        yield "Compared with", clip(", ".join(f"{name}: {group}" for name, group in fixed.items()))


def _against(outcome: Said) -> Iterator[Fact]:
    groups = dict.fromkeys(
        clip(result["details"]["against"], 80)
        for result in outcome["results"]
        if result["details"].get("against")
    )
    if groups:
        yield "Compared with", ", ".join(list(groups)[:6])
    if outcome["inputs"].get("compared"):
        yield "What was compared", f"column {clip(outcome['inputs']['compared'], 80)}"


def _group_tables(outcome: Said) -> Iterator[Listed]:
    """Each group with its figures and intervals, then the counts."""
    metrics = list(
        dict.fromkeys(r["metric"] for r in outcome["results"] if r["slice"] and "by" not in r["slice"])
    )
    rows = []
    for metric in metrics:
        for result in of(outcome, metric):
            if result["slice"] and "by" not in result["slice"]:
                group = " x ".join(map(str, result["slice"].values()))
                rows.append(
                    [
                        group,
                        metric.replace("_", " "),
                        result["value"],
                        result["low"],
                        result["high"],
                        result["n"],
                    ]
                )
    if rows:
        yield listed(
            "Groups with their figures and 95 % intervals",
            ("group", "figure", "value", "from", "to", "n"),
            rows,
        )
    yield from stored_tables(outcome)


ROWS = (
    Presentation(
        "fairness",
        passes="Groups are treated alike, within the bounds that were set and with chance allowed for.",
        fails="Groups are treated differently, beyond the bound and beyond what chance explains.",
        undecided="It can't be told whether groups are treated differently beyond the bound.",
        deciding=judged_charts,
        further=_rates,
        facts=_pair,
        tables=_group_tables,
    ),
    Presentation(
        "fairness-scores",
        passes="Scores differ between groups by no more than the bounds allow.",
        fails="Scores differ between groups, beyond the bound and beyond what chance explains.",
        undecided="It can't be told whether scores differ between groups beyond the bound.",
        deciding=judged_charts,
        further=_scores,
        facts=_against,
        tables=_group_tables,
    ),
)
