"""Errors of runs by their code: a name, and what to do. Pure. What exactly is wrong stands in the run's own text."""

from __future__ import annotations

from typing import Final

_DATA = "Mend the data at the place named, register or report them again, and run the check again."
_ROLES = "Correct the declared columns of the dataset version, and run the check again."
_SETTINGS = "Correct the check's parameters or bounds in the policy or the monitor, and run the check again."

ADVICE: Final[dict[str, tuple[str, str]]] = {
    "cancelled": ("Cancelled", "Request the check again if the result is needed."),
    "interrupted": (
        "No worker finished it",
        "Ask the operator whether the checks worker runs and has memory enough, then request the check again.",
    ),
    "integrity": (
        "Stored bytes are not those recorded",
        "Do not run it again. Tell the operator: a stored file is missing or was changed, which is an incident.",
    ),
    "fault": (
        "A fault of the check itself",
        "Tell the operator, who finds the details in the worker's log. Running it again gives the same.",
    ),
    "unknown-check": ("No such check", _SETTINGS),
    "missing-reference": (
        "No data to compare with",
        "Declare reference data of the version, and run the check again.",
    ),
    "no-history": ("No history", "This check belongs to a monitor of a deployment; add it there."),
    "no-data": ("No data", "Declare the data of the version, and run the check again."),
    "missing-column": ("A column has no part", _ROLES),
    "unknown-column": ("A column is not there", _ROLES),
    "not-binary": ("More than two classes", _ROLES),
    "one-value": ("Only one class", _DATA),
    "positive": ("The positive class is not there", _ROLES),
    "sensitive": ("A sensitive attribute can't be read", _ROLES),
    "confusable-groups": (
        "Groups that look alike",
        "Spell each group one way in the data, and run the check again.",
    ),
    "too-many-groups": ("Too many groups", "Cut or group the attribute, and run the check again."),
    "reference-group": ("The reference group is not there", _SETTINGS),
    "parameter": ("A parameter can't be meant", _SETTINGS),
    "contract": ("The contract can't be read", _SETTINGS),
    "no-contract": ("No contract", "Declare the columns of the dataset version, and run the check again."),
    "threshold": ("A bound can't be meant", _SETTINGS),
    "duplicate-id": ("Ids that are not unique", _DATA),
    "label-conflict": ("Two labels for one row", "Report the labels again, one for each row."),
    "too-large": ("Too large a file", "Ask the operator for a higher limit, or report the data in parts."),
    "too-many-rows": ("Too many rows", "Ask the operator for a higher limit, or report the data in parts."),
    "too-many-columns": (
        "Too many columns",
        "Leave out columns that no check needs, and report the data again.",
    ),
}


def advice(code: str) -> tuple[str, str]:
    """Name of the error and what to do about it."""
    return ADVICE.get(code, ("The data can't be read as they are declared", _DATA))
