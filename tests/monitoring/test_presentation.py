"""Every check's result is shown: words and a chart for each verdict, nothing hostile gets through, and pages stay small."""

from __future__ import annotations

import datetime as dt
import types
import uuid
from typing import Any

from django.template.loader import render_to_string

from monitoring.catalogue import CATALOGUE
from monitoring.presentation import attempts, page
from tests.monitoring.outcomes import outcome_of

HOSTILE = "<script>alert(1)</script>\"&' onload=x"
AT = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
RUN, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def run_of(name: str, **columns: Any) -> types.SimpleNamespace:
    """The columns of a run that the page prints, as a stored one has them."""
    said: dict[str, Any] = {
        "pk": RUN, "check_name": name, "version_id": uuid.UUID(int=9), "version": "Scorer, version 3", "batch": None,
        "state": "done", "verdict": "", "attempts": 1, "progress": "", "error_code": "", "error_text": "",
        "requested_at": AT, "requested_by": "p-1", "requested_as": "reviewer", "finished_at": AT + dt.timedelta(seconds=9),
        "current": {"blob_id": "sha256:" + "1" * 64}, "reference": {"blob_id": "sha256:" + "2" * 64},
        "policy_digest": "sha256:" + "3" * 64, "seed": 7, "outcome_digest": "sha256:" + "4" * 64, "parameters": {},
    }  # fmt: skip
    return types.SimpleNamespace(**said | columns)


def attempt(
    number: int, verdict: str, outcome: dict[str, Any] | None = None, **said: Any
) -> attempts.Attempt:
    at = AT + dt.timedelta(minutes=number)
    return attempts.Attempt(
        uuid.UUID(int=number),
        at,
        "p-1",
        "reviewer",
        "done",
        verdict,
        outcome=outcome,
        data="d",
        bounds="b",
        **said,
    )


def rendered(name: str, kind: str = "good", outcome: dict[str, Any] | None = None, **more: Any) -> str:
    """The page of a run without a database."""
    outcome = outcome or outcome_of(name, kind)
    decided = page.deciding_result(outcome)
    earlier = outcome_of(name, "few") if "tried" not in more else None
    tried = more.pop("tried", None) or attempts.attempts_of(
        [attempt(0, earlier["verdict"] if earlier else "", earlier), attempt(1, outcome["verdict"], outcome)],
        RUN, decided, name,
    )  # fmt: skip
    thresholds = [result["threshold"] for result in outcome["results"] if result["threshold"]]
    context = {
        "run": run_of(name, verdict=outcome["verdict"]),
        "check": CATALOGUE.get(name),
        "outcome": outcome,
        "shown": page.shown(outcome, [t for t in thresholds if t["set_by"] != "default of the check"]),
        "attempts": tried,
        "labels": None,
        "names": {"p-1": "Ada"},
        "refresh": 0,
    }
    return render_to_string("monitoring/run.html", context | more)
