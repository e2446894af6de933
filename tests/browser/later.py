"""The portal at a later moment: what gunicorn serves, with its clock as many seconds ahead as a file says.

The service has no switch for its time, nor shall it: this stands in for the database's answer in the test's own process.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from ledger import clock

AHEAD = Path(os.environ["TEST_CLOCK_AHEAD"])
_present = clock.now


def _later() -> datetime:
    return _present() + timedelta(seconds=float(AHEAD.read_text(encoding="ascii")))


clock.now = _later

from config.wsgi import application  # noqa: E402, F401  the clock first
