"""The lint of seats: what today's people can't fill, on the page and by command."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from governance.models import Policy
from governance.selectors.seats import Lint, in_use, seated
from people.models import Grant, User
from people.services.grants import grant_revoke
from registry.models import AIModel, System
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def of(world: World, key: str) -> Client:
    client = Client()
    client.force_login(world.users[key])
    return client


def revoke(world: World, key: str) -> None:
    for grant in Grant.objects.filter(holder_user=world.users[key], state="active"):
        grant_revoke(actor=world["two"], grant_id=grant.pk, reason="Moved on.")


def test_people_who_hold_two_roles_fill_one_seat() -> None:
    ann, ben, cleo = (User(name=name) for name in ("Ann", "Ben", "Cleo"))
    both = seated(("a", "b"), {"a": [ann, ben], "b": [ann]})
    assert [seat.filled for seat in both] == [True, True]  # Ben sits in a, so that Ann can in b
    assert [seat.filled for seat in seated(("a", "b"), {"a": [ann], "b": [ann]})] == [True, False]
    assert [seat.filled for seat in seated(("a", "a", "b"), {"a": [ann, ben], "b": [ben, cleo]})] == [
        True
    ] * 3
    assert seated((), {}) == ()


def test_it_follows_roles_and_history(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seats_lint")
    assert "0 with seats" in capsys.readouterr().out
    (line,) = Lint().lines(in_use())
    assert line.sound
    assert [seat.role for seat in line.seats] == ["independent-validator", "risk-reviewer"]
    page = of(world, "auditor").get("/seats/")
    assert b"Every seat on this page can be filled" in page.content
    assert world.users["reviewer"].name in page.content.decode()

    revoke(world, "reviewer")
    (line,) = Lint().lines(in_use())
    assert [seat.role for seat in line.empty] == ["risk-reviewer"]
    with pytest.raises(SystemExit) as ended:
        call_command("seats_lint")
    assert ended.value.code == 1
    assert "risk-reviewer (0 could)" in capsys.readouterr().out
    assert b"nobody left" in of(world, "auditor").get("/seats/").content
    # who may see the system and not its people reads numbers, no names
    text = of(world, "developer").get("/seats/").content.decode()
    assert world.users["validator"].name not in text
    assert "1 could" in text


def test_who_took_part_or_owns_the_system_is_left_out(world: World) -> None:
    model = AIModel.objects.select_related("system").get(pk=world.model.pk)
    draft = world.draft()
    controller = User.objects.get(pseudonym=world.ci.controller)
    able = {user for seat in Lint().line(model).seats for user in seat.able}
    assert Lint().line(model).version == draft
    assert controller not in able
    assert world.users["owner"] not in able


def test_without_a_policy_nothing_can_be_decided(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    Policy.objects.filter(state="in-force").update(state="superseded")
    with pytest.raises(SystemExit):
        call_command("seats_lint")
    assert "no policy is in force" in capsys.readouterr().out
    System.objects.update(state="retired")
    call_command("seats_lint")
    assert "No system is in use" in of(world, "auditor").get("/seats/").content.decode()


@pytest.mark.once
def test_the_pages_are_for_who_may_see(world: World) -> None:
    nobody: Any = User.objects.create(email="n@example.org", name="Nobody", created_at="2026-01-01T00:00Z")
    client = Client()
    client.force_login(nobody)
    for page in ("/seats/", "/workload/"):
        assert client.get(page).status_code in (403, 404)
        assert Client().get(page).status_code == 302
    assert of(world, "auditor").get("/workload/").status_code == 200
    assert of(world, "developer").get("/workload/").status_code in (403, 404)
