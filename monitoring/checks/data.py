"""Checks of what data are."""

from __future__ import annotations

from monitoring.checks.rows import HIGHER, LOWER, NEITHER, SET_BY, Check, Metric, Parameter, Suggestion
from monitoring.statistics.verdicts import Threshold

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
        Parameter(
            "training_digests",
            [],
            "Digests of data the model was trained on; the service names them of itself.",
        ),
        Parameter(
            "earlier_digests",
            [],
            "Digests of earlier data: the same bytes again are a feed that stands still.",
        ),
        Parameter("fresh", {}, "A column of times, as_of and hours: how far behind the newest row may be."),
    ),
    function="monitoring.statistics.contract.run",
    rule=(
        "Everything is counted in the file at hand: a rule is met or it fails. "
        "A rule that cannot be counted is an error."
    ),
    cannot_tell=(
        "Whether values that are allowed are also true, whether the file holds everybody it should, and whether single rows "
        "were trained on: only a file that is training data byte for byte is noticed."
    ),
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
        Metric("training_overlap", "Training data that these data are", "datasets", LOWER),
        Metric("repeated_data", "Earlier data that these data are", "datasets", LOWER),
        Metric("hours_behind", "Age of the newest row at the end of the period", "hours", LOWER),
    ),
    rmf=("MAP 2.3", "MEASURE 2.1"),
)

_SILENT = "a service that answers every row, and not all alike"


def _suggested(metric: str, op: str, bound: float, unit: str, *given: str, without: str = "") -> Suggestion:
    threshold = Threshold(metric, op, bound, unit, SET_BY, _SILENT)
    return Suggestion(threshold, given=given, without=(without,) if without else ())


SERVICE_HEALTH = Check(
    name="service-health",
    title="Health of the service",
    question="Did the service around the model fail without saying so?",
    kind="data",
    needs=(),
    optional=("prediction", "score", "label", "features", "reference"),
    parameters=(
        Parameter("score_range", "probability", "probability (0 to 1) or any, where scores have no bounds."),
    ),
    function="monitoring.statistics.health.run",
    rule=(
        "Everything is counted in the data at hand: a bound is met or it fails. Where counts leave a figure open, it passes or "
        "fails only if both its least and its greatest value do. A named column that is not there is counted as absent, and "
        "what would have been counted in it passes nothing."
    ),
    cannot_tell=(
        "Whether answers are right, whether requests never reached the service, and failures that look like ordinary "
        "answers (ask drift and evaluation)."
    ),
    metrics=(
        Metric("rows", "Rows", "rows", HIGHER),
        Metric("missing_prediction_share", "Missing predictions or scores", "share", LOWER),
        Metric("infinite_prediction_share", "Infinite predictions or scores", "share", LOWER),
        Metric("distinct_predictions", "Distinct predictions or scores", "values", HIGHER),
        Metric("score_out_of_range_share", "Scores outside 0 to 1", "share", LOWER),
        Metric("feature_missing_share", "Missing values of a feature", "share", LOWER),
        Metric(
            "feature_missing_increase", "Missing values of a feature against the reference", "share", LOWER
        ),
        Metric("absent_features", "Columns that should be there and are not", "columns", LOWER),
    ),
    rmf=("MEASURE 2.4", "MANAGE 4.1"),
    suggestions=(
        _suggested("rows", ">=", 1.0, "rows"),
        *(
            _suggested(metric, op, bound, unit, given, without=without)
            for metric, op, bound, unit in (
                ("missing_prediction_share", "<=", 0.0, "share"),
                ("infinite_prediction_share", "<=", 0.0, "share"),
                ("distinct_predictions", ">=", 2.0, "values"),
                ("absent_features", "<=", 0.0, "columns"),
            )
            for given, without in (("prediction", ""), ("score", "prediction"))
        ),
        _suggested("score_out_of_range_share", "<=", 0.0, "share", "score"),
        _suggested("feature_missing_increase", "<=", 0.05, "share", "reference"),
    ),
    reads="profile",
)
