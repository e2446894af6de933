"""What the tests themselves stand on: a remembered world is the one that was made, and is left alone once anything differs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.db import connection

from ledger.models import Entry, Leaf, Pending
from people.models import User
from registry.models import Version
from tests.world import World, make_world, publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def beside(world: World) -> None:
    """Somebody else, on a connection of their own, writes one row."""

    def write() -> None:
        User.objects.filter(pk=world.users["owner"].pk).update(name="Another")
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def test_a_world_is_put_back_until_something_was_written(home: Path) -> None:
    draft = make_world().draft()
    entries = Entry.objects.count()

    world = make_world()
    assert not Version.objects.exists()
    again = world.draft()
    assert again.pk == draft.pk
    assert Entry.objects.count() == entries == Pending.objects.count()
    publish()  # its keys are there, and the triggers: every entry has its place
    assert Leaf.objects.count() == Entry.objects.count()

    world = make_world()
    beside(world)
    assert world.draft().pk != draft.pk
    assert User.objects.get(pk=world.users["owner"].pk).name == "Another"
