"""Whether the signature covers the model card and the component list, and whether both are recorded as they were signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modelwarrant import description, manifest
from modelwarrant.errors import Fault
from registry import storage
from registry.models import Binding, Version
from registry.selectors.contents import contents_of
from registry.selectors.signatures import Judgement


@dataclass(frozen=True, slots=True)
class Described:
    """`differs` holds one sentence for everything that is recorded otherwise than it was signed."""

    status: Literal["signed", "differs", "not-covered"]
    detail: str
    differs: tuple[str, ...] = ()


def described(version: Version, standing: Judgement) -> Described:
    """What the model's own signed description says of the card and components that are recorded.

    `standing` is what the version's signatures are worth (`signatures.standing`); nothing is covered by one that isn't
    valid.
    """
    files = contents_of(version).files
    row = next((item for item in files if item.path == description.FILE_NAME), None)
    if version.binding != Binding.BYTES or row is None:
        return Described(
            "not-covered", f"Not covered by the signature: the model holds no {description.FILE_NAME}."
        )
    if manifest.covers(standing.ignored, description.FILE_NAME):
        return Described(
            "not-covered", f"Not covered by the signature: it leaves {description.FILE_NAME} out."
        )
    try:
        signed = description.read(storage.read(row.blob_id, limit=description.MAX_BYTES))
    except (OSError, ValueError):
        return _differing([f"{description.FILE_NAME} can't be read from the store"])
    except Fault as fault:
        return _differing([f"{description.FILE_NAME} is no description: {fault.message}"])
    if differs := description.differences(signed, recorded(version)):
        return _differing(differs)
    if not standing.valid:
        return Described("not-covered", "As the model's own description says, under no valid signature.")
    count = len(signed.components)
    said = f"Card and {count} component{'' if count == 1 else 's'} are those that were signed with the model."
    return Described("signed", said)


def recorded(version: Version) -> description.Description:
    """Card and components as the record has them."""
    listed = (
        description.Component(row.kind, row.name, row.digest, row.size, row.licence, row.origin)
        for row in contents_of(version).components
    )
    card = {name: str(text) for name, text in version.card.items()}
    return description.Description(card, tuple(sorted(listed, key=lambda item: (item.kind, item.name))))


def _differing(differs: list[str]) -> Described:
    return Described("differs", f"Not as signed: {'; '.join(differs[:5])}.", tuple(differs))
