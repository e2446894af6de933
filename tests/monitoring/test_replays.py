"""Every number can be measured again to the same digit, and what can't be is said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monitoring.models import Run
from monitoring.services.runs import run_request
from registry import storage
from tests.registry.test_artifacts import overwrite
from tests.world import make_world, rows, work

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    return make_world()


def measured(world: Any, *checks: str) -> list[Run]:
    version = world.draft(evaluation=rows(seed=9, shift=0.3))
    wanted = {"actor": world.ci, "version_id": version.pk, "thresholds": [], "policy_digest": "none"}
    asked = [run_request(check=check, **wanted) for check in checks]
    work()
    return list(Run.objects.filter(pk__in=[run.pk for run in asked]).order_by("check_name"))


def replayed(run: Run, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_replay", str(run.pk), *options, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_each_check_gives_the_same_digest_with_any_number_of_threads(world: Any) -> None:
    """DT-13."""
    runs = measured(world, "evaluation", "fairness", "drift", "data-contract")
    assert len(runs) == 4
    for run in runs:
        assert run.state == "done"
        for threads in ("1", "5"):
            assert replayed(run, "--threads", threads) == (
                0, f"SAME: {run.check_name} of {run.version} gives {run.outcome_digest}\n",
            )  # fmt: skip


def test_a_figure_that_was_recorded_otherwise_is_shown(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = measured(world, "evaluation")
    monkeypatch.setattr("monitoring.statistics.measuring._LIBRARIES", ("numpy",))
    code, said = replayed(run)
    assert code == 1
    assert "outcome.libraries.scipy" in said


def test_a_record_that_was_altered_is_no_yardstick(world: Any) -> None:
    (run,) = measured(world, "evaluation")
    Run.objects.filter(pk=run.pk).update(outcome_digest="sha256:" + "0" * 64)
    code, said = replayed(run)
    assert code == 3
    assert "record-altered" in said


def test_data_that_were_altered_or_runs_without_outcome_cannot_be_checked(world: Any) -> None:
    (run,) = measured(world, "evaluation")
    assert run.current is not None
    data = storage.read(run.current.blob_id, limit=10**7)
    overwrite(run.current.blob_id, data[::-1])
    try:
        assert "CANNOT BE CHECKED" in replayed(run)[1]
    finally:
        overwrite(run.current.blob_id, data)
    Run.objects.filter(pk=run.pk).update(state="error")
    assert replayed(run)[0] == 3
    for bad in ("x", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(CommandError):
            call_command("check_replay", bad)
