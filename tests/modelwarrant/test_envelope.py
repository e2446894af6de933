from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarrant import envelope, keys
from modelwarrant.errors import CannotCheck, Fault

SIGNERS = [keys.LocalSigner(keys.generate()), keys.LocalSigner(keys.generate("ed25519"))]
TRUST = [keys.TrustedKey(signer.public) for signer in SIGNERS]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_the_pre_authentication_encoding_is_the_published_one():
    # The example of the DSSE specification, protocol.md.
    assert envelope.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_every_signature_is_accounted_for():
    signed = envelope.sign(b"payload", SIGNERS)
    again = envelope.read(json.loads(json.dumps(signed.document())))
    assert again == signed
    assert [key.id for key in envelope.verify(again, TRUST, "report")] == [key.id for key in TRUST]
    with pytest.raises(CannotCheck, match=r"signature 2 of 2 is by an unknown key"):
        envelope.verify(signed, TRUST[:1], "report")
    with pytest.raises(Fault, match="bad signature"):
        envelope.verify(envelope.Envelope(b"payl0ad", signed.signatures), TRUST, "report")
    with pytest.raises(Fault, match="same key twice"):
        envelope.verify(envelope.sign(b"payload", [SIGNERS[0]] * 2), TRUST, "report")


def test_keys_out_of_time_and_purpose_have_their_own_words():
    signed = envelope.sign(b"payload", SIGNERS[:1])
    late = [keys.TrustedKey(SIGNERS[0].public, not_after=NOON)]
    early = [keys.TrustedKey(SIGNERS[0].public, not_before=NOON.replace(hour=13))]
    other = [keys.TrustedKey(SIGNERS[0].public, frozenset({"model"}))]
    with pytest.raises(Fault, match="expired key"):
        envelope.verify(signed, late, "report", at=NOON)
    with pytest.raises(Fault, match="key not yet valid"):
        envelope.verify(signed, early, "report", at=NOON)
    with pytest.raises(CannotCheck, match="another purpose"):
        envelope.verify(signed, other, "report", at=NOON)
    with pytest.raises(ValueError, match="needs a signer"):
        envelope.sign(b"payload", [])


GOOD = envelope.sign(b"payload", SIGNERS).document()


@pytest.mark.parametrize(
    "change",
    [
        {"payload": ""},
        {"payload": "cGF5bG9hZ"},
        {"payload": "cGF5bG9hZA==\n"},
        {"payload": "cGF5bG9hZB=="},
        {"payload": "_-8="},
        {"payloadType": "text/plain"},
        {"signatures": []},
        {"signatures": [{"keyid": "x"}]},
        {"signatures": [{"keyid": 3, "sig": "AAAA"}]},
        {"signatures": [{"sig": "AAAA", "cert": "x"}]},
        {"signatures": GOOD["signatures"] * 9},
        {"more": 1},
    ],
)
def test_forms_that_could_be_read_twice_are_refused(change):
    with pytest.raises(Fault, match="malformed"):
        envelope.read(GOOD | change)


@given(st.binary(max_size=60))
def test_base64_has_one_form(data):
    text = base64.b64encode(data).decode()
    if data:
        assert envelope.unbase64(text, "x") == data
    for other in (text + "=", text + "\n", " " + text, text.rstrip("=") + "!"):
        with pytest.raises(Fault):
            envelope.unbase64(other, "x")


@given(st.binary(max_size=200))
def test_noise_is_no_json(noise):
    try:
        json.loads(noise)
    except ValueError:
        with pytest.raises(Fault, match="malformed"):
            envelope.parse_json(noise, "noise")


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', "[" * 40 + "]" * 40, "Infinity", "{} {}"]
)
def test_json_with_two_readings_is_refused(text):
    with pytest.raises(Fault, match="malformed"):
        envelope.parse_json(text.encode(), "x")
