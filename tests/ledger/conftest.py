"""A log to work on: recorded entries, a key that signs, and a way past the triggers for those who tamper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import django
import pytest
from django.db import connection

django.setup()  # pytest reads this file before pytest-django has set up the apps

from ledger import events, triggers  # noqa: E402
from ledger.actors import Actor, Subject  # noqa: E402
from ledger.models import KeyRecord  # noqa: E402
from ledger.services import checkpoints, keys, records, sequencer  # noqa: E402
from ledger.services.transactions import governed  # noqa: E402

SYSTEM = Actor.system("test", door="test")
ALICE = Actor("user", "p-alice", "test")


@governed
def note_many(*, actor: Actor, count: int, subject: Subject | None = None) -> list[records.Receipt]:
    return [
        records.note(
            actor=actor,
            event=events.DENIALS_COUNTED,
            subject=subject or Subject("test.thing", "one"),
            data={"permission": "p", "count": number},
        )
        for number in range(count)
    ]


@pytest.fixture
def note() -> Callable[[int], list[records.Receipt]]:
    """Record so many entries, in one transaction."""
    return lambda count: note_many(actor=ALICE, count=count)


@pytest.fixture
def log_key(home: Path) -> KeyRecord:
    """An active log key in a home of this test's own."""
    key = keys.key_create(actor=SYSTEM, purpose="log")
    return keys.key_move(actor=SYSTEM, key_id=key.pk, move="activate")


@pytest.fixture
def sequence() -> Callable[[], None]:
    """What the worker does: integrate and publish."""

    def work() -> None:
        sequencer.integrate_all(actor=SYSTEM)
        checkpoints.publish(actor=SYSTEM)

    return work


@pytest.fixture
def database_owner() -> Callable[[], AbstractContextManager[None]]:
    """Someone who can drop triggers, and puts them back before anybody looks."""

    @contextmanager
    def owner() -> Iterator[None]:
        with triggers.disabled(connection):
            yield

    return owner
