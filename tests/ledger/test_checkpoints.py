from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from ledger import clock, selectors
from ledger.errors import NotAllowed, SignerRefuses, Unavailable
from ledger.models import Checkpoint, Entry, Leaf, Log, Tile
from ledger.services import checkpoints, keys, sequencer
from ledger.signer_state import StateFile
from modelwarrant import durable
from modelwarrant.note import open_checkpoint
from tests.ledger.conftest import ALICE, SYSTEM, note_many

pytestmark = pytest.mark.django_db


def publish() -> Checkpoint | None:
    return checkpoints.publish(actor=SYSTEM)


def grow(count: int) -> None:
    note_many(actor=ALICE, count=count)
    sequencer.integrate_all(actor=SYSTEM)


def test_what_is_integrated_is_signed_once(log_key, home: Path):
    grow(3)
    first = publish()
    assert publish() == first
    stated, _ = open_checkpoint(bytes(first.note), selectors.verifiers())
    assert (stated.size, stated.root, stated.chain) == (first.size, bytes(first.root), bytes(first.chain))
    assert stated.origin == Log.objects.get().origin
    grow(1)
    assert publish().size == first.size + 1
    state = json.loads((home / "signer/state.json").read_text())
    assert state["size"] == first.size + 1
    assert oct((home / "signer/state.json").stat().st_mode)[-3:] == "600"


def test_order_is_the_index_and_time_is_a_claim(log_key, monkeypatch):
    grow(1)
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    note_many(actor=ALICE, count=1)
    sequencer.integrate_all(actor=SYSTEM)
    last = Leaf.objects.order_by("-index").first()
    assert Entry.objects.get(pk=last.entry_id).at.year == 2020
    assert publish().size == last.index + 1


def test_nobody_signs_without_a_key_or_a_right(home, settings):
    note_many(actor=ALICE, count=1)
    sequencer.integrate_all(actor=SYSTEM)
    with pytest.raises(Unavailable, match="no active log key"):
        publish()
    with pytest.raises(NotAllowed):
        checkpoints.publish(actor=ALICE)
    settings.LEDGER_HOLDS_KEYS = False
    with pytest.raises(Unavailable, match="holds no keys"):
        keys.signer("log")


def test_an_empty_log_is_not_signed(log_key, database_owner):
    assert publish() is None


def truncate(count: int) -> None:
    """The tail is gone, from every table at once (AU-03)."""
    end = Leaf.objects.count() - count
    gone = Leaf.objects.filter(index__gte=end)
    Entry.objects.filter(pk__in=list(gone.values_list("pk", flat=True))).delete()
    gone.delete()
    Tile.objects.filter(index__gte=end // 256, level=0).delete()
    Checkpoint.objects.filter(size__gt=end).delete()


def rewrite() -> None:
    """The last entries are written anew, same number, all hashes right, later checkpoints gone (AU-04)."""
    size = Leaf.objects.count()
    truncate(2)
    note_many(actor=SYSTEM, count=2)
    sequencer.integrate_all(actor=SYSTEM)
    assert Leaf.objects.count() == size


def rename() -> None:
    Log.objects.update(origin="another/log")


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda: truncate(2), "some are gone"),
        (lambda: (truncate(2), grow(1)), "some are gone"),
        (rewrite, "rewritten"),
        (lambda: (rewrite(), grow(3)), "rewritten"),
        (rename, "this database holds another/log"),
        (lambda: Tile.objects.all().delete(), "Tile .* should have"),
    ],
    ids=["cut", "restored and grown", "rewritten", "rewritten and grown", "another log", "tile gone"],
)
def test_another_tree_is_not_signed_over(log_key, database_owner, attack, said):
    grow(260)
    publish()
    grow(4)
    publish()
    with database_owner():
        attack()
    signed = Checkpoint.objects.count()
    for _ in range(2):
        with pytest.raises(SignerRefuses, match=said) as caught:
            publish()
        assert "Nothing was signed" in caught.value.message
    assert Checkpoint.objects.count() == signed


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda path: path.write_text("{}")], ids=["lost", "unreadable"]
)
def test_a_lost_memory_is_not_an_empty_one(log_key, home, damage):
    grow(2)
    publish()
    damage(home / "signer/state.json")
    grow(1)
    with pytest.raises(SignerRefuses, match=r"signer|state file"):
        publish()


OPERATIONS = ["open", "write", "fsync", "replace", "statement"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_crash_at_any_step_leaves_nothing_signed_that_is_not_remembered(
    log_key, home, monkeypatch, operation
):
    grow(2)
    publish()
    file = StateFile(home)
    failed = 0
    for number in range(1, 25):
        grow(1)
        before = Checkpoint.objects.count()
        left = number

        def step(real, *args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError("the power went out")
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            if operation == "statement":
                wrapper = connection.execute_wrapper(step)
            else:
                real = getattr(os, operation)
                fake = type(
                    "os", (), {name: staticmethod(getattr(os, name)) for name in dir(os) if name[0] != "_"}
                )
                setattr(fake, operation, staticmethod(lambda *a, real=real, **k: step(real, *a, **k)))
                patch.setattr(durable, "os", fake)
                wrapper = connection.execute_wrapper(lambda execute, *args: execute(*args))
            try:
                with wrapper:
                    publish()
            except (OSError, Unavailable):
                failed += 1
                signed = Checkpoint.objects.order_by("-size").first()
                # the power may go out after the insert: then it is published, and remembered all the same
                assert Checkpoint.objects.count() - before in (0, 1)
                assert file.read().size >= signed.size
            else:
                break
        # whatever happened: the next publication signs all there is, and the tree that was remembered
        assert publish().size == Leaf.objects.count()
    assert failed >= 1
    assert left > 0
    assert file.read().size == Leaf.objects.count()
