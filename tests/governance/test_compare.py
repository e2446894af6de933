"""Comparison: words, figures, parts, and who may ask for it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from governance.selectors.compare import Moved, _way, compare
from governance.selectors.contents import content_of
from governance.selectors.redline import CONTEXT_WORDS, redline
from ledger import clock
from people.models import User
from registry.services.components import component_set
from registry.services.versions import version_edit
from tests.registry.world import CARD, World, make_world, person


def said(old: str, new: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text.strip()) for piece in redline(old, new)]


@pytest.mark.once
def test_words_that_went_and_came() -> None:
    assert redline("Same.", "Same.") == ()
    assert said("for planning of visits", "for planning of urgent visits") == [
        ("same", "for planning of"), ("new", "urgent"), ("same", "visits"),
    ]  # fmt: skip
    assert said("", "New text") == [("new", "New text")]
    assert said("Old", "") == [("gone", "Old")]
    assert "".join(piece.text for piece in redline("a b c", "a x c") if piece.kind != "gone") == "a x c"
    assert {kind for kind, _ in said("one  two", "one\ntwo")} == {"same"}  # a broken line is no change
    long = " ".join(f"w{number}" for number in range(200))
    kinds = said(long + " end", long + " fin")
    assert kinds[0] == ("skipped", f"{200 - CONTEXT_WORDS} unchanged words")


@pytest.mark.once
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 5_000, "b a " * 5_000),
        (" ".join(str(number % 97) for number in range(6_000)), " ".join(str(number % 89) for number in range(6_000))),
        ("." * 20_000, "!" * 20_000),
        ("x" * 20_000, "y" * 20_000),
    ],
)  # fmt: skip
def test_no_text_is_slow_to_compare(old: str, new: str) -> None:
    begun = time.process_time()
    pieces = redline(old, new)
    assert time.process_time() - begun < 2
    assert {piece.kind for piece in pieces} & {"new", "gone"}


def figure(
    value: float | None, low: float | None, high: float | None, op: str = ">=", **more: Any
) -> dict[str, Any]:
    return {"metric": "accuracy", "slice": {}, "op": op, "value": value, "low": low, "high": high, **more}


@pytest.mark.once
@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (figure(0.7, 0.6, 0.75), figure(0.9, 0.8, 0.95), "better"),
        (figure(0.9, 0.8, 0.95), figure(0.7, 0.6, 0.75), "worse"),
        (figure(0.1, 0.05, 0.2, "<="), figure(0.5, 0.4, 0.6, "<="), "worse"),
        (figure(0.7, 0.6, 0.8), figure(0.75, 0.65, 0.85), "no telling"),
        (figure(0.7, None, None), figure(0.7, None, None), "same"),
        (figure(0.7, None, None), figure(0.8, None, None), "better"),
        (figure(0.7, 0.6, 0.8), figure(None, None, None), "not comparable"),
        (figure(None, None, None), figure(None, None, None), "same"),
        (figure(0.7, 0.6, 0.8), figure(0.7, 0.6, 0.8, metric="f1"), "not comparable"),
        (figure(0.7, 0.6, 0.8, ""), figure(0.9, 0.85, 0.95, ""), "not comparable"),
        (None, figure(0.7, 0.6, 0.8), "new"),
        (figure(0.7, 0.6, 0.8), None, "gone"),
    ],
)
def test_a_figure_is_better_only_towards_its_bound_and_beyond_its_interval(
    old: Any, new: Any, way: str
) -> None:
    assert _way(old, new) == way


@pytest.fixture
def world(home: Any, db: None) -> World:
    return make_world()


def of(actor: Any) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.pk))
    return client


def test_two_versions_differ_part_by_part(world: World) -> None:
    first, second = world.version(card=CARD, code_ref="git:1"), world.version(card=CARD, code_ref="git:2")
    who = world.developer
    component_set(actor=who, version_id=first.pk, kind="tool", name="old", licence="MIT")
    for version, licence in ((first, "MIT"), (second, "GPL-3.0")):
        component_set(actor=who, version_id=version.pk, kind="weights", name="w.bin", licence=licence)
    component_set(actor=who, version_id=second.pk, kind="guardrail", name="new", digest="ab" * 32)
    card = {**CARD, "limitations": "442 people from two studies."}
    version_edit(actor=who, version_id=second.pk, changes={"card": card, "environment": {"python": "3.12"}})
    second.refresh_from_db()
    now = clock.now()
    found = compare(content_of(first, at=now), content_of(second, at=now))
    assert [(one.what, one.name, one.before, one.after) for one in found.components] == [
        ("added", "Guardrail: new", "", "abababababab…"),
        ("removed", "Tool: old", "MIT", ""),
        ("changed", "Weights: w.bin", "MIT", "GPL-3.0"),
    ]
    assert [(one.what, one.name, one.after) for one in found.subject] == [
        ("changed", "Code", "git:2"),
        ("added", "Environment: python", "3.12"),
    ]
    assert [one.name for one in found.card] == ["limitations"]
    assert compare(content_of(first, at=now), content_of(first, at=now)).empty
    reader = of(person("auditor", on=world.system))
    page = reader.get(f"/versions/{first.pk}/compare/{second.pk}/").content.decode()
    assert "[−" in page
    assert "{+" in page
    assert "GPL-3.0" in page
    api = reader.get(f"/api/v1/versions/{first.pk}/compare/{second.pk}").json()
    assert api["components"][0] == {
        "what": "added",
        "name": "Guardrail: new",
        "before": "",
        "after": "abababababab…",
    }
    assert api["metrics"] == []
    again = reader.get(f"/versions/{first.pk}/compare/").content.decode()
    assert f"/versions/{second.pk}/compare/{first.pk}/" in again


def test_a_version_that_is_not_mine_to_see_compares_with_nothing(world: World) -> None:
    other = make_world("other")
    mine, foreign = world.version(), other.version(label="foreign")
    reader = of(person("auditor", on=world.system))
    unknown = "00000000-0000-4000-8000-000000000000"
    for pair in ((mine.pk, foreign.pk), (foreign.pk, mine.pk), (foreign.pk, foreign.pk), (mine.pk, unknown)):
        assert reader.get(f"/versions/{pair[0]}/compare/{pair[1]}/").status_code == 404, pair
        assert reader.get(f"/api/v1/versions/{pair[0]}/compare/{pair[1]}").status_code == 404, pair
    assert "foreign" not in reader.get(f"/versions/{mine.pk}/compare/?q=foreign").content.decode().replace(
        'value="foreign"', ""
    )
    assert reader.get(f"/versions/{foreign.pk}/compare/").status_code == 404


@pytest.mark.once
def test_what_stands_lower_is_said() -> None:
    row = Moved("a", "A", "m", {"standing": "met"}, {"standing": "failed"}, "", "", "same", True)
    assert row.changed
