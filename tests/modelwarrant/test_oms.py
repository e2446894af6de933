from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import bundle, envelope, keys, manifest, oms
from modelwarrant.errors import CannotCheck, Fault

SIGNER = keys.LocalSigner(keys.generate())
TRUST = [keys.TrustedKey(SIGNER.public)]


@pytest.fixture
def model(tmp_path):
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / "weights.bin").write_bytes(b"w" * 100_000)
    (root / "sub" / "config.json").write_bytes(b"{}")
    (root / "tokens.txt").write_bytes(b"a b c")
    return root


@pytest.mark.parametrize("kind", ["p256", "p384", "p521"])
def test_a_signed_model_verifies_and_has_an_identity(model, kind):
    signer = keys.LocalSigner(keys.generate(kind))
    data = oms.sign_model(model, signer)
    verified = oms.verify_model(model, data, [keys.TrustedKey(signer.public)])
    payload = base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"])
    assert verified.payload_digest == hashlib.sha256(payload).hexdigest()
    assert verified.manifest_digest == manifest.build(model).digest
    assert (verified.name, verified.files, verified.size) == ("model", 3, 100_007)


def test_ed25519_is_not_an_oms_key(model):
    with pytest.raises(ValueError, match="Ed25519"):
        oms.sign_model(model, keys.LocalSigner(keys.generate("ed25519")))


def _differences(model, data, **given_):
    with pytest.raises(oms.ModelDiffers) as found:
        oms.verify_model(model, data, TRUST, **given_)
    return {str(item) for item in found.value.differences}


def test_every_difference_is_named(model):
    data = oms.sign_model(model, SIGNER)
    (model / "weights.bin").write_bytes(b"v" * 100_000)
    (model / "tokens.txt").rename(model / "Tokens.txt")
    (model / "sub" / "config.json").unlink()
    (model / "planted.py").write_bytes(b"x")
    assert _differences(model, data) == {
        "changed: 'weights.bin'",
        "renamed: 'tokens.txt' is now 'Tokens.txt'",
        "missing: 'sub/config.json'",
        "extra: 'planted.py' isn't signed",
    }


def test_a_flag_never_hides_a_signed_file(model):
    data = oms.sign_model(model, SIGNER)
    (model / "weights.bin").write_bytes(b"v")
    (model / "notes").write_bytes(b"n")
    assert _differences(model, data, ignored=["weights.bin", "notes"]) == {"changed: 'weights.bin'"}
    (model / "sub" / "config.json").write_bytes(b"[]")
    assert "changed: 'sub/config.json'" in _differences(model, data, ignored=["sub"])


def test_a_file_turned_into_a_link_is_refused(model, tmp_path):
    data = oms.sign_model(model, SIGNER)
    (model / "tokens.txt").rename(tmp_path / "tokens.txt")
    (model / "tokens.txt").symlink_to(tmp_path / "tokens.txt")
    with pytest.raises(Fault, match=r"symlink: 'tokens\.txt'"):
        oms.verify_model(model, data, TRUST)


def test_strict_mode_tells_what_the_signature_cannot_see(model):
    data = oms.sign_model(model, SIGNER)
    (model / ".git").mkdir()
    (model / ".git" / "hook").write_bytes(b"x")
    (model / "hollow").mkdir()
    assert oms.verify_model(model, data, TRUST).findings == ()
    found = oms.verify_model(model, data, TRUST, strict=True).findings
    assert [".git/hook" in found[0], "hollow" in found[1], len(found)] == [True, True, 2]


def test_shards_are_signed_and_the_changed_one_is_named(model):
    data = oms.sign_model(model, SIGNER, shard_size=30_000)
    verified = oms.verify_model(model, data, TRUST)
    assert verified.manifest_digest is None
    content = bytearray((model / "weights.bin").read_bytes())
    content[65_000] ^= 1
    (model / "weights.bin").write_bytes(content)
    assert _differences(model, data) == {"changed: 'weights.bin' in bytes 60000 to 90000"}
    content[65_000] ^= 1
    (model / "weights.bin").write_bytes(content + b"tail")
    assert _differences(model, data) == {"changed: 'weights.bin' holds 100004 bytes, signed were 100000"}
    (model / "weights.bin").write_bytes(content[:90_000])
    assert "changed: 'weights.bin'" in next(iter(_differences(model, data)))


def test_an_empty_file_has_no_shard(model):
    data = oms.sign_model(model, SIGNER, shard_size=30_000)
    (model / "__init__.py").write_bytes(b"")
    assert oms.verify_model(model, data, TRUST, strict=True).findings == (
        "'__init__.py' is empty and isn't signed",
    )
    with pytest.raises(Fault, match="empty file"):
        oms.sign_model(model, SIGNER, shard_size=30_000)


def test_unknown_and_foreign_keys_cannot_check_and_a_bad_signature_is_a_fault(model):
    data = oms.sign_model(model, SIGNER)
    with pytest.raises(CannotCheck, match="no public key"):
        oms.verify_model(model, data, [])
    with pytest.raises(CannotCheck, match="unknown key"):
        oms.verify_model(model, data, [keys.TrustedKey(keys.generate().public_key())])
    with pytest.raises(CannotCheck, match="another purpose"):
        oms.verify_model(model, data, [replace(TRUST[0], purposes=frozenset({"warrant"}))])
    document = json.loads(data)
    other = json.loads(oms.sign_model(model, SIGNER, name="other"))
    document["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    with pytest.raises(Fault, match="bad signature"):
        oms.verify_model(model, json.dumps(document).encode(), TRUST)


def test_a_bit_flipped_in_any_byte_of_a_bundle_is_found(model):
    data = bytearray(oms.sign_model(model, SIGNER))
    for bit in (8 * byte + byte % 8 for byte in range(len(data))):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Fault, CannotCheck)):
            oms.verify_bundle(bundle.read(bytes(data)), TRUST)
        data[bit // 8] ^= 1 << bit % 8
    assert oms.verify_bundle(bundle.read(bytes(data)), TRUST)


def _resource(name="w", digest="ab" * 32, algorithm="sha256"):
    return {"name": name, "digest": digest, "algorithm": algorithm}


def signed(resources, rules=None, change=lambda statement: None):
    digest = hashlib.sha256(b"".join(bytes.fromhex(item["digest"]) for item in resources)).hexdigest()
    predicate = {
        "resources": resources,
        "serialization": rules or {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
    }
    statement = envelope.Statement((("m", digest),), bundle.PREDICATE_TYPE, predicate).document()
    change(statement)
    document = {
        "mediaType": bundle.MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": keys.oms_hint(SIGNER.public)}},
        "dsseEnvelope": envelope.sign(json.dumps(statement).encode(), [SIGNER], name_keys=False).document(),
    }
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "/dev/zero", "a/../../b", "a\0", ".", "a//b", ""]
)
def test_a_signed_path_out_of_the_model_is_refused_before_anything_is_opened(name, monkeypatch):
    monkeypatch.setattr(manifest, "walk", lambda *_: pytest.fail("looked at the disk"))
    with pytest.raises(Fault, match="bad path"):
        oms.verify_model(Path("/nowhere"), signed([_resource(name)]), TRUST, ignored=["x"])


SHARDS = {"method": "shards", "hash_type": "sha256", "allow_symlinks": False, "shard_size": 10}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (signed([]), "lists no file"),
        (signed([_resource(), _resource()]), "listed twice"),
        (signed([_resource(digest="AB" * 32)]), "lower-case"),
        (signed([_resource(digest="ab" * 31)]), "64 lower-case"),
        (signed([_resource(algorithm="md5")]), "algorithm"),
        (
            signed([_resource()], change=lambda s: s["subject"][0]["digest"].update(sha256="00" * 32)),
            "add up",
        ),
        (signed([_resource()], change=lambda s: s["subject"].append(s["subject"][0])), "one subject"),
        (signed([_resource()], change=lambda s: s.update(_type="x")), "wrong statement"),
        (signed([_resource("w:0:10"), _resource("w:20:30")], SHARDS), "gap"),
        (signed([_resource("w:0:11")], SHARDS), "wrong range"),
        (signed([_resource("w:0:01")], SHARDS), "wrong range"),
        (signed([_resource("w")], SHARDS), "path:start:end"),
        (signed([_resource()], SHARDS | {"method": "files"}), "shard_size goes"),
        (signed([_resource()], SHARDS | {"shard_size": 0}), "shard_size goes"),
        (signed([_resource()], SHARDS | {"method": "tensors"}), "files or shards"),
        (b'{"mediaType": 1, "mediaType": 2}', "repeated key"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b"\xff", "not JSON"),
    ],
)
def test_forms_that_mean_nothing_are_refused(data, said):
    with pytest.raises(Fault, match=said):
        bundle.read(data)


def test_a_signed_file_under_a_signed_ignored_path_is_refused(model):
    rules = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": ["sub"]}
    with pytest.raises(Fault, match="both signed and ignored"):
        oms.verify_model(model, signed([_resource("sub/config.json")], rules), TRUST)


def test_what_is_not_supported_cannot_be_checked(model):
    rules = {"method": "files", "hash_type": "sha256", "allow_symlinks": True}
    with pytest.raises(CannotCheck, match="symbolic links"):
        oms.verify_model(model, signed([_resource("weights.bin")], rules), TRUST)
    rules = {"method": "files", "hash_type": "blake3", "allow_symlinks": False}
    with pytest.raises(CannotCheck, match="blake3"):
        oms.verify_model(model, signed([_resource("weights.bin", algorithm="blake3")], rules), TRUST)


def test_blake2b_bundles_verify(model):
    listed = [
        _resource(file.path, hashlib.blake2b((model / file.path).read_bytes()).hexdigest(), "blake2b")
        for file in manifest.build(model).files
    ]
    rules = {"method": "files", "hash_type": "blake2b", "allow_symlinks": False}
    assert oms.verify_model(model, signed(listed, rules), TRUST).files == 3


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=5),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_a_bundle_with_any_member_replaced_is_refused_or_read(value, data):
    document = json.loads(signed([_resource("w:0:10"), _resource("w:10:15")], SHARDS))
    statement = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    here = data.draw(st.sampled_from([document, statement]))
    while isinstance(here, dict | list) and here:
        key = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            here[key] = value
            break
        here = here[key]
    if here is not document:
        document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    with contextlib.suppress(Fault, CannotCheck):
        oms.verify_bundle(bundle.read(json.dumps(document).encode()), TRUST)


VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "oms"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="published OMS vectors aren't beside this checkout (../shared/vectors/oms)"
)


@needs_vectors
@pytest.mark.parametrize("method", ["key", "certificate", "sigstore"])
def test_published_valid_bundles_are_read_and_their_method_told(method):
    read = bundle.read((VECTORS / f"test-vectors/v1.0/valid/{method}.bundle.json").read_bytes())
    assert read.method == method
    assert read.resources
    with pytest.raises(CannotCheck, match="unknown key" if method == "key" else method):
        oms.verify_bundle(read, TRUST)


@needs_vectors
def test_published_invalid_bundles_are_refused():
    folder = VECTORS / "test-vectors/v1.0"
    invalid = sorted([*folder.glob("invalid/*.json"), *folder.glob("invalid-payload/*.json")])
    assert len(invalid) == 5
    for path in invalid:
        with pytest.raises(Fault):
            bundle.read(path.read_bytes())


@needs_vectors
def test_our_bundles_are_valid_under_the_published_schemas(model):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema isn't installed")
    referencing = pytest.importorskip("referencing", reason="referencing isn't installed")
    schemas = [json.loads(path.read_bytes()) for path in (VECTORS / "schemas/v1.0").glob("*.json")]
    registry = referencing.Registry().with_contents((schema["$id"], schema) for schema in schemas)
    for data in (oms.sign_model(model, SIGNER), oms.sign_model(model, SIGNER, shard_size=30_000)):
        document = json.loads(data)
        payload = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
        for kind, instance in (("bundle", document), ("statement", payload)):
            schema = {"$ref": f"https://model_signing/{kind}/v1.0/schema"}
            jsonschema.Draft202012Validator(schema, registry=registry).validate(instance)
