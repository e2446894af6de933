"""What people's rows need from time to time. Each run finds its own work; a missed or doubled one changes nothing."""

from __future__ import annotations

import logging

from celery import shared_task

from ledger import clock
from ledger.actors import Actor
from ledger.errors import ServiceError
from ledger.services import keys as ledger_keys
from people import selectors
from people.services import attempts, delegations, grants, notices, projection, provider_sessions

_log = logging.getLogger(__name__)


@shared_task(name="people.sweep")
def sweep() -> None:
    """Record grants and delegations that have ended, show those that have begun in the projection, retire keys whose end has
    come, drop old sign-in attempts."""
    actor = Actor.system("expiry-sweep")
    now = clock.now()
    for grant_id in selectors.grants_over(now):
        try:
            grants.grant_end(actor=actor, grant_id=grant_id)
        except ServiceError:
            # somebody revoked it in between, or the log can't be written now: the next run looks again
            _log.warning("the end of grant %s was not recorded", grant_id, exc_info=True)
    for delegation_id in selectors.delegations_over(now):
        try:
            delegations.delegation_end(actor=actor, delegation_id=delegation_id)
        except ServiceError:
            _log.warning("the end of delegation %s was not recorded", delegation_id, exc_info=True)
    for user in selectors.holders_begun(now):
        projection.project(user)
    ledger_keys.keys_end_due(actor=actor)
    attempts.sweep()
    provider_sessions.sweep()


@shared_task(name="people.digests")
def digests() -> None:
    """Ask for the digests of the day, from the opening hour on."""
    notices.digests_ask(actor=Actor.system("notices"))
