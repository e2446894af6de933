"""An outcome as a reader meets it: the verdict and its reason first, what it rests on below. For pages and paper alike.

Pure: the run's columns come in as plain values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.catalogue import CATALOGUE
from monitoring.charts.svg import Chart
from monitoring.presentation.results import ROWS, Line, Said, line, ranked, tally
from monitoring.presentation.rows import Fact, Listed
from monitoring.presentation.table import presentation_of
from monitoring.presentation.words import clip

WARNINGS = 10
OWN_RULES = frozenset({"", "default of the check", "tolerance while the baseline is learnt"})
"""Who set a bound that nobody set: the words of the checks that have one of their own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says of an outcome. `judged` and `measured` hold at most ROWS; the counts are of all."""

    sentence: str
    tally: str
    decided: Line | None
    set_before: str
    things: str
    deciding: Chart | None
    further: tuple[Chart, ...]
    facts: tuple[Fact, ...]
    judged: tuple[Line, ...]
    judged_count: int
    judged_left: str
    measured: tuple[Line, ...]
    measured_count: int
    tables: tuple[Listed, ...]
    warnings: tuple[str, ...]
    warnings_left: int

    @property
    def measured_left(self) -> int:
        return self.measured_count - len(self.measured)


def deciding_result(outcome: Said) -> Said | None:
    """The result that the verdict rests on: the worst, farthest from its bound."""
    return next(iter(ranked(outcome["results"])), None)


def shown(outcome: Said, thresholds: Sequence[Mapping[str, Any]]) -> Shown:
    """`thresholds` are those recorded with the request of the run, before anything was measured."""
    row = presentation_of(outcome["check"])
    check = CATALOGUE.get(outcome["check"])
    judged = ranked(outcome["results"])
    others = [result for result in outcome["results"] if not result["verdict"]]
    parameters = outcome["parameters"]
    said: dict[str, Any] = {
        "things": row.things,
        "least": parameters.get("minimum_n") or parameters.get("minimum_prompts") or 0,
    }
    drawings = (*row.deciding(outcome), *row.further(outcome))
    warnings = [clip(text, 600) for text in outcome["warnings"]]
    return Shown(
        sentence=row.says(outcome["verdict"])
        if judged
        else "Nothing was judged: no bound was set for anything that was measured. That is never a pass.",
        tally=tally(judged),
        decided=line(judged[0], check, **said) if judged else None,
        set_before=_set_before(judged[0], thresholds) if judged else "",
        things=row.things,
        deciding=next(iter(drawings), None),
        further=drawings[1:],
        facts=tuple(row.facts(outcome)),
        judged=tuple(line(result, check, **said) for result in judged[:ROWS]),
        judged_count=len(judged),
        judged_left=tally(judged[ROWS:]),
        measured=tuple(line(result, check, **said) for result in others[:ROWS]),
        measured_count=len(others),
        tables=tuple(row.tables(outcome)),
        warnings=tuple(warnings[:WARNINGS]),
        warnings_left=max(0, len(warnings) - WARNINGS),
    )


def _set_before(result: Said, thresholds: Iterable[Mapping[str, Any]]) -> str:
    """`request` where the bound was recorded as one with the request, `check` for a check's own rule, else `inputs`."""
    bound = result["threshold"]
    if bound is None or bound["set_by"] in OWN_RULES:
        return "check"
    for said in thresholds:
        same = all(said.get(name) == bound[name] for name in ("metric", "op", "bound"))
        if same and _slice(said.get("slice")) == _slice(bound["slice"]):
            return "request"
    return "inputs"


def _slice(said: Any) -> dict[str, str]:
    return {
        str(name): str(value) for name, value in (said.items() if isinstance(said, Mapping) else said or ())
    }


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of labels that came later: `stage` is provisional or matured."""

    stage: str
    labelled: int | None
    of: int | None
    revised: int

    @property
    def share(self) -> str:
        if self.labelled is None or not self.of:
            return "unknown"
        return f"{100 * self.labelled / self.of:.3g} % ({self.labelled:,} of {self.of:,} rows)"


def labels_of(stage: str, outcome: Said | None) -> Labels | None:
    """How much of the data had labels when they were judged; None for a run that waited for none."""
    if not stage:
        return None
    facts = ((outcome or {}).get("inputs", {}).get("current") or {}).get("labels") or {}
    return Labels(stage, facts.get("labelled"), facts.get("of"), facts.get("revised", 0))
