"""A form changes one part and nothing else; what it writes is read back to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.policies import editing
from governance.policies.compare import compare
from governance.policies.document import lint, load, sketch
from governance.policies.reading import read
from governance.policies.sentences import rules
from governance.policies.writing import write

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {tier: (ROOT / f"fixtures/policies/{tier}.yaml").read_text() for tier in ("low", "medium", "high")}


def data_of(tier: str) -> Any:
    return read(TEXTS[tier]).data


@pytest.mark.parametrize("tier", TEXTS)
def test_what_a_form_writes_says_the_same(tier: str) -> None:
    text = write(editing.in_order(data_of(tier)))
    assert read(text).data == data_of(tier)
    assert lint(text) == []
    assert compare(load(TEXTS[tier]), load(text)) == []


WORDS = st.text(st.characters(blacklist_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=30)
SCALARS = WORDS | st.integers(-(10**15), 10**15) | st.booleans() | st.decimals(-999, 999, places=9) | st.sampled_from(
    ["no", "yes", "1e5", "0x10", ".inf", "nan", "~", "null", "true", "a: b", "a #b", "- a", "{a}", "1:30", "010", "'"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        WORDS, st.dictionaries(WORDS, SCALARS | st.lists(SCALARS, max_size=4), max_size=4), max_size=4
    )
)
def test_any_data_survives_writing_and_reading(data: dict[str, Any]) -> None:
    if data:
        assert read(write(data)).data == data


@pytest.mark.parametrize("tier", TEXTS)
def test_every_sentence_has_a_part_that_can_be_changed(tier: str) -> None:
    data = data_of(tier)
    for rule in rules(load(TEXTS[tier])):
        assert editing.exists(data, rule.part), rule.part
        values = editing.values_of(data, rule.part)
        given_back = {field.name: values.get(field.name) for field in editing.fields_of(data, rule.part)}
        same = load(write(editing.changed(data, rule.part, given_back)))
        assert compare(load(TEXTS[tier]), same) == [], rule.part


def test_a_changed_part_changes_nothing_else() -> None:
    data = data_of("high")
    values = editing.values_of(data, "checks.ranking") | {"bound": Decimal("0.6999"), "asked_by": []}
    filled = {field.name: values.get(field.name) for field in editing.fields_of(data, "checks.ranking")}
    text = write(editing.changed(data, "checks.ranking", filled))
    changed = {item.path for item in compare(load(TEXTS["high"]), sketch(text))}
    assert changed == {"checks.ranking.bound", "moves.start-review.complete", "moves.approve.checks"}
    assert [editing.part_of(problem.path) for problem in lint(text)] == ["checks.ranking"]


def test_a_check_that_is_taken_away_is_asked_for_nowhere() -> None:
    text = write(editing.without(data_of("high"), "checks.equal-errors"))
    assert lint(text) == []
    assert "equal-errors" not in text


@pytest.mark.parametrize(
    "part",
    [
        "checks.nothing",
        "moves.leap",
        "moves.approve.approvals.9",
        "format",
        "a.b.c",
        "",
        "moves.x.approvals.+",
    ],
)
def test_a_part_that_is_not_there_is_not_there(part: str) -> None:
    assert not editing.exists(data_of("high"), part)
