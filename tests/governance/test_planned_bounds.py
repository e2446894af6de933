"""A version's own bounds for production: stricter than the policy's, part of what is approved, frozen into the monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance.selectors.shown import difference, shown_set
from governance.services.deployments import deployment_request
from governance.services.monitors import bound_plan
from governance.services.warrants import issue_due
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed
from monitoring.models import Monitor
from registry.selectors.versions import version_by_id
from registry.services.deployments import deployment_report
from tests.world import make_world, publish

pytestmark = [pytest.mark.slow, pytest.mark.once]
SAID = {"requirement": "production-variety", "bound": "10", "why": "It has never given fewer answers."}


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    return make_world()


def test_a_plan_is_stricter_shown_and_frozen(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = world.draft()
    before = shown_set(draft)
    given = {"actor": world["developer"], "version_id": draft.pk}
    for wrong, field in (
        ({"requirement": "accuracy"}, "requirement"),  # judged before approval, not in production
        ({"requirement": "production-drift"}, "requirement"),  # has no bound
        ({"bound": "1"}, "bound"),
        ({"bound": "nan"}, "bound"),
        ({"bound": "1e999"}, "bound"),
        ({"bound": "many"}, "bound"),
        ({"why": " "}, "why"),
    ):
        with pytest.raises(Invalid) as refused:
            bound_plan(**given, **{**SAID, **wrong})
        assert refused.value.field == field
    with pytest.raises(NotAllowed):
        bound_plan(actor=world["validator"], version_id=draft.pk, **SAID)
    bound_plan(**given, **{**SAID, "bound": "5"})
    assert bound_plan(**given, **SAID).bound == "10"  # the same again replaces it
    assert difference(before, shown_set(version_by_id(draft.pk))) == [
        "the monitoring plan production-variety was added"
    ]

    monkeypatch.setattr(world, "draft", lambda **_: version_by_id(draft.pk))
    version = world.approved()
    with pytest.raises(Conflict):
        bound_plan(**given, **SAID)
    warrant = deployment_request(
        actor=world["owner"], version_id=version.pk, environment="production", region="eu", arm="main"
    )
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    deployment_report(
        actor=world.ci,
        slot_id=warrant.slot_id,
        digest=version_by_id(version.pk).subject_digest,
        state="canary",
    )
    frozen = {t["metric"]: t for item in Monitor.objects.get().checks for t in item["thresholds"]}
    assert frozen["distinct_predictions"]["bound"] == 10.0
    assert frozen["distinct_predictions"]["set_by"].startswith("monitoring plan of ")
    assert frozen["missing_prediction_share"]["bound"] == 0.0
    assert frozen["missing_prediction_share"]["set_by"].endswith("policy 1")
