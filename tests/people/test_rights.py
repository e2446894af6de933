"""Who could do what when: from dates as recorded, with what is over, as a page and as a file."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import clock
from people import access
from people.models import Grant, User
from people.rights import Asked, Found
from people.services.delegations import delegation_revoke
from people.services.grants import grant_confirm, grant_revoke
from people.services.identities import identity_change
from people.services.people import user_change, user_deactivate
from people.spreadsheets import harmless, lines
from people.tasks import sweep
from tests.people.crew import Crew, acting
from tests.people.test_delegations import Clock, lend
from tests.people.test_sign_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def held(crew: Crew, at: datetime, **more: Any) -> list[tuple[str, str]]:
    found = Found(access.reach(crew.olga), Asked(at, **more))
    rows = [(str(right.holder), right.role) for right in found.every()]
    assert len(found) == len(rows)
    return [row for row in rows if row[1] != "operator"]


def test_a_grant_counts_from_its_confirmation_until_it_is_taken(
    crew: Crew, lending: Any, time: Clock
) -> None:
    user = crew.person()
    asked = crew.request(user, "risk-reviewer", lending[0])
    requested = time.forward(hours=1)
    grant_confirm(actor=acting(crew.second), grant_id=asked.pk)
    confirmed = time.forward(hours=1)
    crew.omar = acting(crew.second)
    grant_revoke(actor=crew.omar, grant_id=asked.pk, reason="Moved on.")
    revoked = time.forward(hours=1)
    assert held(crew, requested - timedelta(minutes=1)) == []
    assert held(crew, confirmed - timedelta(minutes=1)) == [(user.name, "risk-reviewer")]
    assert held(crew, revoked) == []
    crew.request(user, "owner", lending[0])
    assert held(crew, time.forward(hours=1)) == []  # requested is nothing


def test_dates_are_exact_and_what_ended_stays_told(crew: Crew, time: Clock) -> None:
    ends = time.moment + timedelta(hours=2)
    user = crew.person("risk-reviewer", ends=ends)
    time.moment = ends + timedelta(hours=5)
    sweep()
    assert Grant.objects.get(holder_user=user).state == "ended"
    assert held(crew, ends - timedelta(milliseconds=1)) == [(user.name, "risk-reviewer")]
    assert held(crew, ends) == []


def test_delegations_are_told_with_whose_right_it_was(crew: Crew, lending: Any, time: Clock) -> None:
    holder, delegate = crew.person("risk-reviewer", on=lending[0]), crew.person()
    (row,) = lend(holder, delegate)
    then = time.forward(hours=1)
    delegation_revoke(actor=acting(holder), delegation_id=row.pk)
    now = time.forward(hours=1)
    found = Found(access.reach(crew.olga), Asked(then - timedelta(minutes=1), person=delegate.email.upper()))
    (right,) = found[0:10]
    assert (right.delegator, right.role, right.locked_out) == (holder.name, "risk-reviewer", False)
    assert "revoked" in right.ended
    assert "Approve a version" in right.permissions
    assert held(crew, now, person=delegate.name) == []
    grant_revoke(actor=acting(crew.second), grant_id=row.grant_id, reason="Moved on.")
    assert held(crew, time.forward(hours=1), person=delegate.name) == []


def test_who_was_locked_out_then_is_named(crew: Crew, time: Clock) -> None:
    controller = crew.person()
    identity = crew.identity(controller, "ci")
    free = time.forward(hours=1)
    identity_change(actor=acting(crew.first), identity_id=identity.pk, is_active=False)
    out = time.forward(hours=1)
    identity_change(actor=acting(crew.first), identity_id=identity.pk, is_active=True)
    back = time.forward(hours=1)
    user_deactivate(actor=acting(crew.first), user_id=controller.pk)
    gone = time.forward(hours=1)

    def locked(at: datetime) -> bool:
        (right,) = Found(access.reach(acting(crew.first)), Asked(at, role="ci"))[0:1]
        return right.locked_out

    before = [at - timedelta(minutes=1) for at in (free, out, back, gone)]
    assert [locked(at) for at in before] == [False, True, False, True]


def test_it_can_be_narrowed_to_a_system(crew: Crew, lending: Any) -> None:
    system, model, _, other = lending
    here, above, elsewhere = (
        crew.person("risk-reviewer", on=model),
        crew.person("risk-reviewer"),
        crew.person("risk-reviewer", on=other),
    )
    found = {name for name, _ in held(crew, clock.now(), system=system.pk)}
    assert found == {here.name, above.name}
    assert (elsewhere.name, "risk-reviewer") in held(crew, clock.now(), role="risk-reviewer")


@pytest.mark.once
def test_the_page_tells_and_pages(crew: Crew, lending: Any) -> None:
    user = crew.person("auditor")
    client = Client()
    client.force_login(user)
    page = client.get("/people/rights/")
    assert page.status_code == 200
    assert b"Auditor" in page.content
    assert b"Download as CSV" in page.content
    for wrong in ({"at": "yesterday"}, {"role": "king"}, {"system": "' OR 1=1"}):
        assert client.get("/people/rights/", wrong).status_code == 400
        assert client.get("/people/rights.csv", wrong).status_code == 400
    assert b"today\xe2\x80\x99s table" not in page.content
    then = (clock.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")
    earlier = client.get("/people/rights/", {"at": then}).content.decode()
    assert earlier.index("read from today’s table of roles") < earlier.index("<table")
    assert earlier.count("By today’s table, not that of then:") == earlier.count("<details><summary>") > 0
    old = client.get("/people/rights/", {"at": "2000-01-01T00:00"})
    assert b"Nobody could, then" in old.content
    assert client.get("/people/rights/", {"page": "999999999"}).status_code == 200
    assert (
        client.get("/people/rights/", {"owner__password": "x", "ordering": "holder__password"}).status_code
        == 200
    )


@pytest.mark.once
def test_only_who_may_see_people_reads_it_and_only_theirs(crew: Crew, lending: Any) -> None:
    crew.person("risk-reviewer", on=lending[3])
    mine = crew.person("risk-reviewer", on=lending[0])
    client = signed_in(crew, mine)
    text = client.get("/people/rights/").content.decode()
    assert mine.name in text
    assert "Cards" not in text
    assert "Olga First" not in text.split("Download")[0]
    for who in (crew.person(), crew.person("developer")):
        other = Client()
        other.force_login(who)
        assert other.get("/people/rights/").status_code in (403, 404)
        assert other.get("/people/rights.csv").status_code in (403, 404)
    assert Client().get("/people/rights.csv").status_code == 302


def test_the_file_is_harmless_and_whole(crew: Crew) -> None:
    user = crew.person("auditor")
    user_change(actor=crew.olga, user_id=user.pk, name='=HYPERLINK("http://evil")')
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    answer = client.get("/people/rights.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert answer["Content-Type"].startswith("text/csv")
    assert len(rows) == 3
    assert {row["holder"] for row in rows} == {"Olga First", "Omar Second", "'" + '=HYPERLINK("http://evil")'}


@pytest.mark.once
@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "  =1",
        "\u00a0=1",
        "\uff1d1",
        "\uff0b1",
        "\u200b=1",
        "\n=1",
        "|x",
        "%x",
    ],
)
def test_what_could_be_a_formula_isn_t_one(text: str) -> None:
    assert harmless(text) == f"'{text}"
    (_, line) = lines(["x"], [[text]])
    assert next(csv.reader(io.StringIO(line, newline=""))) == [f"'{text}"]


@pytest.mark.once
@pytest.mark.parametrize("text", ["", "Ann", "a=b", "O'Neill", "1;2", 'say "x"', "ünï", "a\nb"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
