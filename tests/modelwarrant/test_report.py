from __future__ import annotations

from datetime import UTC, datetime

import pytest

from modelwarrant import keys, merkle, note, report
from modelwarrant.errors import CannotCheck, Fault

MADE = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEY = keys.LocalSigner(keys.generate())
TRUST = [keys.TrustedKey(KEY.public)]
LOG = note.Signer.from_private_key("log.example/one", keys.generate("ed25519"))
CHECKPOINT = note.sign_note(note.Checkpoint("log.example/one", 1, merkle.leaf_hash(b"entry")).text(), [LOG])
FACTS = report.Facts("r-1", "scorecard", MADE, CHECKPOINT.decode(), ("ab" * 32,))
PDF, DATA = b"%PDF-1.7 report", b'{"figures":[]}'
SIDE = report.make(FACTS, "scorecard.pdf", PDF, DATA, KEY)


def test_a_report_is_traced_to_its_log_and_data():
    checked = report.check(SIDE, PDF, trust=TRUST, verifiers=[LOG.verifier], data=DATA)
    assert checked.facts == FACTS
    assert (checked.checkpoint.size, checked.data_checked, checked.name) == (1, True, "scorecard.pdf")
    bare = report.check(SIDE, PDF, trust=TRUST)
    assert (bare.checkpoint, bare.data_checked) == (None, False)


def test_altered_reports_and_signatures_are_found():
    with pytest.raises(Fault, match="changed: the PDF"):
        report.check(SIDE, PDF + b" ", trust=TRUST)
    with pytest.raises(Fault, match="changed: the data"):
        report.check(SIDE, PDF, trust=TRUST, data=b"{}")
    data = bytearray(SIDE)
    for byte in range(len(data)):
        data[byte] ^= 1 << byte % 8
        with pytest.raises((Fault, CannotCheck)):
            report.check(bytes(data), PDF, trust=TRUST)
        data[byte] ^= 1 << byte % 8


def test_other_keys_cannot_check():
    with pytest.raises(CannotCheck):
        report.check(SIDE, PDF, trust=[keys.TrustedKey(keys.generate().public_key())])
    other = note.Signer.from_private_key("log.example/one", keys.generate("ed25519"))
    with pytest.raises(CannotCheck):
        report.check(SIDE, PDF, trust=TRUST, verifiers=[other.verifier])
    with pytest.raises(Fault, match="expired key"):
        report.check(SIDE, PDF, trust=[keys.TrustedKey(KEY.public, not_after=MADE)])


@pytest.mark.parametrize(
    "facts",
    [
        report.Facts("", "scorecard", MADE, CHECKPOINT.decode()),
        report.Facts("r", "scorecard", MADE, "no note"),
        report.Facts("r", "scorecard", MADE, CHECKPOINT.decode(), ("sha256:ab",)),
    ],
)
def test_facts_that_lead_nowhere_are_not_signed(facts):
    with pytest.raises(ValueError):
        report.make(facts, "x.pdf", PDF, DATA, KEY)
