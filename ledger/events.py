"""What the ledger itself records."""

from __future__ import annotations

from ledger.catalogue import Event, register

DENIED = Event(
    "ledger.denied",
    "Denied",
    data=("permission", "code", "reason", "door", "gates"),
)
DENIALS_COUNTED = Event(
    "ledger.denials_counted",
    "Further denials counted",
    data=("permission", "count", "since"),
)
KEY_CREATED = Event("ledger.key_created", "Key created")
KEY_IMPORTED = Event("ledger.key_imported", "Public key imported")
KEY_MOVED = Event("ledger.key_moved", "Key moved", data=("move", "from", "to"))

KEY_END_SET = Event("ledger.key_end_set", "End of a key set")
LOG_ENDED = Event("ledger.log_ended", "Log ended", data=("successor", "confirmed_by"), hidden=("reason",))
LOG_STARTED = Event(
    "ledger.log_started",
    "Log started after another",
    data=("predecessor", "signed", "held", "sound", "confirmed_by"),
    hidden=("reason",),
)

PERSON_ERASED = Event("ledger.person_erased", "Person erased", data=("person", "texts", "digest"))

register(
    DENIED,
    DENIALS_COUNTED,
    KEY_CREATED,
    KEY_IMPORTED,
    KEY_MOVED,
    KEY_END_SET,
    LOG_ENDED,
    LOG_STARTED,
    PERSON_ERASED,
)
