"""The moves of grants, tokens, recoveries and erasures."""

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

MACHINES = (GRANT, TOKEN, RECOVERY, ERASURE)
