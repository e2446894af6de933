"""Where a run's counted parts are kept while others are counted, so that a worker that dies costs one part.

Files on this worker's disk, under a key of everything the counts follow from, with a MAC: what somebody else put there is
not read. Another worker that takes the run over counts anew what it doesn't have.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from ledger.actors import Actor
from monitoring.services.runs import run_progress

if TYPE_CHECKING:
    from monitoring.statistics.profiles import Profile

KEPT_SECONDS = 7 * 24 * 3600
_SALT = "monitoring.services.desks"
_READ = "monitoring.statistics.profiles.read"


class LeaseLost(Exception):
    """The run isn't ours any more: another worker has it, or somebody cancelled it."""


class RunDesk:
    """The desk (`profiling.Desk`) of one side of a claimed run. `key` is 64 hex digits."""

    def __init__(self, *, actor: Actor, run_id: UUID, token: UUID, side: str, key: str) -> None:
        self._actor, self._run_id, self._token, self._side, self._key = actor, run_id, token, side, key
        self._folder = _home() / key

    def kept(self, name: str) -> Profile | None:
        """What was kept under `name`; None if nothing was, or if it isn't as it was kept."""
        try:
            mac, _, text = (self._folder / name).read_text("utf-8").partition("\n")
            if hmac.compare_digest(mac, self._mac(name, text)):
                found: Profile = import_string(_READ)(text)
                return found
        except (OSError, ValueError):
            return None
        return None

    def keep(self, name: str, profile: Profile) -> None:
        """Keep it whole or not at all. A full disk costs the keeping, not the run."""
        text = profile.json()
        target = self._folder / name
        temporary = target.with_name(f".{name}.{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_text(f"{self._mac(name, text)}\n{text}", "utf-8")
            os.replace(temporary, target)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def told(self, done: int, of: int) -> None:
        """Say how far it is and keep the lease. Raises LeaseLost."""
        words = f"{self._side} data: {done} of {of} parts counted"
        if not run_progress(actor=self._actor, run_id=self._run_id, token=self._token, words=words):
            raise LeaseLost

    def _mac(self, name: str, text: str) -> str:
        return salted_hmac(_SALT, f"{self._key} {name} {text}", algorithm="sha256").hexdigest()


def desks_sweep() -> int:
    """Remove what was kept longer than a week ago; returns how many folders."""
    if not _home().is_dir():
        return 0
    old = [path for path in _home().iterdir() if path.stat().st_mtime < time.time() - KEPT_SECONDS]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return len(old)


def _home() -> Path:
    return Path(settings.MODELWARRANT_HOME) / "profiles"
