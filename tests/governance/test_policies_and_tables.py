"""The shipped policies and the framework speak the words of this installation's own tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.frameworks.pack import load as load_pack
from governance.policies.document import lint, load
from governance.services.policies import known_words
from monitoring.catalogue import CATALOGUE
from people.catalogue import ROLES
from registry.selectors.cards import CARD

ROOT = Path(__file__).resolve().parents[2]
TIERS = ("low", "medium", "high")
PACK = load_pack((ROOT / "fixtures/frameworks/nist_ai_rmf_1_0.json").read_text())


def text_of(tier: str) -> str:
    return (ROOT / f"fixtures/policies/{tier}.yaml").read_text()


@pytest.mark.parametrize("tier", TIERS)
def test_a_shipped_policy_names_only_what_exists(tier: str) -> None:
    assert lint(text_of(tier), known=known_words()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metric: roc_auc", "metric: psi"),
        ("bound: 0.70", "bound: 70"),
        ("role: independent-validator, count", "role: developer, count"),
        ("[residual_risk]", "[residual_luck]"),
        ("components: [weights]", "components: [wheels]"),
    ],
)
def test_words_of_no_table_are_refused(old: str, new: str) -> None:
    text = text_of("high")
    assert text.count(old) == 1
    assert lint(text.replace(old, new), known=known_words())


@pytest.mark.parametrize("tier", TIERS)
def test_thresholds_can_be_made_from_every_requirement(tier: str) -> None:
    """A run is frozen with these; a bad operator or bound would only be met there."""
    for need in load(text_of(tier)).checks:
        said = need.threshold(set_by="policy", source="x")
        metrics = {metric.name for metric in CATALOGUE[need.check].metrics}
        assert said is None or said["metric"] in metrics


def test_the_framework_rests_on_fields_and_rows_that_exist() -> None:
    assert {field for row in PACK.rows for field in row.card} <= {field.name for field in CARD}
    named = {name for check in CATALOGUE.values() for name in check.rmf}
    assert named <= set(PACK.subcategories)


@pytest.mark.parametrize("tier", TIERS)
def test_every_seat_is_a_role_that_may_approve(tier: str) -> None:
    assert all(ROLES[seat].seat for seat in load(text_of(tier)).seats())
