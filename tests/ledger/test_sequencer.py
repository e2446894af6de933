from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import tasks, tree
from ledger.errors import IntegrityFault, NotAllowed, Unavailable
from ledger.models import Checkpoint, Entry, Leaf, Pending, Tile
from ledger.selectors import current_log
from ledger.services import audit, sequencer
from modelwarrant import merkle
from tests.ledger.conftest import ALICE, SYSTEM, note_many


def check_whole(size: int) -> None:
    """No fork, no gap, nothing twice; the tables contain what the entries give."""
    log = current_log()
    leaves = list(Leaf.objects.order_by("index"))
    assert [leaf.index for leaf in leaves] == list(range(size))
    stored = {row.pk: bytes(row.bytes) for row in Entry.objects.all()}
    hashes = [merkle.leaf_hash(stored.pop(leaf.entry_id)) for leaf in leaves]
    assert [bytes(leaf.leaf_hash) for leaf in leaves] == hashes
    assert len(stored) == Pending.objects.count()
    assert tree.root_at(log, size) == merkle.root(hashes)
    run = audit.ledger_audit(actor=SYSTEM)
    assert run.faults == ()


@pytest.mark.django_db
@pytest.mark.parametrize("sizes", [[1], [255, 1, 1], [256], [300, 212, 5], [513]])
def test_batches_of_any_size_give_one_tree(home, sizes):
    total = 0
    for size in sizes:
        note_many(actor=ALICE, count=size)
        assert sequencer.integrate(actor=SYSTEM, limit=1_000) == size
        total += size
    assert Tile.objects.count() == total // 256
    check_whole(total)
    log = current_log()
    read = tree.reader(log, total)
    leaves = [bytes(leaf.leaf_hash) for leaf in Leaf.objects.order_by("index")]
    for index in {0, total // 2, total - 1}:
        path = merkle.prove_inclusion(read, index, total)
        merkle.check_inclusion(path, index, total, leaves[index], merkle.root(leaves))


@pytest.mark.django_db
def test_entries_get_their_place_in_the_order_of_insertion_and_limits_hold(home):
    receipts = note_many(actor=ALICE, count=7)
    assert [sequencer.integrate(actor=SYSTEM, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    placed = Leaf.objects.order_by("index").values_list("entry_id", flat=True)
    assert list(placed) == [receipt.entry_id for receipt in receipts]


@pytest.mark.django_db
def test_people_do_not_sequence():
    with pytest.raises(NotAllowed):
        sequencer.integrate(actor=ALICE)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"bytes": b'{"v":1}'}, {"actor_id": "p-mallory"}, {"origin": "another/log"}], ids=str
)
def test_what_the_software_did_not_write_gets_no_place(home, database_owner, change):
    receipts = note_many(actor=ALICE, count=3)
    with database_owner():
        Entry.objects.filter(pk=receipts[1].entry_id).update(**change)
    with pytest.raises(IntegrityFault, match=str(receipts[1].entry_id)):
        sequencer.integrate(actor=SYSTEM)
    assert Leaf.objects.count() == 0
    assert Pending.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_integrated_all_the_same(home):
    inserted, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                note_many(actor=ALICE, count=1)
                inserted.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert inserted.wait(20)
    note_many(actor=ALICE, count=3)
    assert sequencer.integrate_all(actor=SYSTEM) == 3
    may_commit.set()
    thread.join(20)
    assert sequencer.integrate_all(actor=SYSTEM) == 1
    check_whole(4)


@pytest.mark.django_db(transaction=True)
def test_eight_writers_and_two_sequencers_leave_no_fork_and_no_gap(home):
    writing = threading.Event()
    writing.set()

    def write(number: int) -> None:
        try:
            for _ in range(12):
                note_many(actor=ALICE, count=number % 3 + 1)
        finally:
            connection.close()

    def sequence() -> None:
        try:
            while writing.is_set():
                sequencer.integrate(actor=SYSTEM, limit=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        sequencers = [pool.submit(sequence) for _ in range(2)]
        writers = [pool.submit(write, number) for number in range(8)]
        for writer in writers:
            writer.result(120)
        writing.clear()
        for one in sequencers:
            one.result(60)
    sequencer.integrate_all(actor=SYSTEM)
    total = sum(12 * (number % 3 + 1) for number in range(8))
    check_whole(total)


class Fails:
    """Lets n - 1 statements pass and fails the n-th."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            raise DatabaseError("the power went out")
        return execute(sql, params, many, context)


@pytest.mark.django_db
def test_whichever_statement_fails_nothing_is_half_done(log_key):
    note_many(actor=ALICE, count=254)
    sequencer.integrate_all(actor=SYSTEM)
    number, size, recorded = 0, Leaf.objects.count(), Entry.objects.count()
    for work in (
        lambda: note_many(actor=ALICE, count=2),
        lambda: sequencer.integrate(actor=SYSTEM),
    ):
        for number in range(1, 60):
            fails = Fails(number)
            try:
                with connection.execute_wrapper(fails):
                    work()
            except (DatabaseError, Unavailable):
                assert (Leaf.objects.count(), Entry.objects.count()) == (size, recorded)
                assert Leaf.objects.count() + Pending.objects.count() == recorded
            else:
                break
        assert number > 3
        assert fails.left > 0
        size, recorded = Leaf.objects.count(), Entry.objects.count()
    assert size == recorded
    check_whole(size)


@pytest.mark.django_db
def test_a_task_that_is_delivered_twice_has_its_effect_once(log_key):
    note_many(actor=ALICE, count=3)
    tasks.sequence()
    tasks.sequence()
    assert Checkpoint.objects.count() == 1
    check_whole(Entry.objects.count())
