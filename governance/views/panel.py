"""The shape of a panel: what one topic says on the page of a version or of another thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Panel:
    """`template` is given `panel` (this), the row, and `names` (pseudonym -> name, also of `people`)."""

    title: str
    template: str
    data: Mapping[str, Any]
    people: frozenset[str] = field(default=frozenset())
