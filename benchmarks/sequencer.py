"""The sequencer with tiles and checkpoint, and a proof from the database, against the ORM's own insert of the entries.

`python -m benchmarks.sequencer` measures in the environment it is given and prints JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta

from benchmarks import databases

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "50000"))


def run() -> dict[str, object]:
    """Entries per second on PostgreSQL and SQLite; `ratio` is of PostgreSQL."""
    with databases.postgresql() as ground:
        found: dict[str, object] = json.loads(ground.python("benchmarks.sequencer").splitlines()[-1])
    with databases.sqlite() as ground:
        embedded = json.loads(ground.python("benchmarks.sequencer").splitlines()[-1])
    return {**found, "sqlite": {name: embedded[name] for name in ("ratio", "ours", "proof_ms")}}


def _measure() -> dict[str, object]:
    import django

    django.setup()

    from django.conf import settings

    from ledger import selectors
    from ledger.actors import Actor
    from ledger.models import Entry, Leaf, Log
    from ledger.services import checkpoints, keys, records, sequencer
    from modelwarrant import entry

    actor = Actor.system("benchmark")
    settings.LEDGER_HOLDS_KEYS = True
    made = keys.key_create(actor=actor, purpose="log")
    keys.key_move(actor=actor, key_id=made.pk, move="activate")
    log = Log.objects.get()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    columns = []
    for number in range(ENTRIES):
        said = entry.Entry(
            log=log.origin, id=str(uuid.uuid4()), event="benchmark.thing.happened", ev=1,
            at=start + timedelta(seconds=number), actor=entry.Actor("system", "benchmark", "task"),
            subject=entry.Subject("thing", str(number)), set={"number": number}, data={"text": "x" * 120},
        )  # fmt: skip
        columns.append({"bytes": said.encode(), **records.index_columns(said)})
    began = time.perf_counter()
    Entry.objects.bulk_create([Entry(**row) for row in columns], batch_size=500)
    plain = time.perf_counter() - began
    began = time.perf_counter()
    count = sequencer.integrate_all(actor=Actor.system("sequencer"))
    checkpoints.publish(actor=Actor.system("sequencer"))
    ours = time.perf_counter() - began
    waits = []
    for index in range(0, count, max(1, count // 40)):
        entry_id = Leaf.objects.get(index=index).entry_id
        began = time.perf_counter()
        if selectors.proof_for(entry_id) is None:
            raise SystemExit(f"no proof for leaf {index}")
        waits.append((time.perf_counter() - began) * 1000)
    return {
        "what": "ORM bulk insert of the entries per integration with chain, tiles and checkpoint, PostgreSQL",
        "ratio": round(plain / ours, 2),
        "ours": f"{count / ours:.0f} entries/s",
        "plain": f"{count / plain:.0f} rows/s",
        "entries": count,
        "proof_ms": round(statistics.median(waits), 2),
    }


if __name__ == "__main__":
    print(json.dumps(_measure()))
