"""One measuring process of `benchmarks.append`: `python -m benchmarks.writer MODE NAME SECONDS HOLD_MS`.

Writes rows in transactions of their own until its time is over, then prints how many, and the median of its waits in
milliseconds. It begins at a line on standard input, so that all writers begin together.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable

import django

django.setup()

from django.db import connection, models, transaction  # noqa: E402

from ledger import catalogue, clock  # noqa: E402
from ledger.actors import Actor  # noqa: E402
from ledger.errors import Unavailable  # noqa: E402
from ledger.models import Entry  # noqa: E402
from ledger.services import records  # noqa: E402
from ledger.services.sequencer import integrate  # noqa: E402
from ledger.services.transactions import in_transaction  # noqa: E402
from modelwarrant import merkle  # noqa: E402
from registry.models import System  # noqa: E402

ACTOR = Actor.system("benchmark")
_EVENT = catalogue.Event("benchmark.registered", "Registered", hidden=("reason",))
_PAYLOAD = b"x" * 700
catalogue.register(_EVENT)


def columns(name: str, number: int) -> dict[str, object]:
    return {
        "slug": f"{name}-{number}", "name": f"System {number}", "owner": "p-x", "legal_entity": "x",
        "risk_tier": "low", "on_void": "stop", "purpose": "x", "affected_people": "x", "created_at": clock.now(),
    }  # fmt: skip


class AuditRow(models.Model):
    """The columns of an entry in an ordinary table: what an application that keeps an audit table inserts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    bytes = models.BinaryField()
    origin = models.CharField(max_length=200)
    at = models.DateTimeField()
    event = models.CharField(max_length=100)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    subject_kind = models.CharField(max_length=50)
    subject_id = models.CharField(max_length=100)
    system_id = models.CharField(max_length=100)

    class Meta:
        app_label = "ledger"
        managed = False
        db_table = "bench_audit"


def prepare() -> None:
    """The tables of the two rivals, in a database of the benchmark's own."""
    kind = "bytea" if connection.vendor == "postgresql" else "blob"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"CREATE TABLE bench_audit (LIKE {Entry._meta.db_table} INCLUDING INDEXES)")
        cursor.execute(f"CREATE TABLE bench_head (head {kind})")
        cursor.execute("INSERT INTO bench_head VALUES (%s)", [bytes(32)])
        cursor.execute(f"CREATE TABLE bench_chain (row_id uuid, head {kind})")


def audit_row(name: str, number: int) -> System:
    row = System.objects.create(**columns(name, number))
    AuditRow._default_manager.create(
        bytes=_PAYLOAD, origin="bench", at=row.created_at, event="system.registered", actor_kind="system",
        actor_id="benchmark", subject_kind="system", subject_id=str(row.pk), system_id=str(row.pk),
    )  # fmt: skip
    return row


def plain(name: str, number: int, hold: float) -> None:
    """The row and a row of an ordinary audit table, both by the ORM."""
    with transaction.atomic():
        audit_row(name, number)
        time.sleep(hold)


def bare(name: str, number: int, hold: float) -> None:
    """The row alone, with nothing recorded."""
    with transaction.atomic():
        System.objects.create(**columns(name, number))
        time.sleep(hold)


def ours(name: str, number: int, hold: float) -> None:
    """The row and its entry."""
    _governed(name, number, hold, {})


def committed(name: str, number: int, hold: float) -> None:
    """The row and its entry with a commitment to a personal text."""
    _governed(name, number, hold, {"reason": "because the second line asked for it"})


def _governed(name: str, number: int, hold: float, hidden: dict[str, str]) -> None:
    def work() -> None:
        records.write(actor=ACTOR, event=_EVENT, row=System(), set=columns(name, number), hidden=hidden)
        time.sleep(hold)

    in_transaction(work)


def chain(name: str, number: int, hold: float) -> None:
    """The same with a hash chain in line: its head is locked until the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        row = audit_row(name, number)
        cursor.execute("SELECT head FROM bench_head FOR UPDATE")
        head = merkle.chain_next(bytes(cursor.fetchone()[0]), merkle.leaf_hash(_PAYLOAD))
        cursor.execute("INSERT INTO bench_chain (row_id, head) VALUES (%s, %s)", [row.pk, head])
        cursor.execute("UPDATE bench_head SET head = %s", [head])
        time.sleep(hold)


def sequencer(name: str, number: int, hold: float) -> None:
    """The worker beside the writers."""
    if not integrate(actor=Actor.system("sequencer")):
        time.sleep(0.05)


MODES: dict[str, Callable[[str, int, float], None]] = {
    "plain": plain, "bare": bare, "ours": ours, "committed": committed, "chain": chain, "sequencer": sequencer,
}  # fmt: skip


def main(mode: str, name: str, seconds: float, hold: float) -> None:
    work = MODES[mode]
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    over = time.monotonic() + seconds
    number, waits = 0, []
    while (began := time.monotonic()) < over:
        number += 1
        try:
            work(name, number, hold)
        except Unavailable:  # said to the caller; nothing was recorded
            continue
        waits.append((time.monotonic() - began) * 1000)
    print(json.dumps({"rows": len(waits), "median_ms": statistics.median(waits) if waits else None}))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare()
    else:
        main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]) / 1000)
