"""Waivers beyond one version, by API: by people alone, each by who may on the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from governance.models import WideWaiver
from ledger import clock
from people.models import User
from tests.access.sample import session_of
from tests.governance.lifecycle import amended, executive
from tests.registry.world import person

pytestmark = [pytest.mark.slow, pytest.mark.once]
JSON = "application/json"


def test_asked_for_decided_renewed_and_taken_back(world: Any) -> None:
    amended(world)
    executive(world)
    version = world.draft()
    people = {key: session_of(world.users[key]) for key in ("owner", "reviewer", "executive", "auditor")}
    people["outside"] = session_of(User.objects.get(pk=person().pk))
    base = f"/api/v1/models/{world.model.pk}/wide-waivers"
    words = {"reason": "Known.", "compensating_control": "A person looks."}
    said = {**words, "requirement": "parity-ratio", "ends": (clock.now() + timedelta(days=30)).isoformat()}

    def post(who: str, address: str, body: Any = None, **more: Any) -> Any:
        return people[who].post(address, body or {}, content_type=JSON, **more)

    bearer = {"headers": {"Authorization": f"Bearer {world.token}"}}
    assert Client().post(base, said, content_type=JSON, **bearer).status_code == 403
    assert [post(who, base, said).status_code for who in ("reviewer", "auditor", "outside")] == [
        403,
        403,
        404,
    ]
    for change, field in (
        ({"requirement": "signature"}, "requirement"),
        ({"reason": ""}, "reason"),
        ({"compensating_control": " "}, "compensating_control"),
        ({"ends": (clock.now() + timedelta(days=61)).isoformat()}, "ends"),
        ({"ends": "soon"}, "ends"),
        ({"versions": [99]}, "versions"),
        ({"slots": ["production"]}, "slots"),
        ({"state": "approved"}, "state"),
    ):
        answer = post("owner", base, {**said, **change})
        assert (answer.status_code, field in answer.content.decode()) == (400, True), (change, answer.content)
    assert not WideWaiver.objects.exists()

    named = {**said, "versions": [version.number], "slots": ["production/eu/main"]}
    key = {"headers": {"Idempotency-Key": "one"}}
    first, again = (post("owner", base, named, **key) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    made = first.json()
    assert (made["state"], made["versions"], made["slots"], made["renews"], made["renewal_number"]) == (
        "requested", [str(version.pk)], ["production/eu/main"], None, None,
    )  # fmt: skip
    one = f"/api/v1/wide-waivers/{made['id']}"
    assert people["auditor"].get(one).json() == made
    assert [row["id"] for row in people["auditor"].get(base).json()["results"]] == [made["id"]]
    assert [people["outside"].get(address).status_code for address in (base, one)] == [404, 404]

    assert post("executive", f"{one}/approve", {"state": "approved"}).status_code == 400
    assert [post(who, f"{one}/approve").status_code for who in ("owner", "reviewer", "outside")] == [
        403,
        403,
        404,
    ]
    assert post("executive", f"{one}/approve").json()["state"] == "approved"
    assert post("executive", f"{one}/refuse").status_code == 409
    terms = {**words, "ends": said["ends"]}
    assert post("reviewer", f"{one}/renewal", terms).status_code == 403
    wordless = post("owner", f"{one}/renewal", {**terms, "compensating_control": ""})
    assert (wordless.status_code, "compensating_control" in wordless.content.decode()) == (400, True)
    renewed = post("owner", f"{one}/renewal", terms)
    assert renewed.status_code == 201, renewed.content
    second = renewed.json()
    assert (second["renews"], second["renewal_number"], second["versions"]) == (
        made["id"],
        1,
        made["versions"],
    )
    assert post("owner", f"{one}/renewal", terms).status_code == 409
    assert post("executive", f"/api/v1/wide-waivers/{second['id']}/refuse").json()["state"] == "refused"
    assert post("owner", f"{one}/revoke").status_code == 403
    assert post("reviewer", f"{one}/revoke").json()["state"] == "revoked"
    assert {row["state"] for row in people["owner"].get(base).json()["results"]} == {"revoked", "refused"}
