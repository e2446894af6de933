"""The moves of grants, delegations, credentials, recoveries and erasures."""

from __future__ import annotations

from modelwarrant.machine import Machine, State, Transition
from people.catalogue import P

NOT_BY = ("requester", "holder")
"""Relations that bar a person here: who asked for it, and whom (or whose service) it is for."""

GRANT = Machine(
    "grant",
    "Grant",
    (
        State("requested", "Requested", "initial"),
        State("active", "Active"),
        State("refused", "Refused", "final"),
        State("revoked", "Revoked", "final"),
        State("ended", "Ended", "final"),
    ),
    (
        Transition(
            "confirm",
            ("requested",),
            "active",
            "Confirm",
            P.GRANT_CONFIRM,
            not_by=("requester", "holder"),
            event="people.grant_confirmed",
            consequence="The holder has the role from its start date on.",
        ),
        Transition(
            "refuse",
            ("requested",),
            "refused",
            "Refuse",
            P.GRANT_CONFIRM,
            event="people.grant_refused",
            consequence="Nobody gets the role; a new request is needed.",
        ),
        Transition(
            "revoke",
            ("active",),
            "revoked",
            "Revoke",
            P.GRANT_REVOKE,
            event="people.grant_revoked",
            consequence="The role is gone with the holder's next request; pending approvals given in it "
            "stop counting.",
        ),
        Transition(
            "end",
            ("active",),
            "ended",
            "Record the end",
            P.GRANT_END,
            event="people.grant_ended",
            consequence="Records that the end date has passed; the right ended with the date.",
        ),
    ),
)

TOKEN = Machine(
    "token",
    "Token",
    (State("active", "Active", "initial"), State("revoked", "Revoked", "final")),
    (
        Transition(
            "revoke",
            ("active",),
            "revoked",
            "Revoke",
            P.TOKEN_REVOKE,
            event="people.token_revoked",
            consequence="The next request with this token is refused.",
        ),
    ),
)

RECOVERY = Machine(
    "recovery",
    "Recovery",
    (
        State("requested", "Requested", "initial"),
        State("done", "Done", "final"),
        State("refused", "Refused", "final"),
    ),
    (
        Transition(
            "confirm",
            ("requested",),
            "done",
            "Confirm",
            P.GRANT_CONFIRM,
            not_by=("requester", "holder"),
            event="people.recovery_confirmed",
            consequence="Old sessions end. A new password is shown once, to you, to be handed over in "
            "person.",
        ),
        Transition(
            "refuse",
            ("requested",),
            "refused",
            "Refuse",
            P.GRANT_CONFIRM,
            event="people.recovery_refused",
        ),
    ),
)

ERASURE = Machine(
    "erasure",
    "Erasure",
    (
        State("requested", "Requested", "initial"),
        State("done", "Done", "final"),
        State("refused", "Refused", "final"),
    ),
    (
        Transition(
            "confirm",
            ("requested",),
            "done",
            "Erase",
            P.GRANT_CONFIRM,
            not_by=("requester", "holder"),
            event="people.erasure_decided",
            consequence="Name, address and every text this person wrote are destroyed, for good. The log keeps the "
            "pseudonym and every proof.",
        ),
        Transition(
            "refuse",
            ("requested",),
            "refused",
            "Refuse",
            P.GRANT_CONFIRM,
            event="people.erasure_decided",
        ),
    ),
)

PASSKEY = Machine(
    "passkey",
    "Passkey",
    (State("active", "Active", "initial"), State("removed", "Removed", "final")),
    (
        Transition(
            "remove",
            ("active",),
            "removed",
            "Remove",
            P.PEOPLE_EDIT,
            event="people.passkey_removed",
            consequence="It signs nobody in any more; sessions begun with it end with their next request.",
        ),
    ),
)

IDENTITY_LINK = Machine(
    "identity-link",
    "Link to the identity provider",
    (
        State("requested", "Requested", "initial"),
        State("active", "Active"),
        State("refused", "Refused", "final"),
        State("ended", "Ended", "final"),
    ),
    (
        Transition(
            "confirm",
            ("requested",),
            "active",
            "Confirm",
            P.GRANT_CONFIRM,
            not_by=("requester", "holder"),
            event="people.link_confirmed",
            consequence="Whoever the provider knows by this subject signs in as this person.",
        ),
        Transition(
            "refuse",
            ("requested",),
            "refused",
            "Refuse",
            P.GRANT_CONFIRM,
            event="people.link_refused",
        ),
        Transition(
            "end",
            ("active",),
            "ended",
            "End",
            P.GRANT_REVOKE,
            event="people.link_ended",
            consequence="The provider signs this person in no more; sessions it began end with their next request.",
        ),
    ),
)

WORKLOAD_TRUST = Machine(
    "workload-trust",
    "Trusted pipeline",
    (
        State("requested", "Requested", "initial"),
        State("active", "Active"),
        State("refused", "Refused", "final"),
        State("revoked", "Revoked", "final"),
    ),
    (
        Transition(
            "confirm",
            ("requested",),
            "active",
            "Confirm",
            P.GRANT_CONFIRM,
            not_by=("requester", "holder"),
            event="people.workload_confirmed",
            consequence="Jobs with exactly these claims act as the service identity until the end date.",
        ),
        Transition(
            "refuse",
            ("requested",),
            "refused",
            "Refuse",
            P.GRANT_CONFIRM,
            event="people.workload_refused",
        ),
        Transition(
            "revoke",
            ("active",),
            "revoked",
            "Revoke",
            P.TOKEN_REVOKE,
            event="people.workload_revoked",
            consequence="The next request of these jobs is refused.",
        ),
    ),
)

DELEGATION = Machine(
    "delegation",
    "Delegation",
    (
        State("active", "Active", "initial"),
        State("revoked", "Revoked", "final"),
        State("ended", "Ended", "final"),
    ),
    (
        Transition(
            "revoke",
            ("active",),
            "revoked",
            "Revoke",
            P.GRANT_REVOKE,
            event="people.delegation_revoked",
            consequence="The right is gone with the delegate's next request; pending approvals given in it stop "
            "counting.",
        ),
        Transition(
            "end",
            ("active",),
            "ended",
            "Record the end",
            P.GRANT_END,
            event="people.delegation_ended",
            consequence="Records that the end date has passed; the right ended with the date.",
        ),
    ),
)

ABSENCE = Machine(
    "absence",
    "Absence",
    (State("active", "Announced", "initial"), State("cancelled", "Cancelled", "final")),
    (
        Transition(
            "cancel",
            ("active",),
            "cancelled",
            "Cancel",
            P.PEOPLE_EDIT,
            event="people.absence_cancelled",
            consequence="Notices go to this person alone again.",
        ),
    ),
)

MACHINES = (
    GRANT,
    TOKEN,
    RECOVERY,
    ERASURE,
    PASSKEY,
    IDENTITY_LINK,
    WORKLOAD_TRUST,
    DELEGATION,
    ABSENCE,
)
