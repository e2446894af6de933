"""A log after another: what two operators decide, what is kept of the old one, and what shows that it was cut."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from ledger import selectors, triggers
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, SignerRefuses
from ledger.models import Checkpoint, Entry, KeyRecord, Leaf, Log, Pending, Tile
from ledger.services import checkpoints, logs, sequencer
from ledger.services.audit import ledger_audit
from ledger.services.export import export_log
from ledger.signer_state import StateFile
from modelwarrant import proof
from modelwarrant.compare_logs import compare_logs
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.verify_log import verify_log
from people.services.keys import key_import_request
from people.services.logs import new_log
from tests.people.crew import Crew, acting
from tests.people.test_keys import pem

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("sequencer")
NEW = "example.org/second"
BY = {"by": "olga@example.org", "confirmed_by": "omar@example.org"}


@pytest.fixture
def crew(home: Path) -> Crew:
    return Crew()


def publish() -> Checkpoint:
    sequencer.integrate_all(actor=SYSTEM)
    made = checkpoints.publish(actor=SYSTEM)
    assert made
    return made


def work(crew: Crew, count: int) -> None:
    for _ in range(count):
        key_import_request(actor=crew.olga, purpose="model", public_pem=pem())


def start(origin: str = NEW, **changes: str) -> logs.Started:
    given = {**BY, "reason": "The disk died.", **changes}
    return new_log(actor=Actor.system("new-log", door="cli"), origin=origin, **given)


def cut(count: int) -> None:
    """What an old backup looks like: the last entries, and the rows they made, were never there."""
    with triggers.disabled(connection):
        end = Leaf.objects.count() - count
        gone = list(Leaf.objects.filter(index__gte=end).values_list("pk", flat=True))
        for entry in Entry.objects.filter(pk__in=gone, subject_kind="key"):
            KeyRecord.objects.filter(pk=entry.subject_id).delete()
        Entry.objects.filter(pk__in=gone).delete()
        Leaf.objects.filter(pk__in=gone).delete()
        Tile.objects.filter(index__gte=end // 256, level=0).delete()
        Checkpoint.objects.filter(size__gt=end).delete()


def audit() -> tuple[str, tuple[str, ...]]:
    run = ledger_audit(actor=Actor.system("self-audit"))
    return run.verdict, tuple(fault.text() for fault in run.faults)


def test_after_an_old_backup_two_operators_start_another_log(
    crew: Crew, home: Path, tmp_path: Path, client: Client
) -> None:
    publish()
    work(crew, 6)
    before = publish()
    old = Log.objects.get()
    held_by_auditor = tmp_path / "auditor"
    export_log(actor=SYSTEM, target=held_by_auditor)
    cut(4)
    work(crew, 1)  # and people went on working before anybody noticed
    with pytest.raises(SignerRefuses, match="ledger_new_log"):
        publish()
    state = StateFile(home).read()

    out = StringIO()
    arguments = ["--origin", NEW, "--reason", "The disk died.", "--by", BY["by"], "--confirmed-by"]
    call_command("ledger_new_log", *arguments, BY["confirmed_by"], stdout=out)
    assert "does NOT hold all that was signed" in out.getvalue()
    new = Log.objects.get(number=2)
    assert selectors.verifiers(NEW)[0].vkey in out.getvalue()
    said = logs.started_data(new)
    assert said
    assert said["signed"] == {
        "size": before.size,
        "root": bytes(before.root).hex(),
        "chain": bytes(before.chain).hex(),
    }
    assert (said["predecessor"], said["sound"], said["held"]["size"]) == (old.origin, False, before.size - 3)
    assert state
    assert (state.origin, state.size) == (old.origin, before.size)
    ended = [json.loads(path.read_text()) for path in (home / "signer").glob("ended-*.json")]
    assert [(row["origin"], row["size"]) for row in ended] == [(old.origin, before.size)]

    work(crew, 2)
    newest = publish()
    assert (newest.log, newest.size) == (2, 3)
    assert audit() == ("ok", ())
    first = selectors.parsed(Entry.objects.get(pk=Leaf.objects.get(log=2, index=0).pk))
    assert (first.event, first.actor.id) == ("ledger.log_started", crew.first.pseudonym)
    assert b"disk died" not in b"".join(bytes(entry.bytes) for entry in Entry.objects.all())

    # both are read by their number, both exports verify
    export_log(actor=SYSTEM, target=tmp_path / "one", number=1)
    export_log(actor=SYSTEM, target=tmp_path / "two")
    one = verify_log(tmp_path / "one", selectors.verifiers(old.origin))
    two = verify_log(tmp_path / "two", selectors.verifiers(NEW))
    assert (one.checkpoint.origin, two.checkpoint.origin) == (old.origin, NEW)
    assert client.get("/log/checkpoint").content == client.get("/log/2/checkpoint").content
    assert client.get("/log/1/checkpoint").content.startswith(old.origin.encode())
    assert client.get("/log/1/tile/entries/000.p/1").status_code == 200
    assert client.get("/log/3/checkpoint").status_code == 404
    # what the auditor holds proves what was lost
    with pytest.raises(Fault) as lost:
        compare_logs(held_by_auditor, tmp_path / "one", selectors.verifiers(old.origin))
    assert lost.value.kind == "rolled back"
    with pytest.raises(CannotCheck):
        compare_logs(tmp_path / "one", tmp_path / "two", selectors.verifiers())
    # an entry of the old log keeps its proof
    row = Entry.objects.get(pk=Leaf.objects.get(log=1, index=0).pk)
    text = selectors.proof_for(row.pk)
    assert text
    assert proof.check(bytes(row.bytes), text, selectors.verifiers()).index == 0


def test_a_sound_log_ends_with_the_name_of_its_successor(crew: Crew, home: Path) -> None:
    publish()
    work(crew, 1)
    assert Pending.objects.exists()
    started = start()
    assert started.sound
    old, new = Log.objects.order_by("number")
    last = Leaf.objects.filter(log=1).order_by("-index").first()
    assert last
    end = selectors.parsed(Entry.objects.get(pk=last.pk))
    assert (end.event, end.data["successor"]) == ("ledger.log_ended", NEW)
    said = logs.started_data(new)
    assert said
    assert (said["sound"], said["held"]["size"]) == (True, last.index + 1)
    over = selectors.latest_checkpoint(1)
    assert over
    assert over.size == last.index + 1  # its end is signed
    assert publish().log == 2
    assert audit() == ("ok", ())
    with pytest.raises(Conflict):
        start()
    with pytest.raises(Conflict):
        start(old.origin)
    assert start("example.org/third").log.number == 3
    publish()
    assert audit() == ("ok", ())
    assert [verifier.name for verifier in selectors.verifiers()] == ["example.org/third", NEW, old.origin]


def test_what_the_successor_says_of_the_old_log_holds_or_is_a_finding(crew: Crew) -> None:
    publish()
    cut(1)
    start()
    publish()
    assert audit()[0] == "ok"
    with triggers.disabled(connection):
        Leaf.objects.filter(log=1).order_by("-index")[0].delete()
    assert any("says was held of it" in text for text in audit()[1])
    with triggers.disabled(connection):
        Log.objects.filter(number=1).update(origin="example.org/other")
    assert any("doesn't begin with the name" in text for text in audit()[1])


def test_an_interrupted_start_is_finished_by_the_same_command(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    with monkeypatch.context() as patch:
        patch.setattr(StateFile, "follow", lambda *args: (_ for _ in ()).throw(OSError("no room")))
        with pytest.raises(OSError, match="no room"):
            start()
    with pytest.raises(SignerRefuses, match="this database holds"):
        publish()
    assert start().log.number == 2
    assert Log.objects.count() == 2
    assert publish().log == 2
    assert audit() == ("ok", ())


def test_a_lost_memory_is_named_by_the_checkpoints(crew: Crew, home: Path) -> None:
    made = publish()
    StateFile(home).path.unlink()
    work(crew, 1)
    with pytest.raises(SignerRefuses):
        publish()
    started = start()
    said = logs.started_data(started.log)
    assert said
    assert (said["sound"], said["signed"]["size"]) == (False, made.size)
    assert publish().log == 2
    assert audit() == ("ok", ())


@pytest.mark.once
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"by": "nobody@example.org"}, "by"),
        ({"confirmed_by": "nobody@example.org"}, "confirmed_by"),
        ({"confirmed_by": "olga@example.org"}, "confirmed_by"),
        ({"reason": " "}, "reason"),
        ({"origin": "has a space"}, "origin"),
        ({"origin": "plus+plus"}, "origin"),
    ],
)
def test_who_may_and_what_is_asked(crew: Crew, changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        start(**changes)
    assert refusal.value.field == field
    assert Log.objects.count() == 1


def test_nobody_else_starts_a_log_and_a_web_process_cannot(crew: Crew, settings: object) -> None:
    with pytest.raises(Invalid):
        new_log(actor=acting(crew.first), origin=NEW, reason="Because.", **BY)
    settings.LEDGER_HOLDS_KEYS = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="holds no keys"):
        call_command(
            "ledger_new_log",
            "--origin",
            NEW,
            "--reason",
            "x",
            "--by",
            BY["by"],
            "--confirmed-by",
            BY["confirmed_by"],
        )
    assert Log.objects.count() == 1
