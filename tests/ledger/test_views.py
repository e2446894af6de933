from __future__ import annotations

import pytest

from ledger import selectors
from ledger.models import Entry
from modelwarrant import note as notes
from modelwarrant import tiles
from modelwarrant.cli.main import main
from modelwarrant.errors import Fault
from modelwarrant.proof import check

pytestmark = pytest.mark.django_db


def test_a_stranger_reads_the_whole_log_over_http(client, log_key, note, sequence):
    assert client.get("/log/checkpoint").status_code == 404
    note(300)
    sequence()
    newest = client.get("/log/checkpoint")
    stated, _ = notes.open_checkpoint(newest.content, selectors.verifiers())
    files = {tile.path: client.get(f"/log/{tile.path}") for tile in tiles.tiles_of(stated.size)}
    assert {answer.status_code for answer in files.values()} == {200}
    assert all("immutable" in answer["Cache-Control"] for answer in files.values())
    assert "max-age=5" in newest["Cache-Control"]
    entries = [
        item
        for path, answer in files.items()
        if path.startswith("tile/entries")
        for item in tiles.decode_bundle(answer.content)
    ]
    written: dict[str, bytes] = {}
    tiles.write_export(written.__setitem__, entries, newest.content)
    assert {path: answer.content for path, answer in files.items()} | {
        "checkpoint": newest.content
    } == written
    assert client.get("/log/tile/0/000.p/100").content == written["tile/0/000"][: 100 * 32]


@pytest.mark.once
@pytest.mark.parametrize(
    "path", ["0/001", "0/000.p/256", "entries/00", "../secret", "0/000.p/0", "9/000", "entries/000.p/40"]
)
def test_other_paths_are_not_there(client, log_key, note, sequence, path):
    note(5)
    sequence()
    assert client.get(f"/log/tile/{path}").status_code == 404
    assert client.post("/log/checkpoint").status_code == 405


def test_proofs_and_receipts_name_nobody_and_are_for_everybody(client, log_key, note, sequence):
    receipt = note(2)[1]
    url = f"/api/v1/ledger/entries/{receipt.entry_id}"
    assert client.get(f"{url}/receipt").json() == receipt.as_dict()
    assert client.get(f"{url}/proof").json()["state"] == "recorded"
    sequence()
    answer = client.get(f"{url}/proof").json()
    stored = bytes(Entry.objects.get(pk=receipt.entry_id).bytes)
    checked = check(stored, answer["proof"].encode(), selectors.verifiers())
    with pytest.raises(Fault):
        check(stored[:-1], answer["proof"].encode(), selectors.verifiers())
    newest = client.get("/api/v1/ledger/checkpoint").json()
    assert (newest["size"], newest["origin"]) == (checked.size, checked.origin)
    nobody = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"/api/v1/ledger/entries/{nobody}/proof").status_code == 404


@pytest.mark.once
def test_entry_and_proof_are_files_that_the_tool_takes(client, log_key, note, sequence, tmp_path, capsys):
    entry_id = note(3)[1].entry_id
    assert client.get(f"/log/proof/{entry_id}").status_code == 404
    assert b"not integrated yet" in client.get(f"/log/proof/{entry_id}").content
    sequence()
    for name in ("entry", "proof"):
        answer = client.get(f"/log/{name}/{entry_id}")
        assert answer["Content-Disposition"].startswith("attachment")
        (tmp_path / name).write_bytes(answer.content)
    vkey = selectors.verifiers()[0].vkey
    assert main(["verify-proof", str(tmp_path / "entry"), str(tmp_path / "proof"), "--vkey", vkey]) == 0
    assert "OK: the entry is number" in capsys.readouterr().out
    other = "00000000-0000-0000-0000-000000000000"
    assert (
        client.get(f"/log/entry/{other}").status_code == client.get(f"/log/proof/{other}").status_code == 404
    )


@pytest.mark.once
def test_the_help_page_names_this_log_and_takes_any_question(client, log_key, note, sequence):
    note(1)
    sequence()
    for asked in (
        "",
        "?entry=",
        "?entry=%00<script>",
        f"?entry={'x' * 5000}",
        f"?entry={Entry.objects.first().pk}",
    ):
        answer = client.get(f"/log/verify{asked}")
        assert answer.status_code == 200
        assert selectors.verifiers()[0].vkey in answer.content.decode().replace("&#x27;", "'")
        assert b"<script>" not in answer.content.replace(b"<script src", b"")
