"""Fields of the organisation: defined by few, filled by who may, seen by whom they are for."""

from __future__ import annotations

import pytest

from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import audit
from registry.models import CustomField, CustomValue
from registry.selectors.fields import filled
from registry.services.fields import field_define, field_retire, model_values_set, system_values_set
from tests.registry.world import World, person

pytestmark = pytest.mark.django_db


def define(about: str = "system", **said) -> CustomField:
    given = {"name": "note", "title": "Note", "kind": "text", **said}
    return field_define(actor=person("policy-reviewer"), about=about, **given)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "plain", "two\nlines"),
        ("number", "12.50", "12,5"),
        ("number", "-3", "NaN"),
        ("date", "2026-11-21", "21.11.2026"),
        ("choice", "red", "blue"),
        ("url", "https://example.org/a?b=c", "javascript:alert(1)"),
        ("url", "http://example.org", "ftp://example.org"),
    ],
)
def test_a_value_is_what_its_kind_says(world: World, kind: str, good: str, bad: str) -> None:
    define(kind=kind, choices=["red", "green"] if kind == "choice" else [])
    with pytest.raises(Invalid) as refused:
        system_values_set(actor=world.owner, system_id=world.system.pk, values={"note": bad})
    assert refused.value.field == "note"
    system_values_set(actor=world.owner, system_id=world.system.pk, values={"note": good})
    system_values_set(actor=world.owner, system_id=world.system.pk, values={"note": good})
    assert [item.text for item in filled(world.owner, world.system)] == [good]
    assert audit.row_faults(CustomValue.objects.get()) == []


def test_all_wrong_values_are_named_and_none_is_written(world: World) -> None:
    define(name="one", title="One", required=True)
    define(name="two", title="Two", kind="date")
    define(name="three", title="Three")
    values = {"one": "", "two": "soon", "three": "fine", "four": "x"}
    with pytest.raises(Invalid) as refused:
        system_values_set(actor=world.owner, system_id=world.system.pk, values=values)
    assert {reason["code"] for reason in refused.value.reasons} == {"one", "two", "four"}
    assert not CustomValue.objects.exists()
    assert [item.missing for item in filled(world.owner, world.system)] == [True, False, False]


def test_a_field_for_the_responsible_isn_t_there_for_readers(world: World) -> None:
    define("model", seen_by="responsible")
    with pytest.raises(Invalid, match="no such field"):
        model_values_set(actor=world.developer, model_id=world.model.pk, values={"note": "x"})
    model_values_set(actor=world.owner, model_id=world.model.pk, values={"note": "secret"})
    for who, seen in (
        (world.developer, 0),
        (person("auditor"), 0),
        (person("risk-reviewer"), 1),
        (world.owner, 1),
    ):
        assert len(filled(who, world.model)) == seen


def test_who_defines_and_who_writes(world: World) -> None:
    with pytest.raises(NotAllowed):
        field_define(actor=world.owner, about="system", name="a", title="A", kind="text")
    row = define()
    for who in (world.developer, person("auditor"), person()):
        with pytest.raises(NotAllowed):
            system_values_set(actor=who, system_id=world.system.pk, values={"note": "x"})
    for wrong in ({"title": "N0te"}, {"name": "other", "title": "Note"}, {"name": "Not a slug"}):
        with pytest.raises((Invalid, Conflict)):
            define(**wrong)
    field_retire(actor=person("risk-reviewer"), field_id=row.pk)
    with pytest.raises(Invalid, match="no such field"):
        system_values_set(actor=world.owner, system_id=world.system.pk, values={"note": "x"})
    with pytest.raises(Conflict):  # a name is never used again
        define()
