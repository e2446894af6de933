"""AU-02: flip bytes of a 100-entry log one at a time, in the export's files and in every column: each is found.

`make test` takes every byte of the checkpoint, some of each other file and one row of each column; `make soak` as many
as fit into SOAK_SECONDS, in random order.
"""

from __future__ import annotations

import os
import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction

from ledger import selectors, triggers
from ledger.models import Checkpoint, Entry, KeyRecord, Leaf, Log, Pending, PersonalText, PersonKey, Tile
from ledger.services import audit, checkpoints, keys, sequencer
from ledger.services.export import export_log
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.verify_log import verify_log
from registry.models import System
from tests.ledger.conftest import SYSTEM
from tests.soak.kills import append

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))  # 0: the short form, by count
OF_EACH_FILE = 12
TABLES = (Entry, Leaf, Tile, Checkpoint, Log, Pending, PersonalText, PersonKey, KeyRecord, System)


@pytest.fixture
def log(home: Path) -> Log:
    key = keys.key_create(actor=SYSTEM, purpose="log")
    keys.key_move(actor=SYSTEM, key_id=key.pk, move="activate")
    for number in range(49):
        append(number)
    sequencer.integrate_all(actor=SYSTEM)
    checkpoints.publish(actor=SYSTEM)
    assert Entry.objects.count() == 100
    assert audit.ledger_audit(actor=SYSTEM).faults == ()
    return Log.objects.get()


@pytest.mark.once
def test_in_the_files_of_an_export(log: Log, tmp_path: Path) -> None:
    folder = export_log(actor=SYSTEM, target=tmp_path / "export").path
    verifiers = selectors.verifiers()
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    places = [(path, at) for path, data in files.items() for at in range(len(data))]
    random.Random(7).shuffle(places)
    if not SECONDS:
        places = [
            place
            for path, data in files.items()
            for place in [place for place in places if place[0] == path][
                : len(data) if path.name == "checkpoint" else OF_EACH_FILE
            ]
        ]
    over, tried = time.monotonic() + SECONDS, 0
    for path, at in places:
        bad = bytearray(files[path])
        bad[at] ^= 1 << at % 8
        path.write_bytes(bad)
        with pytest.raises((Fault, CannotCheck)):
            verify_log(folder, verifiers)
        path.write_bytes(files[path])
        tried += 1
        if SECONDS and time.monotonic() > over:
            break
    assert verify_log(folder, verifiers).checkpoint.size == 100
    print(f"{tried} of {sum(map(len, files.values()))} bytes of the export, 0 missed")


def flipped(value: object, rng: random.Random) -> object:
    """The value with one bit or step changed; None where it has none to change."""
    if isinstance(value, bytes | memoryview):
        data = bytearray(value)
        if not data:
            return b"\x00"
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    if isinstance(value, str):
        at = rng.randrange(len(value)) if value else 0
        return value[:at] + ("x" if value[at : at + 1] != "x" else "y") + value[at + 1 :]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, UUID):
        return UUID(int=value.int ^ (1 << rng.randrange(128)))
    if isinstance(value, datetime):
        return value + timedelta(milliseconds=1 + rng.randrange(10**6))
    return None


def test_in_every_column_of_the_database(log: Log) -> None:
    rng = random.Random(11)
    places: list[tuple[type[models.Model], object, models.Field]] = []
    for model in TABLES:
        fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
        free = set(getattr(model, "ledger_free", ()))
        places += [
            (model, pk, f)
            for pk in model.objects.values_list("pk", flat=True)
            for f in fields
            if f.name not in free
        ]
    rng.shuffle(places)
    # each column of each table once, before any a second time
    places.sort(
        key=lambda place, seen=set(): (place[0], place[2]) in seen or bool(seen.add((place[0], place[2])))
    )
    columns = len({(model, field) for model, _, field in places})
    over, tried, missed = time.monotonic() + SECONDS, 0, []
    for model, pk, field in places:
        value = getattr(model.objects.get(pk=pk), field.attname)
        changed = flipped(value, rng)
        if changed is None or (model is PersonKey and field.name == "created_at"):
            continue
        try:
            with triggers.disabled(connection), transaction.atomic():
                model.objects.filter(pk=pk).update(**{field.attname: changed})
        except IntegrityError:  # a constraint says it before the audit could
            continue
        found = audit.ledger_audit(actor=SYSTEM).found
        now = changed if field.primary_key else pk
        with triggers.disabled(connection), transaction.atomic():
            model.objects.filter(pk=now).update(**{field.attname: value})
        tried += 1
        if not found:
            missed.append(f"{model.__name__}.{field.name}")
        if tried >= columns and (not SECONDS or time.monotonic() > over):
            break
    assert missed == []
    print(f"{tried} flips in {columns} columns of the database, 0 missed")
    assert audit.ledger_audit(actor=SYSTEM).faults == ()
