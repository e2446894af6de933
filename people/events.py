"""What can happen to people, identities, tokens, grants and keys, as the log names it."""

from __future__ import annotations

from ledger.catalogue import Event, register

USER_CREATED = Event("people.user_created", "Person added")
USER_CHANGED = Event("people.user_changed", "Person changed", data=("changed",))
USER_DEACTIVATED = Event("people.user_deactivated", "Person locked out")
USER_REACTIVATED = Event("people.user_reactivated", "Person let in again")
PASSWORD_CHANGED = Event("people.password_changed", "Password changed")
SECOND_FACTOR_SET = Event("people.second_factor_set", "Second factor set up")
SECOND_FACTOR_REMOVED = Event("people.second_factor_removed", "Second factor removed", data=("recovery",))
SIGNED_IN = Event("people.signed_in", "Signed in", data=("second_factor", "door"))
SIGNED_OUT = Event("people.signed_out", "Signed out")
SIGN_IN_FAILED = Event("people.sign_in_failed", "Sign-in failed", data=("reason",))
RECOVERY_REQUESTED = Event("people.recovery_requested", "Recovery requested", data=("what",))
RECOVERY_CONFIRMED = Event("people.recovery_confirmed", "Recovery confirmed", data=("what",))
RECOVERY_REFUSED = Event("people.recovery_refused", "Recovery refused", data=("what",))

ERASURE_REQUESTED = Event("people.erasure_requested", "Erasure requested", data=("person", "ground"))
ERASURE_DECIDED = Event("people.erasure_decided", "Erasure decided", data=("move", "from", "to", "person"))

IDENTITY_CREATED = Event("people.identity_created", "Service identity added")
IDENTITY_CHANGED = Event("people.identity_changed", "Service identity changed", data=("changed",))
TOKEN_ISSUED = Event("people.token_issued", "Token issued", data=("holder", "permissions"))
TOKEN_REVOKED = Event("people.token_revoked", "Token revoked", data=("holder",))

GRANT_REQUESTED = Event("people.grant_requested", "Grant requested", data=("holder", "role"))
GRANT_CONFIRMED = Event("people.grant_confirmed", "Grant confirmed", data=("holder", "role"))
GRANT_REFUSED = Event("people.grant_refused", "Grant refused", data=("holder", "role"))
GRANT_REVOKED = Event("people.grant_revoked", "Grant revoked", data=("holder", "role"), hidden=("why",))
GRANT_ENDED = Event("people.grant_ended", "Grant ended", data=("holder", "role"))

PASSKEY_ADDED = Event("people.passkey_added", "Passkey added")
PASSKEY_REMOVED = Event("people.passkey_removed", "Passkey removed", data=("recovery",))
PASSKEY_ERASED = Event("people.passkey_erased", "Passkey of an erased person emptied")

LINK_REQUESTED = Event("people.link_requested", "Link to the identity provider requested", data=("holder",))
LINK_CONFIRMED = Event("people.link_confirmed", "Link to the identity provider confirmed", data=("holder",))
LINK_REFUSED = Event("people.link_refused", "Link to the identity provider refused", data=("holder",))
LINK_ENDED = Event("people.link_ended", "Link to the identity provider ended", data=("holder",))
PROVIDER_LOGOUT = Event("people.provider_logout", "Ended by the identity provider", data=("sessions",))

WORKLOAD_REQUESTED = Event(
    "people.workload_requested", "Trust in a pipeline requested", data=("holder", "permissions", "claims")
)
WORKLOAD_CONFIRMED = Event("people.workload_confirmed", "Trust in a pipeline confirmed", data=("holder",))
WORKLOAD_REFUSED = Event("people.workload_refused", "Trust in a pipeline refused", data=("holder",))
WORKLOAD_REVOKED = Event("people.workload_revoked", "Trust in a pipeline revoked", data=("holder",))

DELEGATION_MADE = Event("people.delegation_made", "Role delegated", data=("delegator", "delegate", "role"))
DELEGATION_REVOKED = Event(
    "people.delegation_revoked", "Delegation revoked", data=("delegator", "delegate", "role")
)
DELEGATION_ENDED = Event(
    "people.delegation_ended", "Delegation ended", data=("delegator", "delegate", "role")
)
ACTED_FOR = Event("people.acted_for", "Done as delegate of another", data=("delegator", "role"))
ABSENCE_ANNOUNCED = Event("people.absence_announced", "Out of office announced")
ABSENCE_CANCELLED = Event("people.absence_cancelled", "Out of office cancelled")

BOOTSTRAPPED = Event("people.bootstrapped", "The beginning", data=("first", "second", "keys", "again"))

KEY_DISTRUSTED = Event(
    "people.key_distrusted",
    "What a key signed is no longer trusted",
    data=("purpose", "keyid", "revoked_from"),
    hidden=("reason",),
)

LIST_EXPORTED = Event(
    "people.list_exported", "List exported", data=("list", "format", "rows"), hidden=("filters",)
)

EVENTS = tuple(value for value in list(globals().values()) if isinstance(value, Event))

register(*EVENTS)

BY_NAME = {event.name: event for event in EVENTS}
"""What a transition of people.machines names -> the event that it records."""
