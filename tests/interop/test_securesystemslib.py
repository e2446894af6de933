"""DSSE envelopes are exchanged with `securesystemslib`, the library of in-toto and TUF, in both directions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from modelwarrant import envelope, keys
from modelwarrant.errors import CannotCheck, Fault

VERIFY = """
import json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
said = json.load(sys.stdin)
key = SSlibKey.from_crypto(load_pem_public_key(said["public"].encode()), keyid=said["keyid"])
try:
    found = Envelope.from_dict(said["envelope"]).verify([key], 1)
    print("verified", len(found))
except VerificationError:
    print("refused")
"""
SIGN = """
import json, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey
said = json.load(sys.stdin)
private = load_pem_private_key(said["private"].encode(), None)
signer = CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), keyid=said["keyid"]))
made = Envelope(said["payload"].encode(), said["type"], {})
made.sign(signer)
print(json.dumps(made.to_dict()))
"""
STATEMENT = envelope.Statement(
    (("warrant", "ab" * 32),),
    "https://slsa.dev/verification_summary/v1",
    {"verificationResult": "PASSED", "ä": "ü"},
)


def theirs(programs: Path, script: str, **said: Any) -> str:
    command = [programs / "python", "-c", script]
    done = subprocess.run(
        command, input=json.dumps(said), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(params=["p256", "p384", "p521"])
def private(request: pytest.FixtureRequest) -> Any:
    return keys.generate(request.param)


def test_they_verify_what_we_sign(model_signing: Path, private: Any) -> None:
    signer = keys.LocalSigner(private)
    payload = json.dumps(STATEMENT.document()).encode()
    document = envelope.sign(payload, [signer]).document()
    public, keyid = keys.dump_public(signer.public).decode(), keys.key_id(signer.public)

    def verified(**changes: Any) -> str:
        return theirs(
            model_signing, VERIFY, **{"public": public, "keyid": keyid, "envelope": document, **changes}
        )

    assert verified() == "verified 1"
    stranger = keys.dump_public(keys.generate("p256").public_key()).decode()
    assert verified(public=stranger) == "refused"
    assert verified(envelope={**document, "payload": document["payload"][:-8] + "AAAAAAA="}) == "refused"
    assert verified(envelope={**document, "payloadType": "text/plain"}) == "refused"


@pytest.mark.parametrize("curve", ["p256"])  # it signs with no other curve of ours
def test_we_verify_what_they_sign(model_signing: Path, curve: str) -> None:
    private = keys.generate(curve)
    keyid = keys.key_id(private.public_key())
    said = {
        "private": keys.dump_private(private, None).decode(), "keyid": keyid,
        "payload": json.dumps(STATEMENT.document()), "type": envelope.PAYLOAD_TYPE,
    }  # fmt: skip
    document = json.loads(theirs(model_signing, SIGN, **said))
    read = envelope.read(document)
    trusted = keys.TrustedKey(private.public_key(), name="theirs")
    assert envelope.verify(read, [trusted], "warrant") == (trusted,)
    spoiled = {**document, "payload": document["payload"][:-8] + "AAAAAAA="}
    with pytest.raises(Fault):
        envelope.verify(envelope.read(spoiled), [trusted], "warrant")
    other = keys.TrustedKey(keys.generate("p256").public_key(), name="other")
    with pytest.raises((Fault, CannotCheck)):
        envelope.verify(read, [other], "warrant")
