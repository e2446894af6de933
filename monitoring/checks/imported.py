"""Checks of results that other tools measured."""

from __future__ import annotations

from monitoring.checks.rows import NEITHER, Check, Metric, Parameter

_EXACT = Parameter(
    "exact_measures",
    [],
    "Measures that are counted, not estimated: they may pass without an interval.",
)
_RULE = (
    "Each row of the table (measure, value; low, high, n, unit, tool, tool_version) is a result. Fails when its whole interval "
    "misses the threshold, passes when the end of the interval nearest to the threshold meets it. Without an interval a row "
    "decides nothing, unless exact_measures names it. A value that is no finite number, or outside its own interval, is an "
    "error."
)

ROBUSTNESS = Check(
    name="robustness",
    title="Robustness, measured elsewhere",
    question="Does the model hold under noise, attacks and shifts, as the tool that ran it says?",
    kind="quality",
    needs=(),
    optional=(),
    parameters=(_EXACT,),
    function="monitoring.statistics.imported.run_robustness",
    rule=_RULE,
    cannot_tell=(
        "Whether the tool measured this model and measured well, at which level its intervals hold, and any attack or shift "
        "that nobody tried."
    ),
    metrics=(Metric("robustness_value", "Imported measure of robustness", "measure's unit", NEITHER),),
    rmf=("MEASURE 2.6", "MEASURE 2.7"),
)

EXPLAINABILITY = Check(
    name="explainability",
    title="Explanations, measured elsewhere",
    question="Are the model's explanations faithful and stable, as the tool that made them says?",
    kind="quality",
    needs=(),
    optional=(),
    parameters=(_EXACT,),
    function="monitoring.statistics.imported.run_explainability",
    rule=_RULE,
    cannot_tell=(
        "Whether the tool explained this model and measured well, at which level its intervals hold, and whether the people "
        "concerned understand an explanation."
    ),
    metrics=(Metric("explainability_value", "Imported measure of explanations", "measure's unit", NEITHER),),
    rmf=("MEASURE 2.9",),
)
