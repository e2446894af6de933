"""A system's end in the portal: retired, held, lifted, its bodies deleted, and its report said to be gone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from governance.models import Report
from governance.rendering import missing_libraries
from governance.services.reports import report_request
from governance.services.retirements import disposal_attest
from governance.services.versions import version_retire
from governance.tasks import report
from ledger import clock
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from registry.models import LegalHold
from registry.services.retention import bodies_delete
from tests.portal.test_pages import signed_in
from tests.world import PASSWORD, make_world, publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.once]
MISSING = missing_libraries()


def executive(world: Any, key: str) -> None:
    user, _ = user_create(
        actor=world["one"], email=f"{key}@example.org", name=key.title(), password=PASSWORD, temporary=False
    )
    world.users[key] = user
    grant = grant_request(
        actor=world["one"], holder_id=user.pk, role="accountable-executive", reason="The board."
    )
    grant_confirm(actor=world["two"], grant_id=grant.pk)


@pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI", "").lower() not in {"1", "true", "yes"},
    reason=f"WeasyPrint's system libraries aren't here: {', '.join(MISSING)}",
)
def test_the_end_of_a_system_is_told_on_its_page(
    home: Path, own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tier="low")
    version = world.approved()
    publish()
    asked = report_request(actor=world["owner"], version_id=version.pk, kind="scorecard")
    report()
    made = Report.objects.get(pk=asked.pk)
    assert made.state == "done"
    for key in ("ada", "bob"):
        executive(world, key)
    page, act = f"/systems/{world.system_id}/", "governance:act"
    owner, ada, bob = (signed_in(world, key) for key in ("owner", "ada", "bob"))
    auditor = signed_in(world, "auditor")
    assert "the term begins when it is retired" in owner.get(page).content.decode()
    assert "Place a legal hold" not in auditor.get(page).content.decode()

    disposal_attest(
        actor=world["owner"],
        version_id=version.pk,
        what="Training data",
        how="deleted",
        statement="Deleted by me.",
    )
    version_retire(actor=world["owner"], version_id=version.pk, reason="Replaced.")
    done = owner.post(reverse(act, args=["retire-system", world.system_id]))
    assert done["Location"] == page
    placing = reverse(act, args=["place-hold", world.system_id])
    assert auditor.post(placing, {"reason": "Mine."}).status_code in (403, 404)
    assert ada.post(placing, {"reason": ""}).status_code == 200
    assert not LegalHold.objects.exists()
    assert ada.post(placing, {"reason": "A case before the court."})["Location"] == page
    hold = LegalHold.objects.get()
    lifting = reverse(act, args=["lift-hold", hold.pk])
    assert ada.post(lifting).status_code == 403
    held = bob.get(page).content.decode()
    assert "A case before the court." in held
    assert lifting in held
    assert bob.post(lifting)["Location"] == page

    then = clock.now() + timedelta(days=366 * 10)
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: then)
        assert bodies_delete(actor=world["one"], system_id=world.system_id) >= 4
    assert "deleted at the end of their term" in auditor.get(page).content.decode()
    gone = auditor.get(reverse("governance:report-file", args=[made.pk, "pdf"]))
    assert gone.status_code == 410
    assert "was deleted at the end of its term" in gone.content.decode()
    assert auditor.get(f"/versions/{version.pk}/").status_code == 200
