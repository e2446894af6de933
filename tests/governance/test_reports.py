"""Reports: nothing fetched, nothing partial, the same bytes again, and no figure out of an empty denominator."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance import rendering
from governance.frameworks.assessment import assess
from governance.rendering import RenderFailed, encode, html_of, pdf_of
from governance.snapshots import evidence
from governance.snapshots.parts import exceptions_of
from governance.snapshots.reports import _framework

MISSING = rendering.missing_libraries()
needs_pdf = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI", "").lower() not in {"1", "true", "yes"},
    reason=f"WeasyPrint's system libraries aren't here: {', '.join(MISSING)}",
)


def plain(pdf: bytes) -> bytes:
    """The PDF with every stream that can be unpacked, unpacked."""
    found = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return b"\n".join(found)


def report(kind: str = "scorecard") -> dict[str, Any]:
    """The data of a report on a version for which nothing at all is recorded."""
    found = assess(evidence.pack(), [], at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), tier="high", version="v")
    data: dict[str, Any] = {
        "format": 1, "id": "00000000-0000-0000-0000-000000000007", "kind": kind, "title": "Report", "state": "Draft",
        "state_name": "draft",
        "snapshot": {
            "at": "2026-01-01 00:00:00 UTC", "epoch": 1767225600, "iso": "2026-01-01T00:00:00Z", "origin": "test/log",
            "size": 1, "root": "ab" * 32,
            "chain": "cd" * 32, "checkpoint_at": "2026-01-01 00:00:00 UTC", "note": "", "not_covered": 0,
        },
        "subject": {"system": "Credit", "model": "Score", "version": 1, "limits": {}, "card": [], "components": [],
                    "data": [], "contributors": [], "purpose": ""},
        "framework": _framework(found, "NIST AI RMF 1.0"),
        "records": {"audit": None, "full_audit": None, "triggers_missing": [], "keys": []},
        "policy": None, "denials": 0, "attention": [], "strips": {"fairness": [], "drift": []},
    }  # fmt: skip
    for name in ("requirements", "decisions", "warrants", "conditions", "waivers", "incidents", "runs", "results", "attestations",
                 "timeline", "evidence", "findings", "dissents"):  # fmt: skip
        data[name] = []
    data["exceptions"] = exceptions_of(data)
    return data


@pytest.fixture
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """A listener that hears whoever is made to fetch something."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                heard.append(listener.accept()[0].recv(100))
            except OSError:
                return

    threading.Thread(target=listen, daemon=True).start()
    yield listener.getsockname()[1], heard
    listener.close()


@needs_pdf
def test_text_fetches_nothing_attaches_nothing_and_is_printed_as_text(
    canary: tuple[int, list[bytes]], tmp_path: Path
) -> None:
    port, heard = canary
    url = f"http://127.0.0.1:{port}/x"
    hostile = (
        f'<img src="{url}"><link rel="attachment" href="file:///etc/passwd"><link rel=stylesheet href="{url}">'
        f'<style>@import "{url}"; body {{ background: url({url}) }}</style>'
    )
    data = report()
    data["subject"] |= {"system": hostile[:60], "limits": {"intended_use": hostile, "out_of_scope": hostile}}
    html = html_of(data)
    assert not [mark for mark in ("<img", "<link", "<style>@import") if mark in html]
    pdf = pdf_of(encode(data))
    # and even HTML that is markup, as if an escape had been forgotten, reaches nobody
    job = {"html": f"<title>x</title>{hostile}", "css": f'@import "{url}";', "attachment": "{}", "attachment_name": "a",
           "identifier": "00" * 16, "epoch": 0, "seconds": 60, "bytes": rendering.MEMORY}  # fmt: skip
    raw = subprocess.run(
        [sys.executable, "-m", "governance.reports.renderer"], input=json.dumps(job).encode(),
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert heard == []
    assert b"root:" not in plain(raw.stdout)
    assert len(re.findall(rb"/Type\s*/EmbeddedFile", plain(raw.stdout))) <= 1
    assert len(re.findall(rb"/Type\s*/EmbeddedFile", plain(pdf))) == 1, (
        "the data and nothing else are attached"
    )


@needs_pdf
def test_the_same_data_give_the_same_bytes_and_a_tagged_pdf() -> None:
    data = encode(report())
    first, second = pdf_of(data), pdf_of(data)
    assert first == second
    assert b"/StructTreeRoot" in plain(first)
    assert encode(json.loads(data)) == data


@needs_pdf
def test_a_killed_renderer_leaves_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MEMORY", 40 * 2**20)
    with pytest.raises(RenderFailed) as caught:
        pdf_of(encode(report()))
    assert caught.value.code == "renderer-died"


def test_an_empty_denominator_is_said_in_a_word() -> None:
    """RP-10."""
    data = report()
    data["framework"] |= {"coverage": "none", "met": "none", "automation": "none"}
    html = html_of(data)
    assert html.count("<strong>none</strong>") == 3
    assert not [wrong for wrong in ("100 %", "0 of 0") if wrong in html]


@pytest.mark.parametrize("kind", ["scorecard", "audit"])
def test_every_part_without_records_says_so(kind: str) -> None:
    """RP-10."""
    html = html_of(report(kind))
    assert "None recorded." in html
    assert "DRAFT, not for reliance" in html
    assert "compliant" not in html.lower()
    assert "certified" not in html.lower()


def test_whatever_is_not_a_pass_stands_in_the_register() -> None:
    data = copy.deepcopy(report("audit"))
    row = {"title": "Parity", "gating": True, "why": "old", "run": "run:1", "waived": "", "accepted": False}
    data["requirements"] = [
        row | {"standing": standing} for standing in ("met", "stale", "missing", "error", "failed")
    ]
    data["framework"]["rows"][0] |= {"state": "stale", "words": "Stale", "why": ["stale since 2026-01-01"]}
    register = exceptions_of(data)
    assert [item["state"] for item in register if item["what"] == "Parity"] == [
        "stale",
        "missing",
        "error",
        "failed",
    ]
    assert any(item["what"] == data["framework"]["rows"][0]["id"] for item in register)
    data["exceptions"] = register
    html = html_of(data)
    assert html.index("Exceptions register") < html.index("System description")
    assert "stale since 2026-01-01" in html
