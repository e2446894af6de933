"""Checks of what language models put out."""

from __future__ import annotations

from monitoring.checks.rows import HIGHER, INTERVALS, NEITHER, UNKNOWN, Check, Metric, Parameter

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
