"""Checks of how good a model is."""

from __future__ import annotations

from monitoring.checks.rows import (
    HIGHER,
    INTERVALS,
    LOWER,
    NEARER,
    NEITHER,
    UNKNOWN,
    Check,
    Metric,
    Parameter,
)

EVALUATION = Check(
    name="evaluation",
    title="Evaluation",
    question="Is the model good enough at what it is for, on data it was not trained on?",
    kind="quality",
    needs=("label",),
    optional=("prediction", "score"),
    parameters=(
        Parameter("task", "classification", "classification (two classes) or regression."),
        Parameter("score_range", "probability", "probability (0 to 1) or any, where only the order matters."),
        Parameter(
            "calibration_bins", 10, "Equal bins of the score in which expected and observed are compared."
        ),
        Parameter("resamples", 1000, "Bootstrap resamples; more makes ends of intervals steadier."),
        UNKNOWN,
        Parameter("minimum_n", 30, "Fewer rows decide nothing."),
    ),
    function="monitoring.statistics.evaluation.run",
    rule=INTERVALS,
    cannot_tell=(
        "Whether the evaluation data are like those the model will meet, and whether the labels are right. "
        "Where labels exist only for accepted cases, nothing is said about the others."
    ),
    metrics=(
        Metric("accuracy", "Accuracy", "share", HIGHER),
        Metric("precision", "Precision", "share", HIGHER),
        Metric("recall", "Recall", "share", HIGHER),
        Metric("specificity", "Specificity", "share", HIGHER),
        Metric("prevalence", "Share of positive labels", "share", NEITHER),
        Metric("f1", "F1", "share", HIGHER),
        Metric("roc_auc", "Area under the ROC curve", "area", HIGHER),
        Metric("brier_score", "Brier score", "squared error", LOWER),
        Metric("expected_calibration_error", "Expected calibration error", "share", LOWER),
        Metric("calibration_in_the_large", "Observed minus expected share", "share", NEARER),
        Metric("calibration_slope", "Calibration slope (1 is calibrated)", "slope", NEARER),
        Metric("mae", "Mean absolute error", "label's unit", LOWER),
        Metric("rmse", "Root mean squared error", "label's unit", LOWER),
        Metric("r2", "Explained share of variance", "share", HIGHER),
    ),
    rmf=("MEASURE 2.1", "MEASURE 2.3", "MEASURE 2.5"),
)

LABEL_FREE = Check(
    name="label-free",
    title="Expected performance without labels",
    question="How good are predictions probably, whose labels haven't come yet?",
    kind="quality",
    needs=("label", "score", "reference"),
    optional=("prediction",),
    parameters=(
        Parameter(
            "cut",
            0.5,
            "The score from which a row counts as predicted positive, where there is no prediction.",
        ),
        Parameter("resamples", 500, "Bootstrap resamples of reference and current data."),
        Parameter("minimum_n", 100, "Fewer scored rows decide nothing."),
    ),
    function="monitoring.statistics.labelfree.run",
    rule=(
        "Scores are calibrated on the labelled reference; what they lead to expect is compared with the threshold. "
        "Fails when the whole interval, widened for all comparisons, misses it. Never passes: it is an expectation."
    ),
    cannot_tell=(
        "Anything where a score no longer means what it meant: then the labels will tell another story. "
        "The current data need no label column; the reference does."
    ),
    metrics=(
        Metric("estimated_accuracy", "Expected accuracy", "share", HIGHER),
        Metric("estimated_precision", "Expected precision", "share", HIGHER),
        Metric("estimated_recall", "Expected recall", "share", HIGHER),
    ),
    rmf=("MEASURE 2.4", "MANAGE 4.1"),
)

NON_INFERIORITY = Check(
    name="non-inferiority",
    title="No worse than the version in use",
    question="Is the candidate no worse than the version in use, by a margin set before?",
    kind="quality",
    needs=("label",),
    optional=("prediction", "score", "reference"),
    parameters=(
        Parameter("task", "classification", "classification (two classes) or regression."),
        Parameter("score_range", "probability", "probability (0 to 1) or any, where only the order matters."),
        Parameter(
            "incumbent_prediction", "", "Column of the same table with what the version in use predicts."
        ),
        Parameter("incumbent_score", "", "Column of the same table with the scores of the version in use."),
        Parameter(
            "id",
            "",
            "Column that names a case on both sides, where the incumbent's answers are the reference.",
        ),
        UNKNOWN,
        Parameter("minimum_n", 30, "Fewer rows decide nothing."),
    ),
    function="monitoring.statistics.noninferiority.run",
    rule=(
        "Changes are candidate minus incumbent; the threshold is the margin (accuracy_change >= -0.01). On the same rows "
        "where both have answered them, otherwise on two samples; the outcome says which. " + INTERVALS
    ),
    cannot_tell=(
        "Whether the answers in the reference are really those of the version in use, whether the margin is small enough, "
        "and whether a part of the data got worse while the whole did not (ask slices)."
    ),
    metrics=(
        Metric("accuracy_change", "Change of accuracy", "share", HIGHER),
        Metric("recall_change", "Change of recall", "share", HIGHER),
        Metric("auc_change", "Change of the area under the ROC curve", "area", HIGHER),
        Metric("brier_change", "Change of the Brier score", "squared error", LOWER),
        Metric("mae_change", "Change of the mean absolute error", "label's unit", LOWER),
    ),
    rmf=("MEASURE 2.3", "MEASURE 2.5", "MANAGE 4.2"),
)

SLICES = Check(
    name="slices",
    title="Parts of the data",
    question="Is there a part of the data on which the model is much worse?",
    kind="quality",
    needs=("label", "prediction"),
    optional=("features", "sensitive"),
    parameters=(
        Parameter("task", "classification", "classification (accuracy) or regression (absolute errors)."),
        Parameter(
            "maximum_values", 20, "Values of a category; the rarer ones beyond it are one slice together."
        ),
        Parameter("maximum_groups", 50, "More groups of a sensitive attribute than this are refused."),
        UNKNOWN,
        Parameter("minimum_n", 30, "Fewer rows of a slice decide nothing; it is still listed."),
    ),
    function="monitoring.statistics.slices.run",
    rule="Slices are values of categories and quarters of numbers, compared with all other rows. "
    + INTERVALS,
    cannot_tell=(
        "Whether a combination of several columns is worse, or a part that no column names; and nothing of slices that "
        "have few rows: they are listed as undecided."
    ),
    metrics=(
        Metric("slice_accuracy", "Accuracy on a slice", "share", HIGHER),
        Metric("slice_accuracy_drop", "Accuracy on the rest minus accuracy on the slice", "share", LOWER),
        Metric("slice_mae_ratio", "Mean absolute error on the slice over that on the rest", "times", LOWER),
    ),
    rmf=("MEASURE 2.3", "MEASURE 2.5", "MEASURE 2.11"),
)
