"""What people say to the apps above, inside the transaction of the change.

A receiver that raises undoes the change: what it does belongs to it.
"""

from __future__ import annotations

from django.dispatch import Signal

key_revoked = Signal()
"""A key was revoked. Keyword arguments: `actor` (Actor), `key` (ledger.models.KeyRecord)."""

key_resting = Signal()
"""Asked before a key is revoked: what rests on it? Keyword argument: `key`. A receiver answers with
(what, how many) pairs."""

evidence_opened = Signal()
"""Somebody opened a page or file that a decision may rest on. Keyword arguments: `actor` (Actor), `version`
(registry.models.Version), `what` ("run" or "report"), `about` (UUID). Sent by doors, outside of transactions."""
