"""`modelwarrant.json`: the model card and the component list as a file of the model, so that its signature covers them.

The file lies at the root of the model directory and is signed like every other file of it. What fields a card must have
and what kinds of components there are is not known here. docs/formats/description.md is the format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from modelwarrant import canonical
from modelwarrant.envelope import hex_sha256, members
from modelwarrant.errors import Fault

FILE_NAME: Final = "modelwarrant.json"
FORMAT: Final = "modelwarrant/description/v1"
MAX_BYTES: Final = 2**20

_TEXTS: Final = ("digest", "kind", "licence", "name", "origin")


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One line of the bill of materials. `digest` is hex SHA-256 or empty, `size` in bytes or None."""

    kind: str
    name: str
    digest: str = ""
    size: int | None = None
    licence: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """`card` is field -> text; `components` are sorted by kind and name, no pair of which comes twice."""

    card: Mapping[str, str]
    components: tuple[Component, ...]


def build(card: Mapping[str, str], components: Iterable[Component] = ()) -> bytes:
    """The file's bytes, ending with a newline. Raises ValueError naming what can't be written."""
    listed = sorted(components, key=lambda item: (item.kind, item.name))
    value = {"card": dict(card), "components": [asdict(item) for item in listed], "format": FORMAT}
    data = canonical.encode(value, max_bytes=MAX_BYTES - 1) + b"\n"
    try:
        read(data)
    except Fault as fault:
        raise ValueError(fault.message) from fault
    return data


def read(data: bytes) -> Description:
    """What the file says. Raises Fault("malformed") for everything that `build` would not have written."""
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"a description has at most {MAX_BYTES:,} bytes")
    if not data.endswith(b"\n"):
        raise Fault("malformed", "a description ends with a newline")
    value = canonical.decode(data[:-1])
    members(value, "description", required=("card", "components", "format"))
    if value["format"] != FORMAT:
        raise Fault("malformed", f"format is {value['format']!r}, not {FORMAT!r}")
    card, listed = value["card"], value["components"]
    if not isinstance(card, dict) or not all(isinstance(text, str) for text in card.values()):
        raise Fault("malformed", "card is not an object of texts")
    if not isinstance(listed, list):
        raise Fault("malformed", "components is not an array")
    components = tuple(_component(item, f"components[{place}]") for place, item in enumerate(listed))
    names = [(item.kind, item.name) for item in components]
    if names != sorted(set(names)):
        raise Fault("malformed", "components are not sorted by kind and name, each once")
    return Description(card, components)


def differences(signed: Description, recorded: Description) -> list[str]:
    """One sentence for each card field and component that isn't the same in both.

    Space around a text doesn't count, and a blank card field counts as none.
    """
    found = []
    ours, theirs = (
        {name: text.strip() for name, text in said.card.items() if text.strip()}
        for said in (signed, recorded)
    )
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            found.append(f"card field '{name}' {_how(name in ours, name in theirs)}")
    mine, yours = (
        {(item.kind, item.name.strip()): _plain(item) for item in said.components}
        for said in (signed, recorded)
    )
    for kind, name in sorted({*mine, *yours}):
        if mine.get((kind, name)) != yours.get((kind, name)):
            found.append(f"component '{name}' ({kind}) {_how((kind, name) in mine, (kind, name) in yours)}")
    return found


def _plain(item: Component) -> Component:
    return replace(item, name=item.name.strip(), licence=item.licence.strip(), origin=item.origin.strip())


def _how(signed: bool, recorded: bool) -> str:
    if signed and recorded:
        return "is recorded otherwise than it was signed"
    return "was signed and isn't recorded" if signed else "is recorded and wasn't signed"


def _component(item: Any, where: str) -> Component:
    members(item, where, required=(*_TEXTS, "size"))
    if not all(isinstance(item[name], str) for name in _TEXTS):
        raise Fault("malformed", f"{where}: {', '.join(_TEXTS)} are texts")
    if not item["kind"] or not item["name"]:
        raise Fault("malformed", f"{where} has no kind or no name")
    if item["digest"]:
        hex_sha256(item["digest"], f"{where}: digest")
    size = item["size"]
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise Fault("malformed", f"{where}: size is not a whole number of bytes or null")
    return Component(**item)
