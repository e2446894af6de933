from __future__ import annotations

import pytest

from ledger import selectors
from ledger.actors import Subject
from ledger.models import Entry
from ledger.services import sequencer
from modelwarrant import proof
from tests.ledger.conftest import ALICE, SYSTEM, note_many

pytestmark = pytest.mark.django_db


def test_a_proof_holds_for_its_entry_and_no_other(log_key, note, sequence):
    receipts = note(300)
    assert selectors.proof_for(receipts[7].entry_id) is None
    sequence()
    text = selectors.proof_for(receipts[7].entry_id)
    stored = bytes(Entry.objects.get(pk=receipts[7].entry_id).bytes)
    checked = proof.check(stored, text, selectors.verifiers())
    assert checked.index == selectors.place_of(receipts[7].entry_id).index
    with pytest.raises(Exception, match="not included"):
        proof.check(stored + b" ", text, selectors.verifiers())
    assert selectors.receipt_for(receipts[7].entry_id) == receipts[7].as_dict()


def test_history_is_in_order_and_ends_with_what_is_pending(log_key):
    subject = Subject("test.thing", "two")
    note_many(actor=ALICE, count=3, subject=subject)
    sequencer.integrate_all(actor=SYSTEM)
    note_many(actor=ALICE, count=2, subject=subject)
    items = selectors.history("test.thing", "two")
    assert [item.parsed.entry.data["count"] for item in items] == [0, 1, 2, 0, 1]
    assert [item.index is None for item in items] == [False] * 3 + [True] * 2
    assert items[0].title == "Further denials counted"
    assert selectors.first_entry("test.thing", "two") == items[0].row
    assert selectors.pending_count() == 2
    assert 0 <= selectors.pending_age() < 3_600
    assert [item.index for item in selectors.recent(limit=2)] == [4, 3]
    assert [item.index for item in selectors.recent(limit=9, before=2)] == [1, 0]
    assert selectors.unpublished() == 5


def test_an_unknown_thing_is_none():
    nobody = "00000000-0000-4000-8000-000000000000"
    assert selectors.receipt_for(nobody) is None
    assert selectors.proof_for(nobody) is None
    assert selectors.history("x", "y") == []
    assert selectors.latest_checkpoint() is None
    assert selectors.pending_age() is None
