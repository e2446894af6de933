from __future__ import annotations

import pytest

from ledger.errors import Conflict, Invalid, NotAllowed
from people.services.recoveries import recovery_confirm, recovery_refuse, recovery_request
from tests.people.crew import PASSWORD, Crew, acting

pytestmark = pytest.mark.django_db


def test_a_password_is_renewed_by_two(crew: Crew) -> None:
    user = crew.person()
    asked = recovery_request(actor=crew.olga, user_id=user.pk, what="password", reason="Forgot it.")
    with pytest.raises(NotAllowed) as refusal:
        recovery_confirm(actor=crew.olga, recovery_id=asked.pk)
    assert refusal.value.reason == "requester"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    _, password = recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password
    with pytest.raises(Conflict):
        recovery_confirm(actor=crew.omar, recovery_id=asked.pk)


def test_nobody_confirms_their_own(crew: Crew) -> None:
    asked = recovery_request(actor=crew.olga, user_id=crew.second.pk, what="password", reason="Forgot it.")
    with pytest.raises(NotAllowed) as refusal:
        recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    assert refusal.value.reason == "holder"


def test_a_second_factor_is_removed_by_two(crew: Crew) -> None:
    user = crew.person("owner")
    with pytest.raises(Conflict, match="no second factor"):
        recovery_request(actor=crew.olga, user_id=user.pk, what="second-factor", reason="Lost phone.")
    crew.enrol(user)
    asked = recovery_request(actor=crew.olga, user_id=user.pk, what="second-factor", reason="Lost phone.")
    with pytest.raises(Conflict, match="requested already"):
        recovery_request(actor=crew.omar, user_id=user.pk, what="second-factor", reason="Lost phone.")
    _, password = recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
    user.refresh_from_db()
    assert (password, user.totp_secret, user.second_factor_at) == ("", "", None)


def test_refused_and_bad_requests(crew: Crew) -> None:
    user = crew.person()
    for what, reason, field in [("everything", "Lost.", "what"), ("password", " ", "reason")]:
        with pytest.raises(Invalid) as refusal:
            recovery_request(actor=crew.olga, user_id=user.pk, what=what, reason=reason)
        assert refusal.value.field == field
    with pytest.raises(NotAllowed):
        recovery_request(actor=acting(user), user_id=user.pk, what="password", reason="Lost.")
    asked = recovery_request(actor=crew.olga, user_id=user.pk, what="password", reason="Lost.")
    recovery_refuse(actor=crew.olga, recovery_id=asked.pk)
    with pytest.raises(Conflict):
        recovery_confirm(actor=crew.omar, recovery_id=asked.pk)
