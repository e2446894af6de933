"""Checks of how groups of people are treated."""

from __future__ import annotations

from monitoring.checks.rows import (
    HIGHER,
    INTERVALS,
    LOWER,
    NEARER,
    NEITHER,
    SET_BY,
    UNKNOWN,
    Check,
    Metric,
    Parameter,
    Suggestion,
)
from monitoring.statistics.verdicts import Threshold

FOUR_FIFTHS = "four-fifths rule, 29 CFR 1607.4 D"

FAIRNESS = Check(
    name="fairness",
    title="Fairness",
    question="Are groups of people treated differently, beyond what chance explains?",
    kind="fairness",
    needs=("sensitive",),
    optional=("prediction", "label", "score"),
    parameters=(
        Parameter("intersections", True, "Compare combinations of the attributes as well."),
        Parameter(
            "minimum_group", 10, "Rows under which a group's rate decides nothing; it is still printed."
        ),
        UNKNOWN,
        Parameter(
            "yardstick_share",
            0.05,
            "A group under this share of rows is not a yardstick: its own ratio must be inside, that of the "
            "reference to it only on the point.",
        ),
        Parameter("exclude_below_share", 0.0, "Leave smaller groups out of comparisons, by explicit choice."),
        Parameter(
            "exclude", [], "Groups left out by explicit choice, as attribute=group; they are still printed."
        ),
        Parameter(
            "reference_groups", {}, "Attribute to group: compare with this group instead of all pairs."
        ),
        Parameter("maximum_groups", 50, "More groups than this are refused; cut or group the attribute."),
    ),
    function="monitoring.statistics.fairness.run",
    rule=(
        "Fails when some pair of groups is outside by an exact interval that is simultaneous over all pairs of all "
        "judged comparisons. Passes when no pair is outside on the points and every group is inside against the "
        "reference group (fixed, or the largest) by its own one-sided 95 % bounds. Otherwise inconclusive, with "
        "the rows that would decide."
    ),
    cannot_tell=(
        "Whether a difference is justified, harms of other kinds, groups for which there are no data, and what "
        "would have happened to people who were never scored."
    ),
    metrics=(
        Metric("selection_rate", "Selection rate", "share", NEITHER),
        Metric("selection_rate_difference", "Selection rate against the compared group", "share", NEARER),
        Metric("impact_ratio", "Impact ratio", "ratio", NEARER),
        Metric("demographic_parity_difference", "Demographic parity difference", "share", LOWER),
        Metric("demographic_parity_ratio", "Demographic parity ratio (four fifths)", "ratio", HIGHER),
        Metric("equalized_odds_difference", "Equalized odds difference", "share", LOWER),
        Metric("true_positive_rate", "True positive rate", "share", HIGHER),
        Metric("false_positive_rate", "False positive rate", "share", LOWER),
        Metric("false_negative_rate", "False negative rate", "share", LOWER),
        Metric("precision", "Precision (positive predictive value)", "share", HIGHER),
        Metric("accuracy", "Accuracy", "share", HIGHER),
        Metric("scoring_rate", "Share scored above the median", "share", NEITHER),
        Metric("scoring_impact_ratio", "Impact ratio of scoring rates", "ratio", NEARER),
        Metric("scoring_rate_ratio", "Lowest against highest scoring rate", "ratio", HIGHER),
    ),
    rmf=("MEASURE 2.11", "MAP 3.2"),
    suggestions=(
        Suggestion(
            Threshold("demographic_parity_ratio", ">=", 0.8, "ratio", SET_BY, FOUR_FIFTHS),
            given=("prediction",),
        ),
        Suggestion(
            Threshold("scoring_rate_ratio", ">=", 0.8, "ratio", SET_BY, FOUR_FIFTHS),
            given=("score",),
            without=("prediction",),
        ),
        Suggestion(
            Threshold("equalized_odds_difference", "<=", 0.1, "share", SET_BY, "custom, no legal bound"),
            given=("label", "prediction"),
        ),
    ),
)

SCORES = Check(
    name="fairness-scores",
    title="Fairness of scores and amounts",
    question="Do scores or amounts differ between groups of people, and do they mean the same for each of them?",
    kind="fairness",
    needs=("sensitive",),
    optional=("score", "prediction", "label"),
    parameters=(
        Parameter(
            "task", "classification", "classification (scores are probabilities) or regression (amounts)."
        ),
        Parameter("intersections", True, "Compare combinations of the attributes as well."),
        Parameter(
            "reference_groups", {}, "Attribute to the group compared with; the largest where none is named."
        ),
        Parameter(
            "minimum_group", 10, "Rows under which a group's figure decides nothing; it is still printed."
        ),
        Parameter("maximum_groups", 50, "More groups than this are refused; cut or group the attribute."),
        UNKNOWN,
    ),
    function="monitoring.statistics.scores.run",
    rule=INTERVALS + " Every group is judged, missing values as a group of their own.",
    cannot_tell=(
        "Whether a difference is justified by what people differ in, what the cut makes of the scores (ask fairness), and "
        "how well calibrated scores would be for people whose outcome nobody ever saw."
    ),
    metrics=(
        Metric("mean_score", "Mean score of a group", "score's unit", NEITHER),
        Metric("standardised_mean_difference", "Mean score against the reference group", "sd", NEARER),
        Metric("calibration_gap", "Observed minus expected share of a group", "share", NEARER),
        Metric("mean_residual", "What happened minus what was predicted", "label's unit", NEARER),
        Metric("mae_difference", "Mean absolute error against the reference group", "label's unit", NEARER),
    ),
    rmf=("MEASURE 2.11",),
)
