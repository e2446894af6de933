"""Tables of the ledger, by what they are for."""

from ledger.models.governed import Governed
from ledger.models.keys import KeyRecord
from ledger.models.log import Checkpoint, Cosignature, Entry, Leaf, Log, Pending, Tile
from ledger.models.outside import Anchored, OutsideContact
from ledger.models.personal import PersonalText, PersonKey
from ledger.models.queues import DenialWindow, IdempotencyKey, LedgerAudit, OutboxMessage

__all__ = [
    "Anchored",
    "Checkpoint",
    "Cosignature",
    "DenialWindow",
    "Entry",
    "Governed",
    "IdempotencyKey",
    "KeyRecord",
    "Leaf",
    "LedgerAudit",
    "Log",
    "OutboxMessage",
    "OutsideContact",
    "Pending",
    "PersonKey",
    "PersonalText",
    "Tile",
]
