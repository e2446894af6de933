"""Checks of whether data moved."""

from __future__ import annotations

from monitoring.checks.rows import LOWER, NEARER, NEITHER, Check, Metric, Parameter

DRIFT = Check(
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
        Metric("drift_effect", "Largest shift", "sd", LOWER),
        Metric("schema_changes", "Columns missing, new or of another type", "columns", LOWER),
        Metric("psi", "Population stability index", "index", LOWER),
        Metric("jensen_shannon", "Jensen-Shannon distance", "distance", LOWER),
        Metric("ks_statistic", "Kolmogorov-Smirnov distance", "share", LOWER),
        Metric("wasserstein", "Wasserstein distance", "sd", LOWER),
        Metric("chi_squared", "Chi-squared statistic of homogeneity", "statistic", NEITHER),
        Metric("missing_share_difference", "Change of the missing share", "share", NEARER),
        Metric("new_category_share", "Share of rows in new categories", "share", LOWER),
    ),
    rmf=("MEASURE 2.4", "MEASURE 3.1", "MANAGE 4.1"),
    reads="profile",
)

OVER_TIME = Check(
    name="drift-over-time",
    title="Drift over time",
    question="Have the data moved since the model runs, beyond how its days and weekdays differ anyway?",
    kind="drift",
    needs=("reference",),
    optional=("features", "label", "prediction", "score", "sensitive"),
    parameters=(
        *DRIFT.parameters,
        Parameter("baseline_days", 28, "Days that are learnt from: four of each weekday."),
        Parameter("week_at_least", 4, "A week with fewer days is judged by its last day alone."),
    ),
    function="monitoring.statistics.watching.run",
    rule=(
        "The day, and the seven days that end with it, are held against a baseline learnt from earlier days: its level by "
        "weekday where weekdays differ, its spread from day to day, its persistence. A column fails when the distance is "
        "certain (Student's t; Bonferroni in the column, Benjamini-Hochberg across) and at least the effect floor. How far the "
        "baseline lies from the approved reference is judged beside it. Until 28 days are learnt, only a shift that is "
        "certainly beyond the tolerance fails."
    ),
    cannot_tell=(
        "Whether a shift hurts the model, and anything that was wrong already while the baseline was learnt, except for its "
        "distance from the approved reference."
    ),
    metrics=(
        *DRIFT.metrics,
        Metric("baseline_shift", "Learnt level against the approved reference", "sd", NEARER),
    ),
    rmf=DRIFT.rmf,
    reads="history",
)
