"""Who stands in which relation to a thing, from history, for the pages that say why a move is closed.

The services bar by the same history when the move is made. The registry answers for versions, which isn't repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.models import Condition, Finding, FindingExtension, WideWaiver
from governance.selectors import finding_bars
from governance.selectors.conditions import SET
from governance.selectors.validations import barred
from governance.services.tiering import cooling_off
from governance.services.wide_waivers import contributors as wide_contributors
from ledger.actors import Actor
from ledger.models import Governed, KeyRecord
from modelwarrant.machine import Transition
from people.access import Reach
from people.catalogue import P
from people.models import Grant
from people.services.keys import requesters
from registry.models import Tiering
from registry.selectors import versions
from registry.selectors.systems import owners


def barred_by(row: Governed, relation: str) -> frozenset[str]:
    """Pseudonyms of those who stand in `relation` to `row`. KeyError for a relation that nobody can tell."""
    return STANDING[relation](row)


def own_to_make(actor: Actor, row: Governed, move: Transition, reached: Reach) -> bool:
    """Whether the move is the actor's by what the thing is to them, without the permission of the table."""
    rule = _OWN.get((row.ledger_kind, move.name))
    return rule is not None and actor.kind == "user" and rule(actor, row, reached)


def _requesters(row: Any) -> frozenset[str]:
    return requesters(row) if isinstance(row, KeyRecord) else frozenset({row.requested_by})


def _holders(row: Any) -> frozenset[str]:
    if hasattr(row, "identity"):
        holder = row.identity
    else:
        holder = row.holder if isinstance(row, Grant) else row.user
    controller = getattr(holder, "controller", None)
    return frozenset({holder.pseudonym, *([controller.pseudonym] if controller else [])})


def _contributors(row: Any) -> frozenset[str]:
    if isinstance(row, WideWaiver):
        return wide_contributors(row)
    if isinstance(row, Finding | FindingExtension):
        return finding_bars.barred(_finding(row))["contributor"]
    return versions.contributors(row.version_id)


def _owners(row: Any) -> frozenset[str]:
    if isinstance(row, Tiering):
        return owners(row.system_id, cooling_off())
    if isinstance(row, Finding | FindingExtension):
        return finding_bars.barred(_finding(row))["owner"]
    return barred(row.version)["owner"]


def _responsible(row: Condition) -> frozenset[str]:
    """A review afterwards is nobody's to prepare; it is kept from who approved."""
    return frozenset({row.responsible}) if row.kind == SET else frozenset()


def _finding(row: Finding | FindingExtension) -> Finding:
    return row if isinstance(row, Finding) else row.finding


def _of_two(actor: Actor, row: Any, reached: Reach) -> bool:
    lender = row.grant.holder_user
    return actor.id in {row.delegate.pseudonym, lender.pseudonym if lender else ""}


def _their_own(actor: Actor, row: Any, reached: Reach) -> bool:
    return bool(row.user.pseudonym == actor.id)


def _asked_themselves(actor: Actor, row: Any, reached: Reach) -> bool:
    return row.requested_by == actor.id and reached.allows(P.GRANT_REQUEST, row)


STANDING: Mapping[str, Callable[[Any], frozenset[str]]] = {
    "author": lambda row: frozenset({row.drafted_by}),
    "requester": _requesters,
    "holder": _holders,
    "placer": lambda row: frozenset({row.placed_by}),
    "proposer": lambda row: frozenset({row.proposed_by}),
    "responsible": _responsible,
    "contributor": _contributors,
    "owner": _owners,
    "responder": lambda row: finding_bars.barred(row)["responder"],
    "finder": lambda row: frozenset({row.found_by}),
}
"""Relation -> who stands in it."""

_OWN: Mapping[tuple[str, str], Callable[[Actor, Any, Reach], bool]] = {
    ("grant", "refuse"): _asked_themselves,
    ("delegation", "revoke"): _of_two,
    ("passkey", "remove"): _their_own,
    ("absence", "cancel"): _their_own,
}
