from __future__ import annotations

import pytest

from registry.names import name_fault


@pytest.mark.parametrize(
    "name",
    [
        "fr\u0430ud-model",  # Cyrillic a among Latin letters
        "\u0455\u0441\u043e\u0440\u0435",  # 'scope' in Cyrillic letters alone
        "fraud\u202emodel",
        "fraud\u200bmodel",
        "\uff46raud",
        "FRAUD-MODEL",
        "fraud model",
        "fraud-m0del",
        "\u03c1\u03c1\u03bf",  # Greek
        " fraud",
        "",
    ],
)
def test_names_that_could_be_mistaken_are_refused(name):
    assert name_fault(name, ["fraud-model", "scope", "ppo"])


@pytest.mark.parametrize("name", ["fraud-model 2", "Kredit Ü", "Модель риска", "信用モデル", "Fraud (EU)"])
def test_honest_names_in_any_script_are_taken(name):
    assert name_fault(name, ["fraud-model", "scope"]) is None
