"""Replacing a small file so that whoever reads it after a power cut finds the old bytes or the new ones, never a mixture.

Whoever calls holds a lock on the file: two writers would share the name of the part.
"""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of `path` (mode 0600), durably once this returns. Raises OSError."""
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    # A crash before this line leaves the old bytes, after it the new ones.
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
