"""Every gate name that a machine may use, here or in the apps below, with its title.

Most are functions of the table; those of a deployment are answered by its warrant and its reports, in the transaction
of the report.
"""

from __future__ import annotations

from collections.abc import Mapping

from governance.gates.table import GATES as TABLE

GATES: Mapping[str, str] = {
    **{gate.name: gate.title for gate in TABLE.values()},
    "warrant-issued": "Warrant issued",
    "warrant-active": "Warrant active",
    "canary-shown": "Canary shown",
}
