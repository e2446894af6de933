"""Appending in the business transaction, against a plain ORM insert of the same row, on an own SQLite home."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS, ROWS = 5, 200


def run() -> dict[str, object]:
    """Rows per second both ways; the measuring process has a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "MODELWARRANT_HOME": home, "DJANGO_SETTINGS_MODULE": "config.settings"}
        env.pop("DATABASE_URL", None)
        env.pop("BROKER_URL", None)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.append"], env=env, capture_output=True, text=True, check=True
        )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure() -> dict[str, object]:
    import time

    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from ledger import clock
    from ledger.actors import Actor
    from ledger.services import records
    from ledger.services.transactions import in_transaction
    from registry import events
    from registry.models import System

    call_command("migrate", verbosity=0)
    actor = Actor.system("benchmark")

    def columns(number: int) -> dict[str, object]:
        return {
            "slug": f"s{number}", "name": f"System {number}", "owner": "p-x", "legal_entity": "x", "risk_tier": "low",
            "on_void": "stop", "purpose": "x", "affected_people": "x", "created_at": clock.now(),
        }  # fmt: skip

    def ours(number: int) -> None:
        in_transaction(
            lambda: records.write(
                actor=actor, event=events.SYSTEM_REGISTERED, row=System(), set=columns(number)
            )
        )

    def plain(number: int) -> None:
        with transaction.atomic():
            System.objects.create(**columns(number))

    rates: dict[str, list[float]] = {"ours": [], "plain": []}
    number = 0
    for _ in range(ROUNDS):
        for name, work in (("plain", plain), ("ours", ours)):
            began = time.perf_counter()
            for _ in range(ROWS):
                number += 1
                work(number)
            rates[name].append(ROWS / (time.perf_counter() - began))
    fast = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "what": "governed writes with entry per plain ORM insert, SQLite, 1 writer",
        "ratio": round(fast["ours"] / fast["plain"], 2),
        "ours": f"{fast['ours']:.0f} rows/s",
        "plain": f"{fast['plain']:.0f} rows/s",
    }


if __name__ == "__main__":
    print(json.dumps(_measure()))
