"""Where a run's counted parts are kept while others are counted, so that a worker that dies costs one part.

Files under MODELWARRANT_HOME, under a key of everything the counts follow from, with a MAC: what somebody else put there is
not read. Workers that have the folder together count parts of one file beside each other; another one that takes the run
over counts anew what it doesn't have.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from ledger.actors import Actor
from ledger.services.wakes import wake
from monitoring.services.parts import (
    PART_TASK,
    PARTS_TO_SHARE,
    Share,
    part_claim,
    part_finish,
    parts_holders,
    parts_offer,
    parts_standing,
)
from monitoring.services.runs import LEASE, run_progress

if TYPE_CHECKING:
    from monitoring.statistics.profiles import Profile

KEPT_SECONDS = 7 * 24 * 3600
LEAST_SECONDS = 30
"""A claim of a part lasts ten times as long as the first part took, and never less."""
PAUSE_SECONDS = 0.5
_SALT = "monitoring.services.desks"
_READ = "monitoring.statistics.profiles.read"


class LeaseLost(Exception):
    """The run isn't ours any more: another worker has it, or somebody cancelled it."""


class Folder:
    """What is kept of one counting, and nobody to tell of it (`profiling.Desk`). `key` is 64 hex digits."""

    def __init__(self, key: str) -> None:
        self._key = key
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
        temporary = target.with_name(f".{name}.{uuid4().hex}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_text(f"{self._mac(name, text)}\n{text}", "utf-8")
            os.replace(temporary, target)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def turns(self, of: int) -> Iterator[int]:
        """Parts in their order."""
        yield from range(of)

    def told(self, done: int, of: int) -> None:
        """Nobody asks."""

    def _mac(self, name: str, text: str) -> str:
        return salted_hmac(_SALT, f"{self._key} {name} {text}", algorithm="sha256").hexdigest()


class RunDesk(Folder):
    """The desk of one side of a claimed run, at which other workers may help. `like` is the digest of the profile on
    whose edges is counted."""

    def __init__(
        self, *, actor: Actor, run_id: UUID, token: UUID, side: str, key: str, like: str = ""
    ) -> None:
        super().__init__(key)
        self._actor, self._share = actor, Share(run_id, token, side, like)
        self._done, self._of, self._workers, self._counted = 0, 0, 1, False

    def keep(self, name: str, profile: Profile) -> None:
        """Keep it whole or not at all."""
        self._counted = True
        super().keep(name, profile)

    def turns(self, of: int) -> Iterator[int]:
        """All parts once. After the first that had to be counted, the others are shared with who comes to help."""
        numbers, took = iter(range(of)), 0.0
        if of >= PARTS_TO_SHARE:
            for number in numbers:
                began, self._counted = time.monotonic(), False
                yield number
                if self._counted:
                    took = time.monotonic() - began
                    break
        rest = list(numbers)
        if took and len(rest) > 1:
            yield from self._shared(rest, took)
        else:
            yield from rest

    def told(self, done: int, of: int) -> None:
        """Say how far it is and keep the lease. Raises LeaseLost."""
        self._done, self._of = done, of
        self._say()

    def _shared(self, numbers: Sequence[int], took: float) -> Iterator[int]:
        """Parts as others finish them, between parts that are claimed here."""
        actor, share, holder = self._actor, self._share, uuid4()
        seconds = min(max(LEAST_SECONDS, 10 * took), LEASE.total_seconds())
        parts_offer(actor=actor, share=share, numbers=numbers, seconds=int(seconds))
        out = set(numbers)
        while out:
            standing = parts_standing(share)
            self._workers = 1 + parts_holders(share)
            # A part whose row was lost is looked for on the desk too, and counted if it isn't there.
            for number in [number for number in numbers if number in out and standing.get(number, True)]:
                out.discard(number)
                yield number
            mine = part_claim(actor=actor, share=share, holder=holder, over=True) if out else None
            if mine is not None:
                out.discard(mine)
                yield mine
                part_finish(actor=actor, share=share, number=mine, holder=holder)
                wake(PART_TASK)  # the call before may have reached a worker that was busy
            elif out:
                self._say()
                time.sleep(PAUSE_SECONDS)

    def _say(self) -> None:
        words = f"{self._share.side} data: {self._done} of {self._of} parts counted"
        if self._workers > 1:
            words += f", {self._workers} workers"
        share = self._share
        if not run_progress(actor=self._actor, run_id=share.run_id, token=share.token, words=words):
            raise LeaseLost


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
