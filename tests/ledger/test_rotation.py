"""One key follows another: whoever knows either goes on verifying, and nothing of it reads as tampering."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from ledger import clock, selectors
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Unavailable
from ledger.keyring import verifier
from ledger.models import Checkpoint, KeyRecord, Leaf
from ledger.services import checkpoints, keys, sequencer
from ledger.services.audit import ledger_audit
from ledger.services.export import export_log
from modelwarrant.compare_logs import compare_logs
from modelwarrant.errors import CannotCheck
from modelwarrant.note import Verifier
from modelwarrant.verify_log import verify_log
from tests.ledger.conftest import ALICE, SYSTEM, note_many

pytestmark = pytest.mark.django_db


def publish(count: int = 3) -> Checkpoint:
    note_many(actor=ALICE, count=count)
    sequencer.integrate_all(actor=SYSTEM)
    made = checkpoints.publish(actor=SYSTEM)
    assert made
    return made


def active(purpose: str) -> KeyRecord:
    row = keys.key_create(actor=SYSTEM, purpose=purpose)  # type: ignore[arg-type]
    return keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")


def only(row: KeyRecord) -> list[Verifier]:
    log = selectors.current_log()
    assert log
    return [verifier(row, log)]


def export(folder: Path) -> Path:
    export_log(actor=SYSTEM, target=folder)
    return folder


def test_a_log_whose_key_changes_verifies_at_every_step(
    log_key: KeyRecord, tmp_path: Path, client: Client
) -> None:
    publish()
    alone = export(tmp_path / "old alone")
    second = active("log")
    overlap = publish(300)
    assert overlap.keyid == second.keyid
    both = export(tmp_path / "both")
    # two public keys are out there, and each is enough
    for row in (log_key, second):
        assert verify_log(both, only(row)).checkpoint.size == overlap.size
    assert verify_log(both, selectors.verifiers()).checkpoint.size == overlap.size
    keys.key_move(actor=SYSTEM, key_id=log_key.pk, move="retire")
    last = publish()
    new = export(tmp_path / "new alone")
    assert verify_log(new, only(second)).checkpoint.size == last.size
    with pytest.raises(CannotCheck):
        verify_log(new, only(log_key))
    with pytest.raises(CannotCheck):
        verify_log(alone, only(second))
    # what an auditor kept from before is continued, by whoever knows both
    earlier = (alone / "checkpoint").read_bytes()
    assert earlier.count(b"\n\xe2\x80\x94 ") == 1
    assert verify_log(new, selectors.verifiers(), earlier=[earlier]).checkpoint.size == last.size
    assert compare_logs(alone, new, selectors.verifiers()).added == last.size - len_of(alone)
    run = ledger_audit(actor=SYSTEM)
    assert (run.verdict, run.faults) == ("ok", ())
    assert client.get("/log/checkpoint").status_code == 200


def len_of(folder: Path) -> int:
    return int((folder / "checkpoint").read_text().splitlines()[1])


def test_an_older_key_that_is_lost_stops_nothing_the_newest_does(
    log_key: KeyRecord, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second = active("log")
    (home / "keys" / f"{log_key.keyid}.pem").unlink()
    assert publish().keyid == second.keyid
    assert log_key.keyid[:16] in caplog.text
    (home / "keys" / f"{second.keyid}.pem").unlink()
    with pytest.raises(Unavailable, match="is not in"):
        publish()
    assert Leaf.objects.exists()


def test_a_key_ends_when_it_was_said_to(log_key: KeyRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    tomorrow = now + timedelta(days=1)
    with pytest.raises(Invalid, match="activate the next one first"):
        keys.key_end(actor=SYSTEM, key_id=log_key.pk, at=tomorrow)
    second = active("log")
    with pytest.raises(Invalid, match="to come"):
        keys.key_end(actor=SYSTEM, key_id=log_key.pk, at=now)
    row = keys.key_end(actor=SYSTEM, key_id=log_key.pk, at=tomorrow)
    assert (row.state, row.not_after) == ("active", tomorrow)
    with pytest.raises(Invalid, match="activate the next"):
        keys.key_end(actor=SYSTEM, key_id=second.pk, at=tomorrow)
    log = selectors.current_log()
    assert log
    assert [held.keyid for held, _ in keys.log_signers(log)] == [second.keyid, log_key.keyid]
    assert keys.keys_end_due(actor=SYSTEM) == 0
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    # it signs nothing from that moment on, recorded or not
    assert [held.keyid for held, _ in keys.log_signers(log)] == [second.keyid]
    with pytest.raises(NotAllowed):
        keys.keys_end_due(actor=ALICE)
    assert (keys.keys_end_due(actor=SYSTEM), keys.keys_end_due(actor=SYSTEM)) == (1, 0)
    log_key.refresh_from_db()
    assert (log_key.state, log_key.not_after) == ("retired", tomorrow)
    for key_id, error in ((log_key.pk, Conflict), ("00000000-0000-4000-8000-000000000000", NotThere)):
        with pytest.raises(error):
            keys.key_end(actor=SYSTEM, key_id=key_id, at=tomorrow + timedelta(days=1))  # type: ignore[arg-type]
    assert ledger_audit(actor=Actor.system("self-audit")).verdict == "ok"


@pytest.mark.once
def test_programs_learn_every_key_with_its_window(log_key: KeyRecord, client: Client) -> None:
    second, waiting = active("log"), keys.key_create(actor=SYSTEM, purpose="log")
    gone = active("warrant")
    keys.key_move(actor=SYSTEM, key_id=log_key.pk, move="retire")
    keys.key_move(actor=SYSTEM, key_id=gone.pk, move="revoke")
    told = client.get("/api/v1/ledger/keys").json()["keys"]
    assert [(row["keyid"], row["state"], row["signs_now"]) for row in told] == [
        (second.keyid, "active", True),
        (log_key.keyid, "retired", False),
        (gone.keyid, "revoked", False),
    ]
    assert waiting.keyid not in str(told)
    assert [row["revoked_from"] for row in told] == [None, None, 0]
    assert all(row["not_before"] for row in told)
    assert [bool(row["not_after"]) for row in told] == [False, True, True]
    log = selectors.current_log()
    assert log
    assert told[0]["vkeys"] == [keys.vkey(second, log)]
    assert Verifier.from_vkey(told[1]["vkeys"][0]) == only(log_key)[0]
    assert "PRIVATE" not in str(told)
