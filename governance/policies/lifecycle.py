"""What a policy may say about a model's life beside its checks; each section is optional and left out it allows nothing.

Pure. `PolicyDocument` carries one value of each; their defaults are what holds for a policy that is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Conditions:
    """Approvals under a condition that must be met within `max_days`."""

    allowed: bool = False
    max_days: int = 30


@dataclass(frozen=True, slots=True)
class Findings:
    """Severities of open findings that stop an approval, and the days each severity has until it must be closed."""

    blocking: tuple[str, ...] = ("critical", "high")
    critical_days: int = 14
    high_days: int = 30
    medium_days: int = 90
    low_days: int = 180


@dataclass(frozen=True, slots=True)
class Rollback:
    """For how many days a version that ran before may come back without a new approval (0: never), and how often the
    way back is tried (0: nobody asks)."""

    window_days: int = 0
    drill_days: int = 0


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Running without approval in an emergency: who agrees as second person, for how long at most, and within how many
    days it is approved afterwards or reversed."""

    allowed: bool = False
    role: str = "accountable-executive"
    max_hours: int = 24
    review_days: int = 3


@dataclass(frozen=True, slots=True)
class Recertification:
    """Renewal of a warrant: the checks that must hold again (none named: those of the approval) and who decides."""

    checks: tuple[str, ...] = ()
    role: str = "risk-reviewer"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Days that a model which ran before we came has until it needs a warrant; 0: the table of the registry."""

    due_days: int = 0


@dataclass(frozen=True, slots=True)
class Retraining:
    """Whether a retrained model may take the light path, and how much worse its metrics may be for that."""

    light: bool = False
    margin: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Days a decision may be late before it is put to `role`; 0: never."""

    after_days: int = 0
    role: str = "accountable-executive"


@dataclass(frozen=True, slots=True)
class SmallTeam:
    """Within how many days an independent person may review afterwards instead of before (low tier only; 0: never)."""

    independent_afterwards_days: int = 0


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary must have shown before a version goes live: days under real load, and checks on its data."""

    min_days: int = 0
    checks: tuple[str, ...] = ()
