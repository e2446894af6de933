"""The model card and the component list as a signed file: one form, and every difference named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarrant import canonical, description
from modelwarrant.cli.main import main
from modelwarrant.description import Component, Description
from modelwarrant.errors import Fault

CARD = {"intended_use": "Visits.", "limitations": "442 people."}
WEIGHTS = Component("weights", "model.bin", "ab" * 32, 7, "MIT", "trained here")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COMPONENTS = st.builds(
    Component,
    kind=TEXT.filter(bool), name=TEXT.filter(bool), digest=st.sampled_from(["", "0" * 64]),
    size=st.none() | st.integers(0, 2**53 - 1), licence=TEXT, origin=TEXT,
)  # fmt: skip


@given(
    st.dictionaries(TEXT, TEXT, max_size=5),
    st.lists(COMPONENTS, max_size=5, unique_by=lambda c: (c.kind, c.name)),
)
def test_what_is_written_is_read(card, components):
    data = description.build(card, components)
    found = description.read(data)
    assert found.card == card
    assert sorted(found.components, key=str) == sorted(components, key=str)
    assert description.build(found.card, reversed(found.components)) == data


def other(**changes: object) -> bytes:
    value = {"card": CARD, "components": [], "format": description.FORMAT} | changes
    return canonical.encode(value) + b"\n"


LINE = {"digest": "", "kind": "code", "licence": "", "name": "a", "origin": "", "size": None}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "newline"),
        (other()[:-1], "newline"),
        (other() + b"\n", "canonical"),
        (b'{"card": {}, "components": [], "format": "modelwarrant/description/v1"}\n', "canonical"),
        (b"[]\n", "object is expected"),
        (other(format="modelwarrant/description/v2"), "v2"),
        (other(more=1), "unknown member"),
        (other(card=[]), "card"),
        (other(card={"a": 1}), "card"),
        (other(components={}), "components"),
        (other(components=[1]), "components[0]"),
        (other(components=[LINE | {"size": -1}]), "size"),
        (other(components=[LINE | {"size": True}]), "size"),
        (other(components=[LINE | {"digest": "AB" * 32}]), "digest"),
        (other(components=[LINE | {"name": ""}]), "no name"),
        (other(components=[LINE | {"url": "x"}]), "unknown member"),
        (other(components=[LINE, LINE]), "each once"),
        (other(components=[LINE | {"name": "b"}, LINE]), "sorted"),
        (b"x" * (description.MAX_BYTES + 1), "at most"),
    ],
)
def test_other_forms_are_refused(data, said):
    with pytest.raises(Fault) as fault:
        description.read(data)
    assert said in fault.value.message


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = description.read(data)
    except Fault:
        return
    assert description.build(found.card, found.components) == data


def test_what_cannot_be_written_is_said():
    with pytest.raises(ValueError, match="each once"):
        description.build({}, [WEIGHTS, WEIGHTS])
    with pytest.raises(ValueError):
        description.build({"a": "x" * description.MAX_BYTES})


def test_every_difference_has_its_sentence():
    signed = Description(CARD, (WEIGHTS, Component("code", "train.py")))
    recorded = Description(
        {"intended_use": " Visits. ", "limitations": "Nobody.", "not_for": "Dosage.", "residual_risk": " "},
        (Component("weights", "model.bin", "cd" * 32, 7, "MIT", "trained here"), Component("tool", "search")),
    )
    assert description.differences(signed, recorded) == [
        "card field 'limitations' is recorded otherwise than it was signed",
        "card field 'not_for' is recorded and wasn't signed",
        "component 'train.py' (code) was signed and isn't recorded",
        "component 'search' (tool) is recorded and wasn't signed",
        "component 'model.bin' (weights) is recorded otherwise than it was signed",
    ]
    assert description.differences(signed, signed) == []


@pytest.fixture
def signing(tmp_path: Path) -> dict[str, Path]:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.bin").write_bytes(b"weights")
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    (tmp_path / "components.json").write_text(json.dumps([{"kind": "weights", "name": "model.bin"}]))
    assert main(["keygen", str(tmp_path / "key"), "--no-passphrase"]) == 0
    return {
        name: tmp_path / name
        for name in ("model", "card.json", "components.json", "key", "key.pub.pem", "bundle")
    }


def sign(at: dict[str, Path], *options: str) -> int:
    return main(
        ["sign-model", str(at["model"]), "--key", str(at["key"]), "--bundle", str(at["bundle"]), *options]
    )


def described(at: dict[str, Path]) -> list[str]:
    return ["--card", str(at["card.json"]), "--components", str(at["components.json"])]


def verify(at: dict[str, Path]) -> int:
    return main(
        ["verify-model", str(at["model"]), "--key", str(at["key.pub.pem"]), "--bundle", str(at["bundle"])]
    )


def test_the_signature_covers_card_and_components(signing, capsys):
    assert sign(signing, *described(signing)) == 0
    assert verify(signing) == 0
    assert "2 fields of the card, 1 component, signed" in capsys.readouterr().out
    target = signing["model"] / description.FILE_NAME
    target.write_bytes(target.read_bytes().replace(b"442", b"443"))
    assert verify(signing) == 1
    assert f"'{description.FILE_NAME}'" in capsys.readouterr().out


def test_without_it_the_answer_says_so(signing, capsys):
    assert sign(signing) == 0
    capsys.readouterr()
    assert verify(signing) == 0
    assert "card and components are not among the signed files" in capsys.readouterr().out


def test_another_description_is_replaced_only_when_asked(signing, capsys):
    assert sign(signing, *described(signing)) == 0
    signing["card.json"].write_text(json.dumps({"intended_use": "Others."}))
    signing["bundle"].unlink()
    assert sign(signing, *described(signing)) == 2
    assert "--replace" in capsys.readouterr().out
    assert not signing["bundle"].exists()
    assert sign(signing, *described(signing), "--replace") == 0
    assert b"Others." in (signing["model"] / description.FILE_NAME).read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("card.json", "[]", "--card"),
        ("card.json", "{", "--card"),
        ("card.json", '{"a": 1}', "card is not an object of texts"),
        ("components.json", "{}", "--components"),
        ("components.json", '[{"kind": "code"}]', "[0] is not"),
        ("components.json", '[{"kind": "code", "name": "a", "url": "x"}]', "[0] is not"),
        ("components.json", "[1]", "[0] is not"),
    ],
)
def test_what_is_no_card_or_list_signs_nothing(signing, capsys, name, text, said):
    signing[name].write_text(text)
    assert sign(signing, *described(signing)) == 2
    assert said in capsys.readouterr().out
    assert not (signing["model"] / description.FILE_NAME).exists()
    assert not signing["bundle"].exists()


def test_it_cannot_be_left_out_of_what_is_signed(signing, capsys):
    assert sign(signing, *described(signing), "--ignore", description.FILE_NAME) == 2
    assert "has to be signed" in capsys.readouterr().out
