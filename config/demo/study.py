"""The data of the demo and the models trained on it. Heavy: scikit-learn and pandas live here.

Knows files and frames, nothing of the service: what it leaves behind are CSV files, model directories and facts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

LABEL, PREDICTION, SCORE = "outcome", "prediction", "score"
SEED = 7
MOST_ROWS = 50_000
MANY_VALUES = 8
"""A sensitive column with more distinct numbers than this is cut into thirds."""
MEDIAN_PROGRESSION = 140


class UnfitData(ValueError):
    """Data the demo can't tell its story on; the message says why."""


@dataclass(frozen=True)
class Study:
    """A binary question about people: `frame` holds features, sensitive columns and LABEL (0 or 1)."""

    name: str
    source: str
    question: str
    frame: pd.DataFrame
    features: tuple[str, ...]
    sensitive: tuple[str, ...]
    shift: str
    shifted: Any
    """Boolean mask over the frame: the rows of the production batch, unlike the rest in the way `shift` says."""
    notes: tuple[str, ...] = ()
    trial: bool = False
    """Other people's data, which the shipped policy was not written for."""


@dataclass(frozen=True)
class Candidate:
    """One trained model: its directory, its two data files, and the features it uses."""

    directory: Path
    training: Path
    evaluation: Path
    features: tuple[str, ...]
    rows: dict[str, int] = field(default_factory=dict)


def diabetes() -> Study:
    """442 real patients (Efron et al. 2004), bundled with scikit-learn: will the disease progress above the median?"""
    frame = load_diabetes(as_frame=True, scaled=False).frame.copy()
    frame[LABEL] = (frame.pop("target") > MEDIAN_PROGRESSION).astype(int)
    frame["sex"] = frame["sex"].map({1.0: "coded 1", 2.0: "coded 2"})
    ages = frame["age"]
    frame["age_group"] = np.select([ages < 40, ages < 55], ["under 40", "40 to 54"], "55 and over")
    features = ("age", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    return Study(
        "Diabetes progression",
        "scikit-learn's bundled diabetes study: 442 patients, Efron, Hastie, Johnstone, Tibshirani (2004)",
        f"Does the disease progress above {MEDIAN_PROGRESSION}, the median, within a year?",
        frame,
        features,
        ("sex", "age_group"),
        "patients of 50 and older with a body mass index of 26 and more",
        (ages >= 50) & (frame["bmi"] >= 26),
        notes=("The study codes sex as 1 and 2 and does not say which is which.",),
    )


def of_file(path: Path, label: str, sensitive: tuple[str, ...]) -> Study:
    """Any CSV with a column of two labels. Raises UnfitData naming what is missing."""
    try:
        frame = pd.read_csv(path, skipinitialspace=True, na_values=["?"])
    except (OSError, ValueError) as error:
        raise UnfitData(f"DATASET {path}: {error}") from error
    for name in (label, *sensitive):
        if name not in frame.columns:
            raise UnfitData(
                f"{path.name} has no column '{name}'; it has: {', '.join(map(str, frame.columns))}"
            )
    frame = frame.dropna(subset=[label])
    values = sorted(frame[label].unique().tolist(), key=lambda value: (frame[label] == value).sum())
    if len(values) != 2:
        raise UnfitData(f"LABEL '{label}' has {len(values)} different values; the demo needs exactly two")
    notes = [f"'{values[0]}', the rarer value of '{label}', counts as 1."]
    if len(frame) > MOST_ROWS:
        notes.append(f"A random {MOST_ROWS:,} of {len(frame):,} rows were taken.")
        frame = frame.sample(MOST_ROWS, random_state=SEED)
    frame = frame.reset_index(drop=True)
    outcome = (frame.pop(label) == values[0]).astype(int)
    frame = frame.loc[:, frame.nunique() > 1].rename(columns=str)
    for taken in (LABEL, PREDICTION, SCORE):
        if taken in frame.columns:
            frame = frame.rename(columns={taken: f"{taken}_given"})
    for name in sensitive:
        frame[name] = _grouped(frame[name], notes)
    features = tuple(name for name in frame.columns if name not in sensitive)
    if not features:
        raise UnfitData(f"{path.name} has no column left to predict from")
    frame[LABEL] = outcome
    shift, shifted = _shift(frame, features)
    if min(outcome.value_counts()) < 40:
        raise UnfitData(f"'{values[0]}' is there fewer than 40 times: too few to judge anything")
    return Study(
        path.stem.replace("_", " ").replace("-", " ").capitalize(),
        f"the file {path.name}",
        f"Is '{label}' equal to '{values[0]}'?",
        frame,
        features,
        sensitive,
        shift,
        shifted,
        tuple(notes),
        trial=True,
    )


def train(study: Study, target: Path) -> tuple[Candidate, Candidate]:
    """Two candidates: one on the least telling feature alone, one on all of them; same split, same seed."""
    index = study.frame.index
    train_rows, test_rows = train_test_split(
        index, test_size=0.5, random_state=SEED, stratify=study.frame[LABEL]
    )
    weak = (_least_telling(study, train_rows),)
    return (
        _candidate(study, weak, train_rows, test_rows, target / "candidate-1"),
        _candidate(study, study.features, train_rows, test_rows, target / "candidate-2"),
    )


def batch(study: Study, candidate: Candidate, target: Path) -> int:
    """Write what production would send: shifted rows with the candidate's scores. Returns how many."""
    model = joblib.load(candidate.directory / "model.joblib")
    rows = _scored(study, model, candidate.features, study.frame.index[study.shifted])
    rows.to_csv(target, index=False)
    return len(rows)


def schema(study: Study) -> list[dict[str, Any]]:
    """The declared columns of every data file of the study, as the registry takes them."""
    roles = dict.fromkeys(study.sensitive, "sensitive") | {
        LABEL: "label",
        PREDICTION: "prediction",
        SCORE: "score",
    }
    columns: list[dict[str, Any]] = []
    for name in (*study.frame.columns, SCORE, PREDICTION):
        known = study.frame.get(name)
        number = known is None or pd.api.types.is_numeric_dtype(known)
        column: dict[str, Any] = {"name": name, "dtype": "number" if number else "text"}
        column["role"] = roles.get(name, "feature")
        column["nullable"] = bool(known is not None and known.isna().any())
        if name in (LABEL, PREDICTION):
            column["allowed"] = [0, 1]
        if name == SCORE:
            column |= {"min": 0, "max": 1}
        if name == LABEL:
            column["positive"] = 1
        columns.append(column)
    return columns


def _candidate(
    study: Study, features: tuple[str, ...], train_rows: Any, test_rows: Any, target: Path
) -> Candidate:
    directory = target / "model"
    directory.mkdir(parents=True)
    model = _pipeline(study.frame[list(features)])
    model.fit(study.frame.loc[train_rows, list(features)], study.frame.loc[train_rows, LABEL])
    joblib.dump(model, directory / "model.joblib")
    facts = {
        "features": list(features),
        "label": LABEL,
        "threshold": 0.5,
        "seed": SEED,
        "trained_on": len(train_rows),
    }
    (directory / "config.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    training, evaluation = target / "training.csv", target / "evaluation.csv"
    _scored(study, model, features, train_rows).to_csv(training, index=False)
    _scored(study, model, features, test_rows).to_csv(evaluation, index=False)
    rows = {"training": len(train_rows), "evaluation": len(test_rows)}
    return Candidate(directory, training, evaluation, features, rows)


def _pipeline(frame: pd.DataFrame) -> Pipeline:
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    words = [name for name in frame.columns if name not in numbers]
    prepared = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("words", OneHotEncoder(handle_unknown="ignore", min_frequency=0.01), words),
        ]
    )
    return make_pipeline(prepared, LogisticRegression(max_iter=2000))


def _scored(study: Study, model: Pipeline, features: tuple[str, ...], rows: Any) -> pd.DataFrame:
    frame: pd.DataFrame = study.frame.loc[rows].copy()
    scores = model.predict_proba(frame[list(features)])[:, 1]
    frame[SCORE] = np.clip(scores, 0, 1).round(6)
    frame[PREDICTION] = (scores >= 0.5).astype(int)
    return frame


def _least_telling(study: Study, rows: Any) -> str:
    """The feature that alone ranks people worst in the training rows."""

    def telling(name: str) -> float:
        frame = study.frame.loc[rows, [name]]
        model = _pipeline(frame).fit(frame, study.frame.loc[rows, LABEL])
        return float(roc_auc_score(study.frame.loc[rows, LABEL], model.predict_proba(frame)[:, 1]))

    return min(study.features, key=telling)


def _grouped(column: pd.Series[Any], notes: list[str]) -> pd.Series[Any]:
    """Groups as text; many different numbers become three groups of like size."""
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= MANY_VALUES:
        return column.astype("string").astype(object)
    low, high = column.quantile(1 / 3), column.quantile(2 / 3)
    notes.append(f"'{column.name}' was cut at {low:g} and {high:g} into three groups.")
    names = [f"up to {low:g}", f"up to {high:g}"]
    return pd.Series(np.select([column <= low, column <= high], names, f"over {high:g}"), index=column.index)


def _shift(frame: pd.DataFrame, features: tuple[str, ...]) -> tuple[str, Any]:
    numbers = [n for n in features if pd.api.types.is_numeric_dtype(frame[n]) and frame[n].nunique() >= 10]
    if numbers:
        name = max(numbers, key=lambda n: abs(float(np.corrcoef(frame[n].fillna(0), frame[LABEL])[0, 1])))
        cut = frame[name].quantile(0.6)
        return f"rows with '{name}' over {cut:g}", frame[name] > cut
    name = features[0]
    most = frame[name].mode()[0]
    return f"rows with '{name}' other than '{most}'", frame[name] != most
