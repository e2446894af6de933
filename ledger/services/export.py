"""The log as files that strangers verify: C2SP tlog-tiles, up to the newest checkpoint.

An export goes into a folder of its own and nowhere else: never over something, never through a link,
never into code, static files or the folders where keys are.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from ledger import selectors, tree
from ledger.actors import Actor
from ledger.errors import IntegrityFault, Invalid, Unavailable
from ledger.models import Checkpoint, Log
from modelwarrant import tiles

FILE_MODE = 0o644
FOLDER_MODE = 0o755


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and where."""

    path: Path
    origin: str
    size: int
    root: bytes
    chain: bytes


def export_log(*, actor: Actor, target: Path, number: int | None = None) -> Exported:
    """Write the present log, or the one with this number, as far as it is published, to `target`: a new or an empty
    folder.

    Written beside its place and renamed, so that it is there whole or not at all. Raises Invalid
    (`target`), Unavailable when nothing is published, IntegrityFault when the stored entries are not those
    that were signed.
    """
    folder = _require_safe(target)
    checkpoint = selectors.latest_checkpoint(number)
    if checkpoint is None:
        raise Unavailable("Nothing is published yet: no checkpoint has been signed.", code="not-published")
    log = Log.objects.get(number=checkpoint.log)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.part")
    _make_folder(part)
    try:
        _write(part, log, checkpoint)
        part.rename(folder)  # replaces an empty folder, refuses any other
    except OSError as error:
        raise Invalid(f"{folder} can't be written: {error.strerror}", field="target") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Exported(folder, log.origin, checkpoint.size, bytes(checkpoint.root), bytes(checkpoint.chain))


def _write(part: Path, log: Log, checkpoint: Checkpoint) -> None:
    def put(path: str, data: bytes) -> None:
        file = part / path
        for folder in reversed(file.relative_to(part).parents[:-1]):
            _make_folder(part / folder)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        with open(handle, "wb") as stream:
            stream.write(data)
            os.fchmod(handle, FILE_MODE)

    try:
        tiles.write_export(put, _entries(log, checkpoint.size), selectors.cosigned_note(checkpoint))
    except ValueError as error:
        raise IntegrityFault(f"The log can't be exported: {error}. Run `manage.py ledger_audit`.") from error


def _entries(log: Log, size: int) -> Iterator[bytes]:
    for expected, (index, entry_id, stored) in enumerate(tree.entries(log, 0, size)):
        if index != expected:
            raise ValueError(f"entry {expected} is missing before {entry_id} at {index}")
        yield stored


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        folder.chmod(FOLDER_MODE)  # whatever the umask


def _require_safe(target: Path) -> Path:
    """The absolute path of a place that an export may take. Raises Invalid saying why not."""

    def refuse(why: str) -> Invalid:
        return Invalid(f"{target} {why}; give a new or empty folder", field="target")

    if target.is_symlink():
        raise refuse("is a symbolic link")
    parent = target.absolute().parent
    if not target.name or target.name == ".." or not parent.is_dir():
        raise refuse("has no parent folder" if target.name else "is no name of a folder")
    place = parent.resolve() / target.name
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise refuse("is there and not empty" if place.is_dir() else "is a file")
    for taken in _taken_folders():
        if place.is_relative_to(taken):
            raise refuse(f"lies in {taken}, which holds something else")
    return place


def _taken_folders() -> Iterator[Path]:
    code = [Path(config.path) for config in apps.get_app_configs()]
    yield from {path.resolve() for path in code}
    yield Path(tiles.__file__).resolve().parent
    static = [settings.STATIC_ROOT, *settings.STATICFILES_DIRS]
    engines: list[Any] = settings.TEMPLATES
    templates = [folder for engine in engines for folder in engine.get("DIRS", [])]
    for folder in [*static, *templates]:
        if folder:
            yield Path(folder).resolve()
    base = Path(settings.BASE_DIR).resolve()
    yield from (base / name for name in (".git", ".venv", "config", "tests", "docs", "requirements"))
    home = Path(settings.MODELWARRANT_HOME).resolve()
    yield from (home / name for name in ("keys", "signer", "artifacts", "media", "broker"))
