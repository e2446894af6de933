"""THE table of checks: what each asks, needs, yields and cannot tell. Pages, API, policies and docs read it.

Light: functions are named by dotted path and resolved where they run, so that listing checks loads no library.
`faults` says what is unsound; the service refuses to start while it says anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitoring.statistics.verdicts import Threshold

INPUTS = ("label", "prediction", "score", "sensitive", "reference", "features")
DIRECTIONS = ("higher is better", "lower is better", "nearer to its target is better", "neither")
READS = ("table", "profile")
KINDS = ("quality", "fairness", "drift", "data")
_NAME = re.compile(r"^[a-z][a-z0-9-]*$")
_PATH = re.compile(r"^monitoring\.statistics(\.[a-z_]+)+$")
_RMF = re.compile(r"^(GOVERN|MAP|MEASURE|MANAGE) \d{1,2}\.\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    title: str
    unit: str
    direction: str


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    default: Any
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold for those who set none when they try a check; policies always say their own.

    It applies when all inputs in `given` are there and none in `without`.
    """

    threshold: Threshold
    given: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One row. `needs` must be given, `optional` adds results; `rmf` names the subcategories it can support.

    `reads` says what its function is given: each dataset as a `table` in memory, or as a `profile` of counts, of which
    the current one is counted on the reference's edges.
    """

    name: str
    title: str
    question: str
    kind: str
    needs: tuple[str, ...]
    optional: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    function: str
    rule: str
    cannot_tell: str
    metrics: tuple[Metric, ...]
    rmf: tuple[str, ...]
    suggestions: tuple[Suggestion, ...] = ()
    reads: str = "table"

    def suggested(self, given: Iterable[str]) -> tuple[Threshold, ...]:
        """Thresholds for a trial with these inputs."""
        inputs = set(given)
        return tuple(
            s.threshold
            for s in self.suggestions
            if inputs.issuperset(s.given) and inputs.isdisjoint(s.without)
        )

    def metric(self, name: str) -> Metric | None:
        return next((metric for metric in self.metrics if metric.name == name), None)


_HIGHER, _LOWER, _NEARER, _NEITHER = DIRECTIONS
_UNKNOWN = Parameter(
    "maximum_unknown_share",
    0.05,
    "Above this share of blank or unknown labels or predictions nothing may pass.",
)
_INTERVALS = (
    "Fails when the whole interval, widened for all comparisons made, misses the threshold. Passes when the "
    "figure's own one-sided 95 % bound meets it. Otherwise inconclusive, with the rows that would decide. "
    "What is undefined, not a number or missing never passes."
)

_SET_BY = "suggested by the catalogue"
_FOUR_FIFTHS = "four-fifths rule, 29 CFR 1607.4 D"

_EVALUATION = Check(
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
        _UNKNOWN,
        Parameter("minimum_n", 30, "Fewer rows decide nothing."),
    ),
    function="monitoring.statistics.evaluation.run",
    rule=_INTERVALS,
    cannot_tell=(
        "Whether the evaluation data are like those the model will meet, and whether the labels are right. "
        "Where labels exist only for accepted cases, nothing is said about the others."
    ),
    metrics=(
        Metric("accuracy", "Accuracy", "share", _HIGHER),
        Metric("precision", "Precision", "share", _HIGHER),
        Metric("recall", "Recall", "share", _HIGHER),
        Metric("specificity", "Specificity", "share", _HIGHER),
        Metric("prevalence", "Share of positive labels", "share", _NEITHER),
        Metric("f1", "F1", "share", _HIGHER),
        Metric("roc_auc", "Area under the ROC curve", "area", _HIGHER),
        Metric("brier_score", "Brier score", "squared error", _LOWER),
        Metric("expected_calibration_error", "Expected calibration error", "share", _LOWER),
        Metric("calibration_in_the_large", "Observed minus expected share", "share", _NEARER),
        Metric("calibration_slope", "Calibration slope (1 is calibrated)", "slope", _NEARER),
        Metric("mae", "Mean absolute error", "label's unit", _LOWER),
        Metric("rmse", "Root mean squared error", "label's unit", _LOWER),
        Metric("r2", "Explained share of variance", "share", _HIGHER),
    ),
    rmf=("MEASURE 2.1", "MEASURE 2.3", "MEASURE 2.5"),
)

_FAIRNESS = Check(
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
        _UNKNOWN,
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
        Metric("selection_rate", "Selection rate", "share", _NEITHER),
        Metric("selection_rate_difference", "Selection rate against the compared group", "share", _NEARER),
        Metric("impact_ratio", "Impact ratio", "ratio", _NEARER),
        Metric("demographic_parity_difference", "Demographic parity difference", "share", _LOWER),
        Metric("demographic_parity_ratio", "Demographic parity ratio (four fifths)", "ratio", _HIGHER),
        Metric("equalized_odds_difference", "Equalized odds difference", "share", _LOWER),
        Metric("true_positive_rate", "True positive rate", "share", _HIGHER),
        Metric("false_positive_rate", "False positive rate", "share", _LOWER),
        Metric("false_negative_rate", "False negative rate", "share", _LOWER),
        Metric("precision", "Precision (positive predictive value)", "share", _HIGHER),
        Metric("accuracy", "Accuracy", "share", _HIGHER),
        Metric("scoring_rate", "Share scored above the median", "share", _NEITHER),
        Metric("scoring_impact_ratio", "Impact ratio of scoring rates", "ratio", _NEARER),
        Metric("scoring_rate_ratio", "Lowest against highest scoring rate", "ratio", _HIGHER),
    ),
    rmf=("MEASURE 2.11", "MAP 3.2"),
    suggestions=(
        Suggestion(
            Threshold("demographic_parity_ratio", ">=", 0.8, "ratio", _SET_BY, _FOUR_FIFTHS),
            given=("prediction",),
        ),
        Suggestion(
            Threshold("scoring_rate_ratio", ">=", 0.8, "ratio", _SET_BY, _FOUR_FIFTHS),
            given=("score",),
            without=("prediction",),
        ),
        Suggestion(
            Threshold("equalized_odds_difference", "<=", 0.1, "share", _SET_BY, "custom, no legal bound"),
            given=("label", "prediction"),
        ),
    ),
)

_DRIFT = Check(
    name="drift",
    title="Drift",
    question="Do the data the model meets now still look like those it was built and approved on?",
    kind="drift",
    needs=("reference",),
    optional=("features", "label", "prediction", "score", "sensitive"),
    parameters=(
        Parameter(
            "effect_floor", 0.05, "A certain shift under this many sd is no drift: any is certain at 1M rows."
        ),
        Parameter("tolerance", 0.2, "A column passes only if a shift beyond this many sd is excluded."),
        Parameter("false_discovery_rate", 0.01, "Of columns said to drift, the share that may be chance."),
        Parameter("minimum_n", 30, "Fewer values on a side decide nothing."),
        Parameter("bins", 10, "Quantile bins for PSI and Jensen-Shannon."),
        Parameter("frequent_categories", 20, "Categories whose shares are compared one by one."),
        Parameter(
            "maximum_categories", 1000, "More distinct values than this are an identifier, not a category."
        ),
        Parameter("resamples", 500, "Bootstrap resamples for intervals of distances."),
    ),
    function="monitoring.statistics.drift.run",
    rule=(
        "A column fails when a shift is certain (Bonferroni inside the column, Benjamini-Hochberg across columns) "
        "and at least the effect floor; it passes when none was found and a shift beyond the tolerance is excluded; "
        "otherwise inconclusive. A threshold on drift_effect or a named distance is judged by intervals instead. "
        "Columns missing, new or of another type fail as schema_changes."
    ),
    cannot_tell=(
        "Whether a shift hurts the model, why it happened, and changes of the relation between inputs and outcome "
        "while the columns one by one stay the same."
    ),
    metrics=(
        Metric("drift_effect", "Largest shift", "sd", _LOWER),
        Metric("schema_changes", "Columns missing, new or of another type", "columns", _LOWER),
        Metric("psi", "Population stability index", "index", _LOWER),
        Metric("jensen_shannon", "Jensen-Shannon distance", "distance", _LOWER),
        Metric("ks_statistic", "Kolmogorov-Smirnov distance", "share", _LOWER),
        Metric("wasserstein", "Wasserstein distance", "sd", _LOWER),
        Metric("chi_squared", "Chi-squared statistic of homogeneity", "statistic", _NEITHER),
        Metric("missing_share_difference", "Change of the missing share", "share", _NEARER),
        Metric("new_category_share", "Share of rows in new categories", "share", _LOWER),
    ),
    rmf=("MEASURE 2.4", "MEASURE 3.1", "MANAGE 4.1"),
    reads="profile",
)

_CONTRACT = Check(
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
        Metric("rows", "Rows", "rows", _NEITHER),
        Metric("schema_faults", "Columns missing, of another type or not allowed", "columns", _LOWER),
        Metric("missing_share", "Missing values", "share", _LOWER),
        Metric("infinite_share", "Infinite values", "share", _LOWER),
        Metric("min_violations", "Values under the least allowed", "rows", _LOWER),
        Metric("max_violations", "Values over the greatest allowed", "rows", _LOWER),
        Metric("not_allowed", "Values outside the allowed set", "rows", _LOWER),
        Metric("duplicates", "Repeated values of a unique column", "rows", _LOWER),
        Metric("duplicate_rows", "Repeated combinations", "rows", _LOWER),
        Metric("group_rows", "Rows of a required group", "rows", _HIGHER),
    ),
    rmf=("MAP 2.3", "MEASURE 2.1"),
)

_LLM_OUTPUT = Check(
    name="llm-output",
    title="Outputs of a language model",
    question="How often are the outputs good, as people would rate them?",
    kind="quality",
    needs=("label", "prediction"),
    optional=(),
    parameters=(
        Parameter(
            "minimum_labelled",
            50,
            "Fewer outputs rated by people don't show how far the judge can be believed.",
        ),
        _UNKNOWN,
    ),
    function="monitoring.statistics.judging.run",
    rule="The judge's ratings (prediction) are corrected by the part that people have rated (label, blank elsewhere). "
    + _INTERVALS,
    cannot_tell=(
        "Whether people rate well, and anything about outputs of another kind than those they rated: they must have "
        "rated a random part. The judge's own rate is shown beside it and is no evidence."
    ),
    metrics=(
        Metric("success_rate", "Share of good outputs, as people rate", "share", _HIGHER),
        Metric("judge_rate", "Share of good outputs, as the judge alone rates", "share", _NEITHER),
        Metric("judge_sensitivity", "Good outputs that the judge calls good", "share", _HIGHER),
        Metric("judge_specificity", "Bad outputs that the judge calls bad", "share", _HIGHER),
        Metric("judge_kappa", "Agreement of judge and people beyond chance", "kappa", _HIGHER),
    ),
    rmf=("MEASURE 2.1", "MEASURE 2.3", "MEASURE 2.13"),
)

_LABEL_FREE = Check(
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
        Metric("estimated_accuracy", "Expected accuracy", "share", _HIGHER),
        Metric("estimated_precision", "Expected precision", "share", _HIGHER),
        Metric("estimated_recall", "Expected recall", "share", _HIGHER),
    ),
    rmf=("MEASURE 2.4", "MANAGE 4.1"),
)

CHECKS: tuple[Check, ...] = (_EVALUATION, _FAIRNESS, _DRIFT, _CONTRACT, _LLM_OUTPUT, _LABEL_FREE)
CATALOGUE: dict[str, Check] = {check.name: check for check in CHECKS}


def faults(checks: Iterable[Check] = CHECKS) -> list[str]:
    """What is unsound about the table, each as a sentence; empty when sound."""
    found = []
    seen: set[str] = set()
    for check in checks:
        where = f"check {check.name!r}"
        if check.name in seen:
            found.append(f"{where} stands twice.")
        seen.add(check.name)
        if not _NAME.match(check.name):
            found.append(f"{where}: the name is not lower-case words joined by hyphens.")
        if not _PATH.match(check.function):
            found.append(f"{where}: {check.function!r} is no dotted path into monitoring.statistics.")
        if check.reads not in READS:
            found.append(f"{where}: it reads {check.reads!r}, which is no form of a dataset.")
        if check.kind not in KINDS:
            found.append(f"{where}: unknown kind {check.kind!r}.")
        found += [
            f"{where}: unknown input {name!r}."
            for name in (*check.needs, *check.optional)
            if name not in INPUTS
        ]
        found += [
            f"{where}: input {name!r} is both needed and optional."
            for name in check.needs
            if name in check.optional
        ]
        found += [
            f"{where}: {field} is empty."
            for field in ("title", "question", "rule", "cannot_tell")
            if not getattr(check, field)
        ]
        found += [f"{where}: parameter {p.name!r} does not say why." for p in check.parameters if not p.why]
        found += _repeated(where, "parameter", [p.name for p in check.parameters])
        found += _repeated(where, "metric", [m.name for m in check.metrics])
        found += [
            f"{where}: a suggestion bounds {s.threshold.metric!r}, which it does not yield."
            for s in check.suggestions
            if check.metric(s.threshold.metric) is None
        ]
        if not check.metrics:
            found.append(f"{where} yields no metric.")
        for metric in check.metrics:
            if metric.direction not in DIRECTIONS or not metric.unit or not metric.title:
                found.append(f"{where}: metric {metric.name!r} lacks a title, a unit or a known direction.")
        if not check.rmf:
            found.append(f"{where} supports no subcategory.")
        found += [f"{where}: {name!r} is no subcategory." for name in check.rmf if not _RMF.match(name)]
    return found


def _repeated(where: str, what: str, names: list[str]) -> list[str]:
    return [
        f"{where}: {what} {name!r} stands twice." for name in sorted({n for n in names if names.count(n) > 1})
    ]
