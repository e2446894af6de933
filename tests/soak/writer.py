"""One writer process: `python -m tests.soak.writer NAME SECONDS` registers systems until its time is over.

Prints how many it was told are recorded. Run by test_writers with a home of its own.
"""

from __future__ import annotations

import sys
import time

import django

django.setup()

from ledger import clock  # noqa: E402
from ledger.actors import Actor  # noqa: E402
from ledger.errors import Unavailable  # noqa: E402
from ledger.services import records  # noqa: E402
from ledger.services.sequencer import integrate  # noqa: E402
from ledger.services.transactions import in_transaction  # noqa: E402
from registry import events  # noqa: E402
from registry.models import System  # noqa: E402


def write(name: str, number: int) -> None:
    columns = {
        "slug": f"{name}-{number}", "name": f"{name} {number}", "owner": "p-x", "legal_entity": "x", "risk_tier": "low",
        "on_void": "stop", "purpose": "x", "affected_people": "x", "created_at": clock.now(),
    }  # fmt: skip
    actor = Actor.system("soak")
    in_transaction(
        lambda: records.write(actor=actor, event=events.SYSTEM_REGISTERED, row=System(), set=columns)
    )


def main(name: str, seconds: float) -> int:
    over = time.monotonic() + seconds
    acknowledged = number = 0
    while time.monotonic() < over:
        number += 1
        try:
            if name == "sequencer":
                integrate(actor=Actor.system("sequencer"))
                time.sleep(0.02)
            else:
                write(name, number)
                acknowledged += 1
        except Unavailable:  # said to the caller; nothing was recorded
            continue
    print(acknowledged)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
