from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, Refused
from ledger.models import Entry, KeyRecord
from people import access
from people.catalogue import P
from people.models import Grant, User
from people.services.bootstrap import Named, bootstrap
from people.services.grants import grant_revoke
from tests.people.crew import Crew, acting, begin

pytestmark = pytest.mark.django_db

TWO = ("--first", "Olga First", "olga@example.org", "--second", "Omar Second", "omar@example.org")


def test_the_beginning_makes_two_operators_and_the_keys_and_closes_itself(home: Path) -> None:
    out = StringIO()
    call_command("bootstrap", *TWO, "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert [person["email"] for person in said["people"]] == ["olga@example.org", "omar@example.org"]
    assert all(len(person["password"]) >= 16 for person in said["people"])
    assert {key["purpose"] for key in said["keys"]} == {"log", "warrant", "report"}
    assert set(KeyRecord.objects.values_list("state", flat=True)) == {"active"}
    for user in User.objects.all():
        assert user.must_change_password
        assert access.allowed(acting(user), P.GRANT_CONFIRM)
        assert not access.allowed(acting(user), P.VERSION_APPROVE)
    assert Entry.objects.filter(event="people.bootstrapped").count() == 1
    entries = Entry.objects.count()
    with pytest.raises(CommandError, match="The beginning is over"):
        call_command("bootstrap", *TWO)
    # the denial itself is recorded, nothing else
    assert list(Entry.objects.order_by("at").values_list("event", flat=True))[entries:] == ["ledger.denied"]
    assert User.objects.count() == 2


@pytest.mark.once
def test_a_password_comes_from_the_environment_or_a_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "second"
    kept.write_text("a-long-password-from-a-file\n")
    monkeypatch.setenv("FIRST_PASSWORD", "a-long-password-from-outside")
    monkeypatch.setenv("SECOND_PASSWORD_FILE", str(kept))
    out = StringIO()
    call_command("bootstrap", *TWO, stdout=out)
    assert "password: as given" in out.getvalue()
    assert User.objects.get(email="olga@example.org").check_password("a-long-password-from-outside")
    assert User.objects.get(email="omar@example.org").check_password("a-long-password-from-a-file")


@pytest.mark.once
@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        (Named("A", "a@example.org"), Named("A", "A@Example.org "), "second"),
        (Named("A", "nonsense"), Named("B", "b@example.org"), "first"),
        (Named("A", "a@example.org"), Named("B\u202eC", "b@example.org"), "second"),
        (Named("A", "a@example.org", "short"), Named("B", "b@example.org"), "first"),
    ],
)
def test_bad_input_names_its_field_and_leaves_nothing(
    home: Path, first: Named, second: Named, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        bootstrap(actor=Actor.system("bootstrap"), first=first, second=second)
    assert refusal.value.field == field
    assert not User.objects.exists()
    assert not Grant.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.once
def test_nobody_but_the_command_begins(crew: Crew) -> None:
    for actor in (crew.olga, Actor.system("sequencer")):
        with pytest.raises(Refused):
            bootstrap(actor=actor, first=Named("A", "a@example.org"), second=Named("B", "b@example.org"))


def test_it_begins_again_only_where_fewer_than_two_operators_are_left(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"first": Named("Ada Third", "ada@example.org"), "second": Named("Abe Fourth", "abe@example.org")}
    with pytest.raises(Refused):
        bootstrap(actor=Actor.system("bootstrap"), again=True, **new)
    omars = Grant.objects.get(holder_user=crew.second)
    grant_revoke(actor=crew.olga, grant_id=omars.pk, reason="Left the bank.")
    with pytest.raises(Refused):
        bootstrap(actor=Actor.system("bootstrap"), **new)
    keys = KeyRecord.objects.count()
    begun = bootstrap(actor=Actor.system("bootstrap"), again=True, **new)
    assert begun.keys == ()
    assert KeyRecord.objects.count() == keys
    assert access.holders("operator").count() == 3


def test_a_beginning_in_the_future_counts_nobody_twice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    later = clock.now() + timedelta(days=4000)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert access.holders("operator").count() == 2  # operators' first grants have no end
