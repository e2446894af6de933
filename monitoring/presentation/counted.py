"""How checks of the data themselves are shown: the contract, and the health of the service."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.catalogue import CATALOGUE
from monitoring.charts.svg import Chart
from monitoring.presentation.results import Said, of, ranked, title
from monitoring.presentation.rows import (
    Fact,
    Presentation,
    judged_charts,
    stored_tables,
    verdicts_by,
    worst_first,
)
from monitoring.presentation.words import clip


def _rules(outcome: Said) -> Iterator[Chart]:
    """Rules kept and broken by kind; a file has many and each is counted, so how many are broken is the picture."""
    results = ranked(outcome["results"])
    if not results:
        yield from judged_charts(outcome)
        return
    check = CATALOGUE[outcome["check"]]
    yield verdicts_by("Rules kept and broken", results, lambda result: _brief(title(result, check)))


def _brief(name: str) -> str:
    """Short enough to stand beside a bar."""
    words = {
        "Columns missing, of another type or not allowed": "Columns",
        "Missing values": "Missing",
        "Infinite values": "Infinite",
        "Values under the least allowed": "Too small",
        "Values over the greatest allowed": "Too large",
        "Values outside the allowed set": "Not allowed",
        "Repeated values of a unique column": "Repeated",
        "Repeated combinations": "Repeated rows",
        "Rows of a required group": "Group rows",
    }
    return words.get(name, name)


def _broken(outcome: Said) -> Iterator[Chart]:
    failed = [result for result in ranked(outcome["results"]) if result["verdict"] != "pass"]
    if failed:
        yield from judged_charts({**outcome, "results": failed})


def _absent(outcome: Said) -> Iterator[Fact]:
    for result in of(outcome, "schema_faults", "absent_features")[:2]:
        for word, said in (
            ("missing", "Columns missing"), ("retyped", "Columns of another type"), ("extra", "Columns nobody named"),
            ("absent", "Columns absent"),
        ):  # fmt: skip
            names = result["details"].get(word) or []
            if names:
                more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
                yield said, ", ".join(clip(name, 60) for name in names[:10]) + more


def _missing(outcome: Said) -> Iterator[Chart]:
    shares = [r for r in of(outcome, "feature_missing_share") if not r["verdict"]]
    if shares:
        shares.sort(key=lambda result: -(result["value"] or 0.0))
        yield worst_first("Missing values of each column", shares, measure="share of rows")


ROWS = (
    Presentation(
        "data-contract",
        passes="The dataset is what its contract says it is.",
        fails="The dataset breaks its contract.",
        undecided="It can't be told whether the dataset keeps its contract.",
        deciding=_rules,
        further=_broken,
        facts=_absent,
        tables=stored_tables,
    ),
    Presentation(
        "service-health",
        passes="The service answered as it should: nothing that was counted points to a silent failure.",
        fails="The service around the model failed without saying so.",
        undecided="It can't be told whether the service failed silently.",
        deciding=judged_charts,
        further=_missing,
        facts=_absent,
        tables=stored_tables,
    ),
)
