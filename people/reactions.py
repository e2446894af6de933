"""What people deliver of what the outbox holds."""

from __future__ import annotations

from ledger.services import outbox
from people.services import notices

outbox.register(notices.CHANNEL, notices.deliver)
