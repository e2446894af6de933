"""Checks of what language models put out."""

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

LLM_OUTPUT = Check(
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
        UNKNOWN,
    ),
    function="monitoring.statistics.judging.run",
    rule="The judge's ratings (prediction) are corrected by the part that people have rated (label, blank elsewhere). "
    + INTERVALS,
    cannot_tell=(
        "Whether people rate well, and anything about outputs of another kind than those they rated: they must have "
        "rated a random part. The judge's own rate is shown beside it and is no evidence."
    ),
    metrics=(
        Metric("success_rate", "Share of good outputs, as people rate", "share", HIGHER),
        Metric("judge_rate", "Share of good outputs, as the judge alone rates", "share", NEITHER),
        Metric("judge_sensitivity", "Good outputs that the judge calls good", "share", HIGHER),
        Metric("judge_specificity", "Bad outputs that the judge calls bad", "share", HIGHER),
        Metric("judge_kappa", "Agreement of judge and people beyond chance", "kappa", HIGHER),
    ),
    rmf=("MEASURE 2.1", "MEASURE 2.3", "MEASURE 2.13"),
)

LLM_PREFERENCE = Check(
    name="llm-preference",
    title="Preference to another model",
    question="How often are the outputs preferred to another model's?",
    kind="quality",
    needs=("label",),
    optional=(),
    parameters=(
        Parameter("win", "win", "The word for an outcome that prefers this version."),
        Parameter("tie", "tie", "The word for a tie; it counts as half a win."),
        Parameter("loss", "loss", "The word for an outcome that prefers the other model."),
        Parameter(
            "prompt", "", "Column that names the prompt: judgements of one prompt are one unit of chance."
        ),
        Parameter("position", "", "Column that says in which place this version's answer was shown."),
        Parameter("first", "first", "The word for the first place."),
        Parameter("second", "second", "The word for the second place."),
        UNKNOWN,
        Parameter("minimum_prompts", 30, "Fewer prompts decide nothing."),
    ),
    function="monitoring.statistics.preferences.run",
    rule=(
        "The label is the outcome of each comparison. With a position, the rate is the mean of both places' rates. n counts "
        "prompts. " + INTERVALS
    ),
    cannot_tell=(
        "Whether those who judged prefer what is better, whether the prompts are like those of use, and without a position "
        "column whether the place decided."
    ),
    metrics=(
        Metric("win_rate", "Share of wins, ties as halves", "share", HIGHER),
        Metric("tie_share", "Share of ties", "share", NEITHER),
        Metric("position_bias", "Win rate when shown first minus when shown second", "share", NEARER),
    ),
    rmf=("MEASURE 2.3", "MEASURE 2.13"),
)

LLM_OPERATIONS = Check(
    name="llm-operations",
    title="Incidents and costs in use",
    question="How often do queries lead to safety incidents, and what does a query cost?",
    kind="quality",
    needs=(),
    optional=("label",),
    parameters=(
        Parameter(
            "incidents", "", "Column of incidents: counts with queries, otherwise yes or no (or the label)."
        ),
        Parameter("queries", "", "Column of queries in each row; without it each row is one query."),
        Parameter("cost", "", "Column of costs."),
        Parameter("tokens", "", "Column of tokens."),
        UNKNOWN,
        Parameter("minimum_n", 30, "Fewer queries decide nothing."),
    ),
    function="monitoring.statistics.operations.run",
    rule=(
        "Incidents are a Poisson rate per 1,000 queries with an exact interval, also of none; widened where rows vary by more "
        "than chance. Costs and tokens are means per query. " + INTERVALS
    ),
    cannot_tell="Whether every incident was noticed, how grave each was, and what tomorrow's queries will be like.",
    metrics=(
        Metric("incident_rate", "Safety incidents", "per 1,000 queries", LOWER),
        Metric("cost_per_query", "Cost of a query", "cost's unit", LOWER),
        Metric("tokens_per_query", "Tokens of a query", "tokens", LOWER),
    ),
    rmf=("MEASURE 2.4", "MEASURE 2.6", "MANAGE 4.1"),
)
