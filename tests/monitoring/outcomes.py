"""Real outcomes of every check on small data, good, bad and too few, as a run stores them: what pages are tried with."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from monitoring.catalogue import CATALOGUE
from monitoring.statistics import baselines
from monitoring.statistics.inputs import Columns
from monitoring.statistics.profiles import Profile
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import Table, table_from_values
from monitoring.statistics.verdicts import Threshold
from monitoring.statistics.watching import History

MONDAY = dt.date(2026, 3, 2)
KINDS = ("good", "bad", "few")
COLUMNS = Columns(label="y", prediction="p", score="s", sensitive=("sex",), features=("age", "region"))
SIZES = {"good": 4000, "bad": 4000, "few": 60}
SKILL = {"good": 0.92, "bad": 0.72, "few": 0.83}


def _answers(kind: str, *, seed: int = 1, n: int = 0) -> dict[str, list[Any]]:
    """Rows of a scored population; bad ones are scored worse, for women most, and their ages have moved."""
    n = n or SIZES[kind]
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    sex = rng.choice(["Female", "Male"], n, p=[0.45, 0.55])
    truth = rng.random(n) < 0.4
    hit = rng.random(n) < SKILL[kind]
    guess = np.where(hit, truth, ~truth)
    if kind == "bad":
        guess &= (sex == "Male") | (rng.random(n) < 0.2)
    score = np.where(guess, rng.uniform(0.5, 0.99, n), rng.uniform(0.01, 0.5, n))
    return {
        "y": truth.astype(int).tolist(),
        "p": guess.astype(int).tolist(),
        "s": score.round(3).tolist(),
        "q": np.where(rng.random(n) < 0.85, truth, ~truth).astype(int).tolist(),
        "sex": sex.tolist(),
        "age": (rng.normal(45, 12, n) + (9 if kind == "bad" else 0)).round(1).tolist(),
        "region": rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2]).tolist(),
    }


def _rated(kind: str) -> dict[str, list[Any]]:
    """Outputs rated by a judge, a part of them by people as well."""
    rng, n = np.random.default_rng([3, KINDS.index(kind)]), SIZES[kind]
    good = rng.random(n) < (0.6 if kind == "bad" else 0.93)
    judge = np.where(rng.random(n) < 0.9, good, ~good)
    by_people = np.arange(n) < n // 4
    return {
        "y": [int(value) if seen else None for value, seen in zip(good, by_people, strict=True)],
        "p": judge.astype(int).tolist(),
    }


def _preferred(kind: str) -> dict[str, list[Any]]:
    rng, n = np.random.default_rng([4, KINDS.index(kind)]), SIZES[kind]
    shares = [0.2, 0.2, 0.6] if kind == "bad" else [0.6, 0.2, 0.2]
    return {
        "y": rng.choice(["win", "tie", "loss"], n, p=shares).tolist(),
        "place": rng.choice(["first", "second"], n).tolist(),
        "prompt": [f"prompt {row // 2}" for row in range(n)],
    }


def _used(kind: str) -> dict[str, list[Any]]:
    rng, n = np.random.default_rng([5, KINDS.index(kind)]), 40
    many = {"good": 2000, "bad": 2000, "few": 10}[kind]
    queries = rng.integers(many, 2 * many, n)
    return {
        "incidents": rng.poisson(queries * (0.004 if kind == "bad" else 0.0004)).tolist(),
        "queries": queries.tolist(),
        "cost": (queries * rng.uniform(0.018, 0.022, n)).round(2).tolist(),
        "tokens": (queries * rng.integers(700, 900, n)).tolist(),
    }


def _imported(kind: str) -> dict[str, list[Any]]:
    value = 0.55 if kind == "bad" else 0.9
    near = 0.2 if kind == "few" else 0.03
    return {
        "measure": ["accuracy under noise", "accuracy under PGD attack"],
        "value": [value, value - 0.02],
        "low": [value - near, value - 0.02 - near],
        "high": [min(1.0, value + near), min(1.0, value - 0.02 + near)],
        "n": [SIZES[kind]] * 2,
        "unit": ["share"] * 2,
        "tool": ["adversarial-robustness-toolbox"] * 2,
        "tool_version": ["1.19"] * 2,
    }


DATA = {
    "llm-output": _rated,
    "llm-preference": _preferred,
    "llm-operations": _used,
    "robustness": _imported,
    "explainability": _imported,
}
BOUNDS: dict[str, list[tuple[str, str, float]]] = {
    "evaluation": [("accuracy", ">=", 0.8), ("roc_auc", ">=", 0.75), ("brier_score", "<=", 0.18)],
    "non-inferiority": [("accuracy_change", ">=", -0.02), ("recall_change", ">=", -0.05)],
    "slices": [("slice_accuracy_drop", "<=", 0.05)],
    "fairness": [("demographic_parity_ratio", ">=", 0.8), ("equalized_odds_difference", "<=", 0.1)],
    "fairness-scores": [("standardised_mean_difference", "abs<=", 0.2), ("calibration_gap", "abs<=", 0.2)],
    "service-health": [("missing_prediction_share", "<=", 0.0), ("rows", ">=", 100.0)],
    "llm-output": [("success_rate", ">=", 0.8)],
    "llm-preference": [("win_rate", ">=", 0.5), ("position_bias", "abs<=", 0.1)],
    "llm-operations": [("incident_rate", "<=", 1.0), ("cost_per_query", "<=", 0.05)],
    "label-free": [("estimated_accuracy", ">=", 0.8)],
    "robustness": [("robustness_value", ">=", 0.75)],
    "explainability": [("explainability_value", ">=", 0.75)],
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "evaluation": {"resamples": 200},
    "label-free": {"resamples": 100},
    "drift": {"resamples": 100},
    "drift-over-time": {"resamples": 100},
    "non-inferiority": {"incumbent_prediction": "q"},
    "llm-preference": {"position": "place", "prompt": "prompt"},
    "llm-operations": {"incidents": "incidents", "queries": "queries", "cost": "cost", "tokens": "tokens"},
    "data-contract": {
        "columns": {
            "age": {"kind": "number", "min": -20, "max": 120, "missing": 0.0},
            "region": {"kind": "text", "allowed": ["north", "south", "west"], "missing": 0.0},
        }
    },
}


@cache
def outcome_of(name: str, kind: str = "good") -> dict[str, Any]:
    """The outcome of a check, as a run stores it."""
    return measured(name, kind)


def measured(name: str, kind: str = "good", values: Mapping[str, list[Any]] | None = None) -> dict[str, Any]:
    """One measurement, of `values` where they are given; drift-over-time learns a baseline unless there are few rows."""
    check = CATALOGUE[name]
    given = dict(values or DATA.get(name, _answers)(kind))
    if name in ("data-contract", "service-health") and kind == "bad" and values is None:
        given["age"] = [None if row % 9 == 0 else value for row, value in enumerate(given["age"])]
        given["region"] = [f"east {row % 3}" if row % 50 == 0 else v for row, v in enumerate(given["region"])]
        given["p"] = [None if row % 7 == 0 else value for row, value in enumerate(given["p"])]
    if name == "label-free" and kind == "bad" and values is None:
        given["p"] = [1 - value for value in given["p"]]
    current, reference = table_from_values(given), _reference(name)
    said: dict[str, Any] = {
        "columns": Columns(label="y") if name == "llm-preference" else COLUMNS,
        "thresholds": tuple(
            Threshold(metric, op, bound, "", "Credit policy 3", "sha256:" + "ab" * 32)
            for metric, op, bound in BOUNDS.get(name, ())
        ),
        "parameters": PARAMETERS.get(name, {}),
        "seed": 7,
    }
    if name.startswith("llm") or check.function.startswith("monitoring.statistics.imported."):
        reference = None
        said["columns"] = Columns() if "label" not in check.needs else Columns(label="y", prediction="p")
    sides: tuple[Any, Any] = (current, reference)
    if check.reads != "table" and reference is not None:
        against = profile_table(reference)
        sides = (profile_table(current, like=against), against)
    if check.reads == "history":
        said["history"] = _history(sides[1], learnt=kind != "few")
    module, function = check.function.rsplit(".", 1)
    outcome: dict[str, Any] = getattr(importlib.import_module(module), function)(*sides, **said).as_dict()
    return outcome


def _reference(name: str) -> Table | None:
    return table_from_values(_answers("good", seed=2)) if name != "data-contract" else None


def _history(reference: Profile, *, learnt: bool) -> History:
    days = []
    for number in range(34):
        values = _answers("good", seed=100 + number, n=300)
        profile = profile_table(table_from_values(values), like=reference)
        days.append(baselines.Day(MONDAY + dt.timedelta(days=number), profile))
    baseline = baselines.learn(days[:28], reference, frequent=20) if learnt else None
    return History(MONDAY + dt.timedelta(days=34), tuple(days[28:]), baseline, 34 if learnt else 9)
