"""A report's data -> HTML through our templates -> PDF through the renderer's own process.

Knows the layout of reports, no rows and no time: the same data give the same bytes.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from governance.frameworks.assessment import SYMBOLS, State
from monitoring.charts import bars

SECONDS = 240
MEMORY = 3 * 2**30
LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
_TONES = {
    State.FRESH: "ok", State.ATTESTED: "info", State.PART: "muted", State.FAILED: "fail", State.INVALID: "fail",
    State.STALE: "warn", State.INSUFFICIENT: "warn", State.MISSING: "plain", State.NOT_APPLICABLE: "plain",
    State.OUTSIDE: "plain",
}  # fmt: skip


class RenderFailed(RuntimeError):
    """No PDF came out; `code` says why in one stable word."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def missing_libraries() -> list[str]:
    """The system libraries WeasyPrint needs and this machine hasn't; asked without importing it."""
    found = []
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            found.append(name)
    return found


def encode(data: dict[str, Any]) -> bytes:
    """The data of a report as its only bytes."""
    return (json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def html_of(data: dict[str, Any]) -> str:
    """The report's page as HTML; every text of a person is escaped by the template engine."""
    return render_to_string(f"reports/{data['kind']}.html", {"report": data, "bars": _bars(data)})


def pdf_of(data: bytes) -> bytes:
    """The PDF of a report's data. Raises RenderFailed; nothing partial is ever returned."""
    if missing := missing_libraries():
        raise RenderFailed("no-libraries", f"PDF is off: {', '.join(missing)} isn't installed here.")
    report = json.loads(data)
    css = Path(settings.BASE_DIR, "static", "modelwarrant", "report.css").read_text()
    job = {
        "html": html_of(report),
        "css": css,
        "attachment": data.decode(),
        "attachment_name": f"{report['kind']}-{report['id']}.json",
        "identifier": hashlib.sha256(data).hexdigest()[:32],
        "epoch": report["snapshot"]["epoch"],
        "seconds": SECONDS,
        "bytes": MEMORY,
    }
    epoch = str(report["snapshot"]["epoch"])
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "SOURCE_DATE_EPOCH": epoch,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "governance.reports.renderer"],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=SECONDS + 30,
            cwd=settings.BASE_DIR,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderFailed("timeout", f"Rendering took longer than {SECONDS} s.") from error
    if done.returncode or not done.stdout.startswith(b"%PDF-") or b"%%EOF" not in done.stdout[-64:]:
        tail = done.stderr.decode("utf-8", "replace")[-600:]
        raise RenderFailed("renderer-died", f"The renderer ended with {done.returncode}: {tail}")
    return done.stdout


def _bars(data: dict[str, Any]) -> Any:
    states = [State(item["state"]) for item in data["framework"]["states"]]
    parts = [bars.Part(SYMBOLS[state][0], SYMBOLS[state][1], _TONES[state]) for state in states]
    rows = [(row["function"], row["counts"]) for row in data["framework"]["functions"]]
    return bars.split("Subcategories by function and state", parts, rows)
