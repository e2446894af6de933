"""How checks of quality are shown: evaluation, comparison with the version in use, parts of the data, estimates, imports."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.charts.intervals import Bin, calibration
from monitoring.charts.svg import Chart
from monitoring.presentation.results import Said, of, ranked
from monitoring.presentation.rows import (
    Fact,
    Listed,
    Presentation,
    groups_chart,
    judged_charts,
    listed,
    stored_tables,
    verdicts_by,
)
from monitoring.presentation.words import clip, figure


def _calibration(outcome: Said) -> Iterator[Chart]:
    bins = outcome["tables"].get("calibration")
    if bins:
        points = [Bin(row[2], row[3], row[4], row[5], row[1]) for row in bins["rows"] if row[2] is not None]
        yield calibration("Given probabilities against what happened", points)


def _evaluation_tables(outcome: Said) -> Iterator[Listed]:
    yield from stored_tables(outcome, but=("roc", "calibration"))


def _compared(outcome: Said) -> Iterator[Fact]:
    yield "How it was compared", clip(outcome["summary"].partition(".")[0] + ".")
    for result in ranked(outcome["results"])[:1]:
        details = result["details"]
        if details.get("candidate") is not None and details.get("incumbent") is not None:
            yield (
                "Candidate, version in use",
                f"{figure(details['candidate'])}, {figure(details['incumbent'])}",
            )
        if details.get("gained") is not None:
            yield (
                "Cases that changed sides",
                f"{details['gained']:,} only the candidate gets right, {details['lost']:,} only the version in use",
            )


def _sides(outcome: Said) -> Iterator[Listed]:
    rows = [
        [r["metric"], r["details"].get("candidate"), r["details"].get("incumbent"), r["value"], r["n"]]
        for r in outcome["results"]
        if "candidate" in r["details"]
    ]
    if rows:
        yield listed("Both sides", ("figure", "candidate", "version in use", "change", "n"), rows)


def _parts(outcome: Said) -> Iterator[Chart]:
    results = ranked(outcome["results"])
    if results:
        yield verdicts_by(
            "Parts of each column, by verdict",
            results,
            lambda result: next(iter(result["slice"]), "all rows"),
        )
    shares = sorted(of(outcome, "slice_accuracy"), key=lambda r: 2.0 if r["value"] is None else r["value"])
    if shares and not any(result["verdict"] for result in shares):
        yield groups_chart("Accuracy of each part, the lowest first", shares, measure="accuracy")


def _smallest(outcome: Said) -> Iterator[Fact]:
    table = outcome["tables"].get("slices", {"rows": []})
    small = sum(not row[5] for row in table["rows"])
    yield (
        "Parts looked at",
        f"{len(table['rows']):,}, of which {small:,} have too few rows to decide anything",
    )


def _estimated(outcome: Said) -> Iterator[Fact]:
    for result in outcome["results"][:1]:
        if "labelled_reference" in result["details"]:
            yield (
                "Scores were calibrated on",
                f"{result['details']['labelled_reference']:,} labelled rows of the reference",
            )
    yield "What this can do", "Warn. It never passes, because the labels have not come."


def _tools(outcome: Said) -> Iterator[Fact]:
    tools = dict.fromkeys(
        clip(f"{r['details'].get('tool', '')} {r['details'].get('tool_version', '')}".strip(), 80)
        for r in outcome["results"]
    )
    named = [tool for tool in tools if tool]
    yield "Measured by", ", ".join(named[:5]) or "a tool that the import doesn't name"


def _imported(check: str, passes: str, fails: str) -> Presentation:
    return Presentation(
        check,
        passes=passes,
        fails=fails,
        undecided="What the tool measured can't decide whether every bound is met.",
        deciding=judged_charts,
        facts=_tools,
        tables=stored_tables,
    )


ROWS = (
    Presentation(
        "evaluation",
        passes="The model is good enough on these data: every bound is met, with chance allowed for.",
        fails="The model is not good enough on these data: a bound is missed by more than chance explains.",
        undecided="These data can't tell whether the model is good enough.",
        deciding=judged_charts,
        further=_calibration,
        tables=_evaluation_tables,
    ),
    Presentation(
        "non-inferiority",
        passes="The candidate is no worse than the version in use, by the margin that was set.",
        fails="The candidate is worse than the version in use by more than the margin.",
        undecided="These data can't tell whether the candidate is worse than the version in use.",
        deciding=judged_charts,
        facts=_compared,
        tables=_sides,
    ),
    Presentation(
        "slices",
        passes="On no part of the data that was looked at is the model worse than the bound allows.",
        fails="On at least one part of the data the model is worse than the bound allows.",
        undecided="For at least one part of the data it can't be told whether the model is worse there.",
        deciding=judged_charts,
        further=_parts,
        facts=_smallest,
        tables=stored_tables,
        things="rows of the smaller side",
    ),
    Presentation(
        "label-free",
        passes="Nothing points to a loss of performance; that is a hint, not evidence.",
        fails="Performance has probably fallen below the bound; the labels will tell.",
        undecided="No loss is certain, and without labels nothing can pass.",
        deciding=judged_charts,
        facts=_estimated,
    ),
    _imported(
        "robustness",
        "The model holds under what the tool tried, within the bounds that were set.",
        "The model doesn't hold under what the tool tried.",
    ),
    _imported(
        "explainability",
        "The explanations are faithful and stable enough, as the tool measured.",
        "The explanations are not faithful or stable enough, as the tool measured.",
    ),
)
