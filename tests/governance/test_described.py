"""Card and components are what was signed with the model, or nothing is submitted and nothing approved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance.services.versions import version_submit
from ledger.errors import Refused
from modelwarrant import description, keys, oms
from registry.models import Version
from registry.selectors import signatures
from registry.selectors.described import described
from registry.selectors.versions import version_by_id
from registry.services.artifacts import artifact_attach
from registry.services.components import component_set
from registry.services.signatures import signature_add
from registry.services.versions import version_edit
from tests.portal.test_pages import signed_in

pytestmark = [pytest.mark.slow, pytest.mark.once]
WEIGHTS = description.Component("weights", "weights.bin", licence="MIT")


def carrying(world: Any, tmp_path: Path, data: bytes, *, ignored: tuple[str, ...] = ()) -> Version:
    """A draft whose model holds `data` as its description, under a signature of its own."""
    version = world.draft()
    files = {"weights.bin": b"weights", "config.json": b"{}", description.FILE_NAME: data}
    given: dict[str, Any] = {}
    folder = tmp_path / "signed"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        given[name] = world.upload("artifact", content, name, model_id=world.model.pk).pk
    artifact_attach(actor=world.ci, version_id=version.pk, files=given)
    bundle = oms.sign_model(folder, keys.LocalSigner(world.private), ignored=ignored)
    signature_add(actor=world.ci, version_id=version.pk, bundle=bundle)
    return version_by_id(version.pk)


def status(version: Version) -> str:
    return described(version, signatures.standing(version)).status


def submit(world: Any, version: Version) -> str:
    """The codes of what keeps it from being submitted; empty if it was."""
    try:
        version_submit(actor=world["developer"], version_id=version.pk)
    except Refused as error:
        return " ".join(sorted({reason["code"] for reason in error.reasons}))
    return ""


def test_what_is_recorded_as_signed_goes_on(world: Any, tmp_path: Path) -> None:
    version = carrying(world, tmp_path, description.build(world.draft().card, [WEIGHTS]))
    assert status(version) == "signed"
    page = signed_in(world, "owner").get(f"/versions/{version.pk}/").content.decode()
    assert "Card and 1 component are those that were signed with the model." in page
    assert submit(world, version) == ""


def test_a_card_changed_after_signing_is_refused_by_name(world: Any, tmp_path: Path) -> None:
    version = carrying(world, tmp_path, description.build(world.draft().card, [WEIGHTS]))
    version_edit(
        actor=world["developer"],
        version_id=version.pk,
        changes={"card": {**version.card, "not_for": "Nothing."}},
    )
    component_set(actor=world["developer"], version_id=version.pk, kind="tool", name="search")
    version = version_by_id(version.pk)
    found = described(version, signatures.standing(version))
    assert found.differs == (
        "card field 'not_for' is recorded otherwise than it was signed",
        "component 'search' (tool) is recorded and wasn't signed",
    )
    assert submit(world, version) == "description-differs"
    page = signed_in(world, "owner").get(f"/versions/{version.pk}/").content.decode()
    assert "Not as signed" in page


@pytest.mark.parametrize("data", [b"{}", b"\x80\x04.", b'{"card": {}}\n'])
def test_a_description_that_cannot_be_read_is_refused(world: Any, tmp_path: Path, data: bytes) -> None:
    version = carrying(world, tmp_path, data)
    assert status(version) == "differs"
    assert submit(world, version) == "description-differs"


def test_without_one_the_page_and_the_gate_say_so(world: Any, tmp_path: Path) -> None:
    version = world.draft()
    assert status(version) == "not-covered"
    page = signed_in(world, "owner").get(f"/versions/{version.pk}/").content.decode()
    assert "Not covered by the signature: the model holds no modelwarrant.json." in page
    assert submit(world, version) == ""


def test_one_that_the_signature_leaves_out_covers_nothing(world: Any, tmp_path: Path) -> None:
    data = description.build(world.draft().card, [WEIGHTS])
    version = carrying(world, tmp_path, data, ignored=(description.FILE_NAME,))
    assert status(version) == "not-covered"
