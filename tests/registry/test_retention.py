"""What is kept how long: nothing in its term or under a hold goes, what goes is bodies, and the record still verifies."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, Refused, Unavailable
from ledger.models import Entry
from ledger.services import audit
from people.models import User
from registry import retention as rules
from registry import storage
from registry.models import Blob, LegalHold, System, Version
from registry.selectors import retention as terms
from registry.services import retention, systems
from registry.services.blobs import blob_row, facts_of
from registry.tasks import sweep
from tests.registry.world import World, make_world, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_store")]
YEARS = timedelta(days=366 * 10)
MODEL, SHARED = b"the only copy", b"used by two systems"


@pytest.fixture
def ended(world: World) -> World:
    """A system with a file of its own and one that another system has too, retired just now."""
    version = world.version()
    world.attach(version, {"model.bin": MODEL, "shared.bin": SHARED})
    other = make_world("other")
    other.attach(other.version(), {"shared.bin": SHARED})
    systems.system_retire(actor=world.owner, system_id=world.system.pk)
    Version.objects.filter(pk=version.pk).update(state="retired")
    return world


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ten years and some days on."""
    then = clock.now() + YEARS
    monkeypatch.setattr(clock, "now", lambda: then)


def digest(data: bytes) -> str:
    return storage.sha256(data)


def there(data: bytes) -> bool:
    return storage.stat_token(digest(data)) is not None


def delete(world: World, by: Actor | None = None) -> int:
    return retention.bodies_delete(actor=by or person("operator"), system_id=world.system.pk)


@pytest.mark.once
@pytest.mark.parametrize(
    ("ai_act", "tier", "house", "name", "years"),
    [
        ("high", "low", {}, "eu-ai-act-18", 10),
        ("high", "high", {"high": 25}, "house-high", 25),
        ("high", "low", {"low": 2}, "eu-ai-act-18", 10),
        ("minimal", "low", {}, "house-low", 5),
        ("unclassified", "medium", {"medium": 8}, "house-medium", 8),
    ],
)
def test_the_longer_of_regulation_and_house_holds(ai_act, tier, house, name, years):
    rule = rules.rule_of(ai_act, tier, house)
    assert (rule.name, rule.years) == (name, years)


@pytest.mark.once
@pytest.mark.parametrize(
    ("house", "said"), [({"top": 3}, "top"), ({"low": 0}, "low=0"), ({"low": 101}, "low=101")]
)
def test_years_that_cant_be_meant_stop_the_start(house, said):
    assert said in rules.years_problem(house)


def test_nothing_goes_before_its_time(ended: World):
    with pytest.raises(Refused) as refusal:
        delete(ended)
    assert "the term runs until" in refusal.value.reasons[0]["text"]
    assert there(MODEL)


def test_a_system_in_use_keeps_everything(world: World, later: Any):
    world.attach(world.version(), {"model.bin": MODEL})
    with pytest.raises(Refused) as refusal:
        delete(world)
    assert [reason["text"] for reason in refusal.value.reasons] == [
        "the system is in use: the term begins when it is retired",
        "one of its versions isn't closed",
    ]


def test_a_date_put_back_in_a_column_ends_no_term(world: World, later: Any):
    """The term begins with the entry that retired the system, and a state nobody recorded begins none."""
    System.objects.filter(pk=world.system.pk).update(state="retired")
    with pytest.raises(Refused):
        delete(world)


def test_what_goes_is_bodies_and_the_record_still_verifies(ended: World, later: Any):
    assert terms.term(ended.system).rule.name == "house-high"
    entries = Entry.objects.count()
    assert delete(ended) == 1
    assert not there(MODEL)
    assert there(SHARED), "another system has it too"
    assert Entry.objects.count() > entries
    said = Entry.objects.filter(event="registry.bodies_deleted").get()
    data = json.loads(bytes(said.bytes))["data"]
    assert data["digests"] == [digest(MODEL)]
    assert data["rule"] == "house-high"
    assert delete(ended) == 0, "asked again, nothing is left and nothing is recorded"
    assert Entry.objects.filter(event="registry.bodies_deleted").count() == 1


def test_a_hold_keeps_what_is_due_until_somebody_else_lifts_it(ended: World, later: Any):
    executive, second = person("accountable-executive"), person("accountable-executive")
    with pytest.raises(Invalid) as refusal:
        retention.hold_place(actor=executive, system_id=ended.system.pk, reason="  ")
    assert refusal.value.field == "reason"
    hold = retention.hold_place(actor=executive, system_id=ended.system.pk, reason="A case before the court.")
    with pytest.raises(Refused, match="kept") as kept:
        delete(ended)
    assert "1 legal hold on it" in kept.value.reasons[0]["text"]
    with pytest.raises(NotAllowed) as barred:
        retention.hold_lift(actor=executive, hold_id=hold.pk)
    assert barred.value.reason == "placer"
    retention.hold_lift(actor=second, hold_id=hold.pk)
    with pytest.raises(Conflict):
        retention.hold_lift(actor=second, hold_id=hold.pk)
    assert delete(ended) == 1


def test_a_hold_lifted_in_the_database_still_holds(ended: World, later: Any):
    executive = person("accountable-executive")
    retention.hold_place(actor=executive, system_id=ended.system.pk, reason="A case before the court.")
    LegalHold.objects.update(state="lifted")
    with pytest.raises(Refused):
        delete(ended)
    assert there(MODEL)


def test_a_hold_removed_from_the_database_still_holds(ended: World, later: Any):
    executive = person("accountable-executive")
    retention.hold_place(actor=executive, system_id=ended.system.pk, reason="A case before the court.")
    LegalHold.objects.all().delete()
    with pytest.raises(Refused):
        delete(ended)


@pytest.mark.once
@pytest.mark.parametrize("role", ["owner", "developer", "auditor", "risk-reviewer", "security-reviewer"])
def test_only_an_operator_deletes(ended: World, later: Any, role: str):
    with pytest.raises(NotAllowed):
        delete(ended, by=person(role))
    assert there(MODEL)


@pytest.mark.once
@pytest.mark.parametrize("role", ["operator", "owner", "developer", "auditor"])
def test_nobody_else_places_a_hold(ended: World, role: str):
    with pytest.raises(NotAllowed):
        retention.hold_place(actor=person(role), system_id=ended.system.pk, reason="Mine.")


def test_a_crash_between_the_record_and_the_files_is_finished_by_the_sweep(
    ended: World, later: Any, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr(
            storage, "remove", lambda digest: (_ for _ in ()).throw(OSError("the machine went down"))
        )
        assert delete(ended) == 1
    assert there(MODEL)
    assert Blob.objects.get(pk=digest(MODEL)).deleted_at is not None
    sweep()
    assert not there(MODEL)
    assert there(SHARED)


def test_the_same_bytes_brought_again_live_again(ended: World, later: Any):
    delete(ended)
    other = make_world("third")
    other.attach(other.version(), {"again.bin": MODEL})
    assert Blob.objects.get(pk=digest(MODEL)).deleted_at is None
    sweep()
    assert there(MODEL)


def test_bytes_taken_while_they_come_again_are_asked_for_once_more(ended: World):
    """The deletion held the row while the upload had found the file: no row without a file comes of it."""
    stored = storage.put_bytes(MODEL)
    facts = facts_of(stored.digest, stored.size, "model.bin")
    storage.remove(stored.digest)
    with pytest.raises(Unavailable, match="send them again"):
        blob_row(stored, facts)


@pytest.mark.once
def test_the_command_lists_and_deletes(ended: World, later: Any):
    operator = person("operator")
    out = io.StringIO()
    call_command("retention", stdout=out)
    assert f"{ended.system.slug}  house-high (10 years)  due" in out.getvalue()
    executive = person("accountable-executive")
    hold = retention.hold_place(actor=executive, system_id=ended.system.pk, reason="A case.")
    with pytest.raises(CommandError, match=r"(?s)kept.*- 1 legal hold"):
        call_command("retention", delete=ended.system.slug, by=email_of(operator))
    retention.hold_lift(actor=person("accountable-executive"), hold_id=hold.pk)
    call_command("retention", delete=ended.system.slug, by=email_of(operator), stdout=out)
    assert "1 bodies deleted" in out.getvalue()
    with pytest.raises(CommandError, match="no system nowhere"):
        call_command("retention", delete="nowhere", by=email_of(operator))
    with pytest.raises(CommandError, match="--by"):
        call_command("retention", delete=ended.system.slug)


def test_the_audit_finds_nothing_wrong_afterwards(world: World, later: Any):
    systems.system_retire(actor=world.owner, system_id=world.system.pk)
    executive = person("accountable-executive")
    retention.hold_place(actor=executive, system_id=world.system.pk, reason="A case before the court.")
    faults = audit.ledger_audit(actor=Actor.system("ledger-auditor")).faults
    assert [fault for fault in faults if fault.kind != "unsequenced"] == []


def email_of(actor: Actor) -> str:
    return User.objects.get(pk=actor.pk).email
