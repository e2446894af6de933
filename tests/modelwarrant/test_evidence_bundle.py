from __future__ import annotations

import io
import shutil
import zipfile
from datetime import UTC, datetime

import pytest

from modelwarrant import evidence_bundle, keys, merkle, note, oms, report, status
from modelwarrant.errors import CannotCheck, Fault

MADE = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEYS = {purpose: keys.LocalSigner(keys.generate()) for purpose in ("report", "warrant", "model")}
TRUST = [keys.TrustedKey(signer.public) for signer in KEYS.values()]
LOG = note.Signer.from_private_key("log.example/one", keys.generate("ed25519"))
CHECKPOINT = note.sign_note(note.Checkpoint("log.example/one", 1, merkle.leaf_hash(b"entry")).text(), [LOG])
ROLES = {
    "report.pdf": "report",
    "report.pdf.dsse.json": "report-signature",
    "status.json": "status",
    "model.bundle.json": "model-bundle",
    "notes/readme.txt": "document",
    "keys/report.pub.pem": "key",
}


@pytest.fixture
def folder(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "w").write_bytes(b"w")
    root = tmp_path / "pack"
    (root / "notes").mkdir(parents=True)
    (root / "keys").mkdir()
    (root / "report.pdf").write_bytes(b"%PDF")
    facts = report.Facts("r-1", "audit", MADE, CHECKPOINT.decode())
    side = report.make(facts, "report.pdf", b"%PDF", b"{}", KEYS["report"])
    (root / "report.pdf.dsse.json").write_bytes(side)
    (root / "status.json").write_bytes(
        status.make([], MADE, MADE.replace(hour=10), KEYS["warrant"], log=status.Log("log.example/one", 9))
    )
    (root / "model.bundle.json").write_bytes(oms.sign_model(model, KEYS["model"]))
    (root / "notes" / "readme.txt").write_bytes(b"read me" * 1000)
    (root / "keys" / "report.pub.pem").write_bytes(keys.dump_public(KEYS["report"].public))
    return root


@pytest.fixture
def packed(folder):
    evidence_bundle.make(folder, ROLES.__getitem__, id="b-1", created=MADE, signer=KEYS["report"])
    return folder


def check(path, trust=TRUST, **given_):
    return evidence_bundle.check(path, trust=trust, at=MADE, **given_)


def test_a_pack_verifies_as_directory_and_as_zip(packed, tmp_path):
    evidence_bundle.pack(packed, tmp_path / "a.zip")
    evidence_bundle.pack(packed, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    for path in (packed, tmp_path / "a.zip"):
        checked = check(path, verifiers=[LOG.verifier])
        assert (checked.id, len(checked.items), len(checked.verified)) == ("b-1", 6, 3)
        assert checked.not_checked == ()


def test_what_no_key_was_given_for_is_listed_as_not_checked(packed):
    checked = check(packed, trust=TRUST[:1])
    assert sorted(line.split(":")[0] for line in checked.not_checked) == ["model.bundle.json", "status.json"]
    with pytest.raises(CannotCheck):
        check(packed, trust=TRUST[1:])
    with pytest.raises(CannotCheck):
        check(packed, trust=[])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "notes" / "planted").write_bytes(b"x"), "extra: 'notes/planted'"),
        (lambda root: (root / "notes" / "readme.txt").unlink(), "missing: 'notes/readme.txt'"),
        (lambda root: (root / "report.pdf").write_bytes(b"%PDX"), r"changed: 'report\.pdf'"),
        (lambda root: (root / "index.json").unlink(), r"missing: 'index\.json'"),
        (lambda root: (root / "link").symlink_to("report.pdf"), "symlink: 'link'"),
    ],
)
def test_a_changed_pack_is_refused_naming_the_file(packed, tmp_path, change, said):
    change(packed)
    with pytest.raises(Fault, match=said):
        check(packed)
    if "symlink" not in said:
        evidence_bundle.pack(packed, tmp_path / "changed.zip")
        with pytest.raises(Fault, match=said):
            check(tmp_path / "changed.zip")


def test_a_bit_flipped_in_any_byte_of_the_index_is_found(packed):
    data = bytearray((packed / "index.json").read_bytes())
    for byte in range(0, len(data), 5):
        data[byte] ^= 1 << byte % 8
        (packed / "index.json").write_bytes(data)
        with pytest.raises((Fault, CannotCheck)):
            check(packed)
        data[byte] ^= 1 << byte % 8


def test_an_item_that_is_listed_but_false_is_refused(folder):
    (folder / "report.pdf").write_bytes(b"%PDF other")
    evidence_bundle.make(folder, ROLES.__getitem__, id="b-1", created=MADE, signer=KEYS["report"])
    with pytest.raises(Fault, match=r"'report\.pdf'"):
        check(folder)


def test_a_report_without_its_signature_is_refused(folder):
    (folder / "report.pdf.dsse.json").unlink()
    evidence_bundle.make(folder, ROLES.__getitem__, id="b-1", created=MADE, signer=KEYS["report"])
    with pytest.raises(Fault, match="missing"):
        check(folder)


def test_a_role_nobody_verifies_is_not_signed(folder):
    with pytest.raises(ValueError, match="unknown role"):
        evidence_bundle.make(folder, lambda path: "secret", id="b", created=MADE, signer=KEYS["report"])
    with pytest.raises(ValueError, match="ledger/"):
        evidence_bundle.make(folder, lambda path: "log", id="b", created=MADE, signer=KEYS["report"])


def _zip(packed, *extra, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for file in sorted(packed.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(packed).as_posix())
        for info, data in extra:
            archive.writestr(info, data)
    return buffer.getvalue()


def _link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("../evil", b"x"), "bad path"),
        (("/etc/evil", b"x"), "bad path"),
        (("notes/", b""), "bad path"),
        ((_link("link"), b"/etc/passwd"), "link"),
        (("planted", b"x"), "extra: 'planted'"),
    ],
)
def test_zip_tricks_are_refused_and_nothing_is_written(packed, tmp_path, extra, said):
    (tmp_path / "x.zip").write_bytes(_zip(packed, extra))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Fault, match=said):
        check(tmp_path / "x.zip")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip_is_refused(packed, tmp_path):
    (tmp_path / "x.zip").write_bytes(_zip(packed, ("report.pdf", b"%PDF")))
    with pytest.raises(Fault, match="twice"):
        check(tmp_path / "x.zip")


def test_a_bomb_is_cut_off_at_the_signed_size(packed, tmp_path):
    (packed / "notes" / "readme.txt").write_bytes(b"\0" * 50_000_000)
    (tmp_path / "x.zip").write_bytes(_zip(packed))
    with pytest.raises(Fault, match=r"readme\.txt' is larger than it may be"):
        check(tmp_path / "x.zip")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(packed, tmp_path, compression):
    (tmp_path / "x.zip").write_bytes(_zip(packed, compression=compression))
    with pytest.raises(Fault, match="unusual"):
        check(tmp_path / "x.zip")


def test_a_damaged_or_absent_zip_is_told_apart(packed, tmp_path):
    whole = _zip(packed)
    for cut in (b"", b"PK", whole[: len(whole) // 2], whole[50:]):
        (tmp_path / "x.zip").write_bytes(cut)
        with pytest.raises(Fault):
            check(tmp_path / "x.zip")
    with pytest.raises(CannotCheck):
        check(tmp_path / "absent.zip")


def test_a_pack_in_a_pack_directory_link_is_refused(packed, tmp_path):
    (tmp_path / "link").symlink_to(packed)
    with pytest.raises((Fault, CannotCheck)):
        check(tmp_path / "link")
    shutil.rmtree(packed)


def test_the_log_in_a_pack_is_verified_in_full(folder, tmp_path, write_log, leaves, signer):
    write_log(folder / "ledger", leaves[:20])
    evidence_bundle.make(
        folder,
        lambda path: "log" if path.startswith("ledger/") else ROLES[path],
        id="b-1",
        created=MADE,
        signer=KEYS["report"],
    )
    evidence_bundle.pack(folder, tmp_path / "x.zip")
    for path in (folder, tmp_path / "x.zip"):
        assert "ledger: no log key given" in check(path).not_checked
        verified = check(path, verifiers=[LOG.verifier, signer.verifier]).verified
        assert "ledger: log of 20 entries, verified in full" in verified
