"""What a check hands back: results, one verdict, and everything needed to repeat it.

Light: the standard library alone. An outcome renders to JSON that any parser reads (what is not finite becomes
null), and its digest covers the figures but not who ran it or when.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.statistics.verdicts import Threshold, Verdict, worst

OUTCOME_VERSION = 1


def plain(value: Any) -> Any:
    """JSON values alone: NaN and infinities become null, numpy scalars Python's, mappings keyed by text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return str(value) if isinstance(value, str) else value
    raise TypeError(f"{type(value).__name__} has no place in a result")


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement.

    `slice` names the rows it was made on (`{}` is all of them, `{"sex": "Female"}` one group,
    `{"by": "sex"}` a comparison of the groups of an attribute); `low` and `high` are its two-sided 95 % interval
    where it has one; `n` the rows it rests on; `verdict` is None where nobody set a threshold.
    """

    metric: str
    slice: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    verdict: Verdict | None
    threshold: Threshold | None
    why: str
    method: str
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        rendered: dict[str, Any] = plain(
            {
                "metric": self.metric,
                "slice": self.slice,
                "value": self.value,
                "low": self.low,
                "high": self.high,
                "n": self.n,
                "unit": self.unit,
                "verdict": self.verdict,
                "threshold": self.threshold.as_dict() if self.threshold else None,
                "why": self.why,
                "method": self.method,
                "details": self.details,
            }
        )
        return rendered


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """All results of one check on named inputs.

    `inputs` states rows and columns of each dataset (and digests, which the caller knows); `tables` holds the
    counts behind the charts: name -> {"columns": [...], "rows": [[...]]}.
    """

    check: str
    results: tuple[Result, ...]
    summary: str
    warnings: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    tables: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the judged results; with nothing judged, inconclusive."""
        return worst(result.verdict for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        rendered: dict[str, Any] = plain(
            {
                "version": OUTCOME_VERSION,
                "check": self.check,
                "verdict": self.verdict,
                "summary": self.summary,
                "warnings": self.warnings,
                "results": [result.as_dict() for result in self.results],
                "inputs": self.inputs,
                "parameters": self.parameters,
                "libraries": self.libraries,
                "seed": self.seed,
                "tables": self.tables,
            }
        )
        return rendered

    def json(self) -> str:
        """The outcome's only text: sorted keys, no spaces, shortest float that reads back the same."""
        return json.dumps(
            self.as_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the outcome's text in UTF-8."""
        return "sha256:" + hashlib.sha256(self.json().encode("utf-8", "surrogatepass")).hexdigest()
