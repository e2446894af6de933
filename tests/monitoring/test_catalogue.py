"""The table of checks is sound, its functions exist, and reading it loads nothing heavy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import json
import subprocess
import sys

import pytest

from monitoring.catalogue import CATALOGUE, CHECKS, faults
from monitoring.statistics.inputs import Columns
from monitoring.statistics.profiling import profile_table
from monitoring.statistics.tables import table_from_values
from monitoring.statistics.watching import History

HEAVY = ("pandas", "scipy", "fairlearn", "sklearn", "pyarrow", "numpy")


def test_the_table_is_sound():
    assert faults() == []
    assert {"evaluation", "fairness", "drift", "data-contract"} <= set(CATALOGUE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"function": "os.system"}, "no dotted path"),
        ({"metrics": ()}, "yields no metric"),
        ({"cannot_tell": ""}, "cannot_tell is empty"),
        ({"rmf": ("MEASURE",)}, "no subcategory"),
        ({"needs": ("weights",)}, "unknown input"),
        ({"name": "Fair Ness"}, "lower-case"),
    ],
)
def test_unsound_rows_are_named(change, said):
    assert any(said in fault for fault in faults([dataclasses.replace(CATALOGUE["fairness"], **change)]))
    assert any("twice" in fault for fault in faults([*CHECKS, CHECKS[0]]))


@pytest.mark.parametrize("name", CATALOGUE)
def test_functions_defaults_and_metrics_are_those_of_the_code(name):
    check = CATALOGUE[name]
    module_name, function = check.function.rsplit(".", 1)
    module = importlib.import_module(module_name)
    assert callable(getattr(module, function))
    assert {p.name: p.default for p in check.parameters} == module.DEFAULTS
    if hasattr(module, "KNOWN"):
        assert {metric.name for metric in check.metrics} == set(module.KNOWN)


IMPORTED = {"measure": ["noise", "shift"], "value": [0.9, 0.8], "low": [0.8, 0.7], "high": [0.95, 0.9]}
"""What checks read that take no rows of a model's answers."""


def test_what_checks_yield_is_in_the_table_with_its_unit():
    values = {"y": [0, 1] * 50, "p": [0, 1, 1, 0] * 25, "s": [0.1, 0.9, 0.6, 0.4] * 25, "g": ["a", "b"] * 50}
    table = table_from_values(values)
    columns = Columns(label="y", prediction="p", score="s", sensitive=("g",))
    for check in CHECKS:
        module, function = check.function.rsplit(".", 1)
        given = table if check.reads == "table" else profile_table(table)
        history = {"history": History(dt.date(2026, 1, 5))} if check.reads == "history" else {}
        if check.function.startswith("monitoring.statistics.imported."):
            given = table_from_values(IMPORTED)
        outcome = getattr(importlib.import_module(module), function)(
            given, given, columns=columns, thresholds=(), parameters={}, seed=0, **history
        )
        assert outcome.results
        for result in outcome.results:
            assert (result.metric, result.unit) in {(m.name, m.unit) for m in check.metrics}
        json.dumps(outcome.as_dict(), allow_nan=False)


def test_listing_checks_loads_no_heavy_library():
    code = (
        "import sys, monitoring.catalogue, monitoring.sources, monitoring.management.commands.try_check;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
