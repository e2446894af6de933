"""Two at once: one effect, one clear answer to the other, no error of ours."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, Refused, ServiceError
from ledger.models import Entry, KeyRecord
from people.models import Grant, User
from people.services import attempts
from people.services.bootstrap import Named, bootstrap
from people.services.grants import grant_confirm, grant_revoke
from people.services.second_factor import second_factor_begin
from people.services.signin import second_factor_check
from tests.people.crew import Crew, acting, code

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each gave or raised, all begun at the same moment."""
    gate = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return work()
        except ServiceError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def errors(answers: list[Any]) -> list[type]:
    return [type(answer) for answer in answers if isinstance(answer, Exception)]


def test_two_beginnings(home: Path) -> None:
    def begin(name: str) -> Any:
        return bootstrap(
            actor=Actor.system("bootstrap", door="cli"),
            first=Named("A", f"a@{name}.example"),
            second=Named("B", f"b@{name}.example"),
        )

    assert errors(at_once(lambda: begin("one"), lambda: begin("two"))) == [Refused]
    assert User.objects.count() == 2
    assert KeyRecord.objects.count() == 3


def test_two_confirm_one_grant_and_one_confirms_two_that_exclude_each_other(home: Path) -> None:
    crew = Crew()
    third = acting(crew.person("operator"))
    user = crew.person()
    grant = crew.request(user, "auditor")
    answers = at_once(
        lambda: grant_confirm(actor=crew.omar, grant_id=grant.pk),
        lambda: grant_confirm(actor=third, grant_id=grant.pk),
    )
    assert errors(answers) == [Conflict]
    assert Entry.objects.filter(event="people.grant_confirmed", subject_id=str(grant.pk)).count() == 1

    torn = crew.person()
    both = [crew.request(torn, role) for role in ("operator", "risk-reviewer")]
    answers = at_once(
        lambda: grant_confirm(actor=crew.omar, grant_id=both[0].pk),
        lambda: grant_confirm(actor=third, grant_id=both[1].pk),
    )
    assert errors(answers) == [Invalid]
    assert Grant.objects.filter(holder_user=torn, state="active").count() == 1


def test_two_operators_revoke_each_other(home: Path) -> None:
    crew = Crew()
    grants = {grant.holder_user_id: grant.pk for grant in Grant.objects.filter(role="operator")}
    at_once(
        lambda: grant_revoke(actor=crew.olga, grant_id=grants[crew.second.pk], reason="Them."),
        lambda: grant_revoke(actor=crew.omar, grant_id=grants[crew.first.pk], reason="Them."),
    )
    assert Grant.objects.filter(role="operator", state="active").count() == 1


def test_one_code_by_two(home: Path) -> None:
    crew = Crew()
    shown = code(crew.enrol(crew.first))
    answers = at_once(
        *(
            lambda: second_factor_check(
                actor=acting(crew.first, interactive=False), code=shown, address="192.0.2.1"
            )
            for _ in range(2)
        )
    )
    assert errors(answers) == [Invalid]


def test_a_secret_that_waits_is_one(home: Path) -> None:
    crew = Crew()
    actor = acting(crew.person(), interactive=False)
    assert len(set(at_once(*(lambda: second_factor_begin(actor=actor) for _ in range(3))))) == 1


def test_tries_at_once_are_all_counted(home: Path) -> None:
    limit = attempts.Limit("account", "somebody", 4)
    answers = at_once(*(lambda: attempts.charge(limit) for _ in range(8)))
    assert errors(answers).count(attempts.TooManyAttempts) >= 4
