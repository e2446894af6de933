"""The life of a key, as a table. Permissions are words of `people`; nothing of it is imported here."""

from __future__ import annotations

from modelwarrant.machine import Machine, State, Transition

NOT_BY = ("requester",)
"""Relations that bar a person here: who asked for it."""

KEY = Machine(
    name="key",
    title="Key",
    states=(
        State("requested", "Requested", kind="initial"),
        State("active", "Active"),
        State("retired", "Retired"),
        State("revoked", "Revoked", kind="final"),
    ),
    transitions=(
        Transition(
            "activate",
            ("requested",),
            "active",
            "Activate",
            permission="people.key.confirm",
            not_by=("requester",),
            event="ledger.key_moved",
            consequence="What it signs is trusted from now on.",
        ),
        Transition(
            "retire",
            ("active",),
            "retired",
            "Retire",
            permission="people.key.revoke",
            event="ledger.key_moved",
            consequence="It signs nothing more; what it signed stays valid.",
        ),
        Transition(
            "revoke",
            ("requested", "active", "retired"),
            "revoked",
            "Revoke",
            permission="people.key.revoke",
            event="ledger.key_moved",
            consequence="What it signed from the named place in the log on is no longer trusted.",
        ),
    ),
)

MACHINES = (KEY,)
