"""Processes that go on while their database server dies and comes back: `python -m tests.soak.stops ROLE UNTIL FILE`.

A writer puts the name of each acknowledged row into FILE, which no server's death can take back; the sequencer integrates
and publishes; `verify` does what a stranger and the self-audit can ask, and prints the rows there are. UNTIL is a file:
work goes on as long as it is not there. Run by test_stops with an environment of its own.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import DatabaseError, close_old_connections, connection  # noqa: E402

from ledger.actors import Actor  # noqa: E402
from ledger.errors import ServiceError  # noqa: E402
from ledger.services import checkpoints, keys, sequencer  # noqa: E402
from tests.soak.kills import fork, verified  # noqa: E402
from tests.soak.writer import write  # noqa: E402

SEQUENCER = Actor.system("sequencer")


def writer(name: str, until: Path, told: Path) -> None:
    number = 0
    handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    while not until.exists():
        number += 1
        try:
            write(name, number)
        except (ServiceError, DatabaseError):  # said to the caller: it may or may not be there
            connection.close()
            time.sleep(0.05)
            continue
        os.write(handle, f"{name}-{number}\n".encode())


def sequence(until: Path) -> None:
    while not until.exists():
        try:
            sequencer.integrate_all(actor=SEQUENCER)
            checkpoints.publish(actor=SEQUENCER)
        except (ServiceError, DatabaseError):
            connection.close()
        time.sleep(0.05)


def begin() -> None:
    key = keys.key_create(actor=SEQUENCER, purpose="log")
    keys.key_move(actor=SEQUENCER, key_id=key.pk, move="activate")


def verify() -> None:
    connection.close()  # or the fork would share it
    code, told = fork(verified)
    if code:
        raise SystemExit(told)
    print(told)


def main(role: str, until: Path, told: Path) -> None:
    close_old_connections()
    if role == "begin":
        begin()
    elif role == "verify":
        verify()
    elif role == "sequencer":
        sequence(until)
    else:
        writer(role, until, told)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
