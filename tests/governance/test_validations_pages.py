"""Validations over HTTP: whose the draft is, how the report is served, and a reassignment that is read before it is done."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from governance.models import Validation
from governance.services.comments import comment_write
from governance.services.validations import validation_assign, validation_plan
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from tests.portal.test_pages import signed_in
from tests.world import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.once]
REPORT = b"<script>alert(1)</script>"


def hire(world: Any, key: str, role: str) -> None:
    world.users[key], _ = user_create(
        actor=world["one"], email=f"{key}@example.org", name=key.title(), password=PASSWORD, temporary=False
    )
    grant = grant_request(
        actor=world["one"], role=role, holder_id=world.users[key].pk, reason="The test's cast."
    )
    grant_confirm(actor=world["two"], grant_id=grant.pk)


def test_the_pages_of_a_validation(world: Any, own_store: Any) -> None:
    hire(world, "head", "head-of-validation")
    hire(world, "second", "independent-validator")
    head, validator, owner = (signed_in(world, key) for key in ("head", "validator", "owner"))
    version = world.draft()
    plan = reverse("governance:act", args=["plan-validation", version.pk])
    assert head.post(plan, {"scope": "All."}).status_code == 302
    assert owner.post(plan, {"scope": "All."}).status_code == 403
    row = Validation.objects.get()
    assign = reverse("governance:act", args=["validation-assign", row.pk])
    offered = head.get(assign).content.decode()
    assert world.users["validator"].pseudonym in offered
    assert world.users["developer"].pseudonym not in offered
    assert (
        head.post(assign, {"validator": world.users["developer"].pseudonym}).status_code == 200
    )  # not offered
    assert head.post(assign, {"validator": world.users["validator"].pseudonym}).status_code == 302
    begin = reverse("governance:act", args=["validation-begin", row.pk])
    assert head.post(begin).status_code == 403
    assert validator.post(begin).status_code == 302
    draft = {
        "rating": "not-fit", "summary": "Too thin.", "limitations": "None known.",
        "report": SimpleUploadedFile("../../report.md", REPORT),
    }  # fmt: skip
    handed = validator.post(reverse("governance:act", args=["validation-draft", row.pk]), draft)
    assert handed.status_code == 302
    page, report = (
        reverse(f"governance:{name}", args=[row.pk]) for name in ("validation", "validation-report")
    )
    assert "Too thin." in validator.get(page).content.decode()
    assert "Too thin." not in owner.get(page).content.decode()
    assert owner.get(report).status_code == 404
    assert owner.get(f"/api/v1/validations/{row.pk}/report").status_code == 404
    assert owner.get(f"/api/v1/validations/{row.pk}").json()["rating"] == ""
    listed = reverse("governance:validations")
    assert str(version) in owner.get(listed).content.decode()
    assert str(version) not in owner.get(listed, {"rating": "not-fit"}).content.decode()
    assert owner.get(listed, {"validator": "x"}).status_code == 400
    assert (
        validator.post(reverse("governance:act", args=["validation-ask-response", row.pk])).status_code == 302
    )
    served = owner.get(report)
    assert served.content == REPORT
    assert served["Content-Type"] == "application/octet-stream"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Disposition"] == f'attachment; filename="validation-{str(row.pk)[:8]}.md"'
    assert signed_in(world, "one").get(report).status_code == 404
    comment_write(
        actor=world["owner"], about="validation", row_id=row.pk, text="<img src=x onerror=alert(1)>"
    )
    threads = validator.get(reverse("governance:comments", args=["validation", row.pk])).content.decode()
    assert "&lt;img src=x" in threads
    assert "<img src=x" not in threads


def test_a_reassignment_is_read_before_it_is_done(world: Any) -> None:
    hire(world, "head", "head-of-validation")
    hire(world, "second", "independent-validator")
    rows = []
    for _ in range(2):
        row = validation_plan(actor=world["head"], version_id=world.draft().pk, scope="All.")
        to = world.users["validator"].pseudonym
        rows.append(validation_assign(actor=world["head"], validation_id=row.pk, validator=to))
    head, owner, validator = (signed_in(world, key) for key in ("head", "owner", "validator"))
    address, workload = reverse("governance:reassign"), reverse("governance:validators")
    assert (owner.get(address).status_code, owner.get(workload).status_code) == (403, 403)
    assert validator.get(address).status_code == 403
    assert "Second" not in validator.get(workload).content.decode()
    assert "Second" in head.get(workload).content.decode()
    said = {
        "validations": [str(row.pk) for row in rows],
        "validator": world.users["second"].pseudonym,
        "reason": "Leave.",
    }
    preview = head.post(address, said).content.decode()
    assert "To Second: 2 validations" in preview
    assert 'name="confirmed"' in preview
    assert set(Validation.objects.values_list("validator", flat=True)) == {to}
    assert (
        head.post(address, {**said, "validations": [*said["validations"], str(world.system_id)]}).status_code
        == 200
    )
    assert set(Validation.objects.values_list("validator", flat=True)) == {to}
    done = head.post(address, {**said, "confirmed": "yes"})
    assert (done.status_code, done["Location"]) == (302, workload)
    assert set(Validation.objects.values_list("validator", flat=True)) == {said["validator"]}
