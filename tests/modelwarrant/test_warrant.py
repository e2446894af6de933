from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import canonical, entry, envelope, keys, manifest, merkle, note, proof, status, warrant
from modelwarrant.errors import CannotCheck, Fault

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORIGIN = "log.example/one"
LOG_KEY = keys.generate("ed25519")
LOG = note.Signer.from_private_key(ORIGIN, LOG_KEY)
KEY = keys.LocalSigner(keys.generate())
TRUST = [keys.TrustedKey(KEY.public)]
SLOT = warrant.Slot("production", "eu", "champion")
SUBJECT = warrant.Subject("scoring", "bytes", "ab" * 32, "cd" * 32, (".git",))
TERMS = warrant.Terms(
    id="w-1",
    subject=SUBJECT,
    slot=SLOT,
    resource_uri="https://mw.example/versions/1",
    policy_uri="https://mw.example/policies/high/3",
    policy_digest="ef" * 32,
    verifier="https://mw.example/",
    issued=START,
    not_before=START,
    due_from=START + 60 * DAY,
    not_after=START + 90 * DAY,
    grace_ends=START + 97 * DAY,
    decisions=(warrant.Decision("12" * 32, "risk-reviewer"),),
    conditions=("no automatic refusals",),
    levels=("MODELWARRANT_HIGH",),
)


def leaf_for(data, log=ORIGIN):
    return entry.Entry(
        log=log,
        id="00000000-0000-4000-8000-000000000001",
        event="warrant.decided",
        ev=1,
        at=START,
        actor=entry.Actor("user", "p-aaaaaaaaaaaaaaaa", "portal"),
        subject=entry.Subject("governance.warrant", "w-1"),
        data=data,
    ).encode()


LEAF = leaf_for(warrant.entry_data(SUBJECT, SLOT))


def proof_of(leaf):
    other = merkle.leaf_hash(b"another entry")
    root = merkle.node_hash(merkle.leaf_hash(leaf), other)
    text = f"{ORIGIN}\n2\n{base64.b64encode(root).decode()}\n"
    return proof.make(0, [other], note.sign_note(text, [LOG]))


LOG_AT = status.Log(ORIGIN, 9)
DOCUMENT = warrant.make(TERMS, LEAF, proof_of(LEAF), KEY)


def check(data=DOCUMENT, at=START + DAY, **given_):
    return warrant.check(data, **{"trust": TRUST, "verifiers": [LOG.verifier], "at": at, **given_})


def test_a_warrant_says_what_was_decided():
    checked = check()
    assert checked.terms == TERMS
    assert checked.status == "active"
    assert checked.in_force
    assert checked.log_proof.origin == ORIGIN
    assert (checked.model_checked, checked.status_checked) == (False, False)


def test_without_the_log_key_the_proof_is_told_to_be_unchecked():
    assert check(verifiers=()).log_proof is None


@pytest.mark.parametrize(
    ("days", "word", "in_force"),
    [
        (-1, "not yet", False),
        (0, "active", True),
        (60, "due", True),
        (90, "grace", True),
        (97, "expired", False),
    ],
)
def test_time_decides_the_status(days, word, in_force):
    checked = check(at=START + days * DAY)
    assert (checked.status, checked.in_force) == (word, in_force)


def test_a_bit_flipped_in_any_byte_of_a_warrant_is_found():
    data = bytearray(DOCUMENT)
    for bit in (8 * byte + byte % 8 for byte in range(len(data))):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Fault, CannotCheck)):
            check(bytes(data))
        data[bit // 8] ^= 1 << bit % 8
    assert check(bytes(data)).in_force


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_noise_is_no_warrant(noise):
    with pytest.raises(Fault):
        check(noise)


def test_without_a_key_nothing_can_be_said():
    with pytest.raises(CannotCheck, match="no public key"):
        check(trust=[])


def test_unknown_foreign_and_expired_keys_have_their_own_words():
    other = keys.TrustedKey(keys.generate().public_key())
    with pytest.raises(CannotCheck, match="unknown key"):
        check(trust=[other])
    with pytest.raises(CannotCheck, match="another purpose"):
        check(trust=[replace(TRUST[0], purposes=frozenset({"report"}))])
    with pytest.raises(Fault, match="expired key"):
        check(trust=[replace(TRUST[0], not_after=START)])
    with pytest.raises(CannotCheck):
        check(verifiers=[note.Signer.from_private_key("log.example/two", keys.generate("ed25519")).verifier])


def _resigned(change, signer=KEY, pretty=False):
    document = canonical.decode(DOCUMENT.rstrip())
    statement = canonical.decode(base64.b64decode(document["envelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement, indent=1).encode() if pretty else canonical.encode(statement)
    document["envelope"] = envelope.sign(payload, [signer]).document()
    return canonical.encode(document) + b"\n"


def test_a_signature_over_pretty_printed_json_is_refused():
    with pytest.raises(Fault, match="not canonical"):
        check(_resigned(lambda statement: None, pretty=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["subject"][0]["digest"].update(sha256="00" * 32), "subject mismatch"),
        (lambda s: s["predicate"][warrant.EXTENSION]["slot"].update(arm="other"), "slot mismatch"),
        (lambda s: s["predicate"][warrant.EXTENSION]["log"].update(leafHash="00" * 32), "wrong entry"),
        (lambda s: s["predicate"][warrant.EXTENSION]["log"].update(origin="log.example/x"), "wrong entry"),
        (lambda s: s["predicate"].update(verificationResult="FAILED"), "PASSED"),
        (lambda s: s["predicate"][warrant.EXTENSION].update(extra=1), "unknown member 'extra'"),
        (lambda s: s["predicate"].pop("policy"), "'policy' is missing"),
        (lambda s: s["predicate"].update(inputAttestations=[]), "inputAttestations"),
        (
            lambda s: s["predicate"][warrant.EXTENSION].update(notAfter="2020-01-01T00:00:00.000000Z"),
            "notBefore",
        ),
        (lambda s: s["predicate"][warrant.EXTENSION].update(onVoid="never"), "onVoid"),
        (lambda s: s.update(predicateType="https://example.org/other"), "wrong statement"),
        (lambda s: s["subject"].append({"name": "x", "digest": {"sha256": "00" * 32}}), "subjects are"),
    ],
)
def test_a_properly_signed_contradiction_is_refused(change, said):
    with pytest.raises(Fault, match=said):
        check(_resigned(change))


def test_two_signatures_of_which_one_is_bad_or_unknown_never_pass():
    document = canonical.decode(DOCUMENT.rstrip())
    for signer, outcome in ((KEY, Fault), (keys.LocalSigner(keys.generate()), CannotCheck)):
        forged = json.loads(json.dumps(document))
        bad = envelope.sign(b"something else", [signer]).document()["signatures"][0]
        forged["envelope"]["signatures"].append(bad)
        with pytest.raises(outcome):
            check(canonical.encode(forged))


def test_an_entry_about_another_subject_makes_no_warrant():
    other = replace(SUBJECT, digest="99" * 32)
    leaf = leaf_for(warrant.entry_data(other, SLOT))
    with pytest.raises(ValueError, match="subject mismatch"):
        warrant.make(TERMS, leaf, proof_of(leaf), KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"not_after": START - DAY},
        {"decisions": ()},
        {"policy_digest": "sha256:" + "ef" * 32},
        {"on_void": "fall back"},
        {"slot": warrant.Slot("a/b", "c", "d")},
        {"subject": replace(SUBJECT, manifest_digest=None)},
        {"subject": replace(SUBJECT, binding="declared")},
    ],
)
def test_terms_that_contradict_themselves_are_not_signed(change):
    terms = replace(TERMS, **change)
    leaf = leaf_for(warrant.entry_data(terms.subject, terms.slot))
    with pytest.raises(ValueError):
        warrant.make(terms, leaf, proof_of(leaf), KEY)


def test_a_directory_is_compared_without_any_bundle(tmp_path):
    (tmp_path / "weights").write_bytes(b"w")
    subject = replace(SUBJECT, manifest_digest=manifest.build(tmp_path, (".git",)).digest)
    leaf = leaf_for(warrant.entry_data(subject, SLOT))
    document = warrant.make(replace(TERMS, subject=subject), leaf, proof_of(leaf), KEY)
    assert check(document, model_dir=tmp_path).model_checked
    (tmp_path / "weights").write_bytes(b"v")
    with pytest.raises(Fault, match="isn't the warranted model"):
        check(document, model_dir=tmp_path)


def test_a_directory_says_nothing_about_a_vendor_model(tmp_path):
    subject = warrant.Subject("vendor", "declared", "ab" * 32)
    leaf = leaf_for(warrant.entry_data(subject, SLOT))
    document = warrant.make(replace(TERMS, subject=subject), leaf, proof_of(leaf), KEY)
    assert check(document).terms.subject.binding == "declared"
    with pytest.raises(CannotCheck, match="declared"):
        check(document, model_dir=tmp_path)


def test_a_status_list_voids_from_its_moment_on():
    void = [status.Void("w-1", "suspended", START + 2 * DAY)]
    listed = status.make(void, START, START + 5 * DAY, KEY, log=LOG_AT)
    assert check(at=START + DAY, status_list=listed).status == "active"
    checked = check(at=START + 3 * DAY, status_list=listed)
    assert (checked.status, checked.in_force) == ("void", False)
    assert checked.ground.startswith("suspended")
    with pytest.raises(CannotCheck, match="stale"):
        check(at=START + 5 * DAY, status_list=listed)


def test_an_altered_or_foreign_status_list_says_nothing():
    listed = status.make([], START, START + DAY, KEY, log=LOG_AT)
    for bit in range(0, len(listed) * 8, 7):
        data = bytearray(listed)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Fault, CannotCheck)):
            status.check(bytes(data), trust=TRUST, at=START)
    with pytest.raises(CannotCheck):
        status.check(
            status.make([], START, START + DAY, keys.LocalSigner(keys.generate()), log=LOG_AT),
            trust=TRUST,
            at=START,
        )
    with pytest.raises(ValueError, match="end after"):
        status.make([], START, START, KEY, log=LOG_AT)


def test_a_warrant_is_not_taken_for_a_status_list():
    with pytest.raises(Fault):
        check(status_list=canonical.encode(canonical.decode(DOCUMENT.rstrip())["envelope"]))


def _listed(issued=START, size=9, origin=ORIGIN, **more):
    log = status.Log(origin, size)
    return status.make(more.pop("void", []), issued, issued + DAY, KEY, log=log, **more)


def test_a_list_that_goes_back_is_refused():
    seen = status.Seen(START + DAY / 2, status.Log(ORIGIN, 9))
    kept = status.read_seen(seen.document())
    assert kept == seen
    for listed, word in (
        (_listed(), "older than one seen"),
        (_listed(START + DAY / 2, size=8), "knows 8 entries"),
        (_first_version(START + DAY / 2), "knows no log"),
    ):
        with pytest.raises(Fault, match=word) as fault:
            status.check(listed, trust=TRUST, at=START + DAY / 2, seen=kept)
        assert fault.value.kind == "rollback"
    for listed in (_listed(START + DAY / 2), _listed(START + DAY / 2, size=1, origin="log.example/two")):
        status.check(listed, trust=TRUST, at=START + DAY / 2, seen=kept)
    with pytest.raises(Fault):
        status.read_seen(b'{"issued": 1}')


def _first_version(issued):
    """A list as the first version was written."""
    predicate = {
        "expires": entry.format_time(issued + DAY),
        "issued": entry.format_time(issued),
        "void": [{"at": entry.format_time(issued), "ground": "integrity", "id": "w-1"}],
    }
    digest = hashlib.sha256(canonical.encode(predicate)).hexdigest()
    statement = envelope.Statement((("warrant-status", digest),), status.FIRST_TYPE, predicate)
    signed = envelope.sign(canonical.encode(statement.document()), [KEY])
    return canonical.encode(signed.document()) + b"\n"


def test_lists_of_the_first_version_are_still_read():
    checked = check(at=START + DAY / 2, status_list=_first_version(START))
    assert (checked.status, checked.seen.log) == ("void", None)


@pytest.mark.parametrize(
    ("days", "listed", "word"),
    [
        (1, "due", "due"),
        (1, "grace", "grace"),
        (61, "due", "due"),
        (91, "due", "grace"),
        (98, "grace", "expired"),
    ],
)
def test_a_list_takes_away_and_gives_nothing(days, listed, word):
    at = START + days * DAY
    limited = [status.Limited("w-1", "condition-overdue", listed, at)]
    checked = check(at=at, status_list=_listed(at, limited=limited))
    assert checked.status == word
    assert bool(checked.ground) == (days == 1)


def test_a_list_that_contradicts_itself_is_not_signed():
    void, limited = [status.Void("w-1", "integrity", START)], [status.Limited("w-1", "retired", "due", START)]
    with pytest.raises(ValueError, match="twice"):
        _listed(void=void, limited=limited)
    with pytest.raises(ValueError, match="limited to"):
        _listed(limited=[status.Limited("w-1", "retired", "void", START)])
