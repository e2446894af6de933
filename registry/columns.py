"""The columns of an inventory file: what each means, what headers usually call it, what stands there if it is empty.

Pure. The page that maps columns, the dry run, the importer and the guide all read this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """`required` columns need a cell in every row; `of_new` ones where the row's system isn't there yet."""

    name: str
    title: str
    help: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    of_new: bool = False
    default: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("system", "System", "Name of the system or use case; rows with one name belong together.",
           ("system name", "use case", "application", "business process"), required=True),
    Column("model", "Model", "Name of the model, once in its system.", ("model name", "name", "tool"), required=True),
    Column("task", "Task", "What it does: classification, regression, generation.",
           ("model type", "type", "method"), required=True),
    Column("owner", "Owner's e-mail", "E-mail address of a person who is known here.",
           ("owner", "model owner", "owner email", "e-mail", "email", "responsible"), of_new=True),
    Column("tier", "Risk tier", "low, medium or high: a claim until a tiering is confirmed.",
           ("risk", "risk rating", "materiality", "risk class", "tier"), of_new=True),
    Column("purpose", "Purpose", "What the system is for.",
           ("description", "intended use", "use", "business purpose"), of_new=True),
    Column("affected_people", "Affected people", "Whom its answers are about.",
           ("affected", "people", "customers", "population"), of_new=True),
    Column("legal_entity", "Legal entity", "Who answers for it in law.", ("entity", "company", "legal"), of_new=True),
    Column("ai_act_class", "EU AI Act class", "prohibited, high, limited, minimal or unclassified.",
           ("ai act", "eu ai act", "act class"), default="unclassified"),
    Column("on_void", "When a warrant is void", "keep, fallback or stop.", ("on void",), default="keep"),
    Column("fallback", "Fallback", "What it falls back to, if it does.", ("fall back",)),
    Column("kind", "Kind of model", "For example gradient boosting, spreadsheet, vendor API.",
           ("model kind", "technology", "algorithm")),
    Column("vendor", "Vendor", "Who makes it; the legal entity if it is your own.", ("supplier", "provider", "maker"),
           ),
    Column("version", "Version in use", "What is in use now, as its maker calls it.",
           ("model version", "release", "version"), default="not stated"),
    Column("contract", "Contract", "Contract or terms it is used under.", ("agreement", "terms")),
    Column("probe_set_digest", "Digest of the probe set", "SHA-256 of the inputs that would show a silent change.",
           ("probe set", "probes")),
    Column("image_digest", "Image digest", "sha256:… of the container image, where one runs.",
           ("container digest", "image", "container")),
)  # fmt: skip
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
OF_SYSTEM, OF_MODEL = "system-field:", "model-field:"
"""Before the name of an organisation's own field, where a column is mapped to one."""


def guess(header: Iterable[str], own: Mapping[str, str]) -> dict[str, str]:
    """Header -> target, where a name says what it is; each target at most once. `own` is target -> title of the
    organisation's own fields."""
    words = {
        _plain(name): target for target, title in own.items() for name in (title, target.partition(":")[2])
    }
    for column in COLUMNS:
        words |= {_plain(alias): column.name for alias in column.aliases}
    for column in COLUMNS:
        words |= {_plain(column.title): column.name, _plain(column.name): column.name}
    found: dict[str, str] = {}
    for cell in header:
        target = words.get(_plain(cell), "")
        if target and target not in found.values():
            found[cell] = target
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
