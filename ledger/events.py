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

register(DENIED, DENIALS_COUNTED, KEY_CREATED, KEY_IMPORTED, KEY_MOVED)
