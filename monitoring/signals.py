"""What monitoring says to the apps above, inside the transaction of the change.

A receiver that raises undoes the change: what it does belongs to it.
"""

from __future__ import annotations

from django.dispatch import Signal

breach_opened = Signal()
"""A monitored criterion was not met. Keyword argument: `breach` (Breach)."""
