"""What the story needs of the study without loading scikit-learn itself: candidates, schema, digests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Trained:
    """The candidates in order, and the declared columns of every data file."""

    candidates: tuple[Any, ...]
    schema: list[dict[str, Any]]

    def __getitem__(self, index: int) -> Any:
        return self.candidates[index]

    def digest(self, path: Path) -> str:
        """Hexadecimal SHA-256 of a file."""
        return hashlib.sha256(path.read_bytes()).hexdigest()
