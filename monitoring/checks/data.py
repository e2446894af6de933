"""Checks of what data are."""

from __future__ import annotations

from monitoring.checks.rows import HIGHER, LOWER, NEITHER, Check, Metric, Parameter

CONTRACT = Check(
    name="data-contract",
    title="Data contract",
    question="Is the dataset what its contract says it is?",
    kind="data",
    needs=(),
    optional=("reference",),
    parameters=(
        Parameter(
            "columns", {}, "Rules by column: kind, min, max, allowed, missing, infinite, unique, required."
        ),
        Parameter("closed", False, "Whether columns the contract does not name are faults."),
        Parameter("rows_at_least", 1, "Fewest rows."),
        Parameter("rows_at_most", 0, "Most rows; 0 is no limit."),
        Parameter("unique_together", [], "Columns whose combination may occur once."),
        Parameter("required_groups", {}, "Attribute to the groups that must occur."),
    ),
    function="monitoring.statistics.contract.run",
    rule=(
        "Everything is counted in the file at hand: a rule is met or it fails. "
        "A rule that cannot be counted is an error."
    ),
    cannot_tell="Whether values that are allowed are also true, and whether the file holds everybody it should.",
    metrics=(
        Metric("rows", "Rows", "rows", NEITHER),
        Metric("schema_faults", "Columns missing, of another type or not allowed", "columns", LOWER),
        Metric("missing_share", "Missing values", "share", LOWER),
        Metric("infinite_share", "Infinite values", "share", LOWER),
        Metric("min_violations", "Values under the least allowed", "rows", LOWER),
        Metric("max_violations", "Values over the greatest allowed", "rows", LOWER),
        Metric("not_allowed", "Values outside the allowed set", "rows", LOWER),
        Metric("duplicates", "Repeated values of a unique column", "rows", LOWER),
        Metric("duplicate_rows", "Repeated combinations", "rows", LOWER),
        Metric("group_rows", "Rows of a required group", "rows", HIGHER),
    ),
    rmf=("MAP 2.3", "MEASURE 2.1"),
)
