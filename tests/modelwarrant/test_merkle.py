from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import merkle
from modelwarrant.errors import Fault

# The eight-leaf example of the Certificate Transparency reference implementation (RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "merkle"


def reader(hashes: list[bytes]) -> merkle.HashReader:
    def read(level: int, index: int) -> bytes:
        if level == 0:
            return hashes[index]
        return merkle.node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))

    return read


def test_roots_of_the_rfc_6962_example() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    for size, expected in enumerate(ROOTS):
        assert merkle.root(hashes[:size]).hex() == expected
        assert merkle.root_at(reader(hashes), size).hex() == expected


def test_paths_of_the_rfc_6962_figure() -> None:
    # RFC 6962 section 2.1.3, seven leaves: a..f and j leaf hashes, g = ab, h = cd, i = ef, k = gh, l = ij.
    a, b, c, d, e, f, j = hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES[:7]]
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, l = merkle.node_hash(g, h), merkle.node_hash(i, j)  # noqa: E741 - the figure's name
    read = reader(hashes)
    assert merkle.prove_inclusion(read, 0, 7) == [b, h, l]
    assert merkle.prove_inclusion(read, 3, 7) == [c, g, l]
    assert merkle.prove_inclusion(read, 4, 7) == [f, j, k]
    assert merkle.prove_inclusion(read, 6, 7) == [i, k]
    assert merkle.prove_consistency(read, 3, 7) == [c, d, g, l]
    assert merkle.prove_consistency(read, 4, 7) == [l]
    assert merkle.prove_consistency(read, 6, 7) == [i, j, k]


def test_published_probes() -> None:
    if not VECTORS.is_dir():
        pytest.skip("the published Merkle probes are not beside the repository")
    probes = [json.loads(path.read_text()) for path in sorted(VECTORS.rglob("*.json"))]
    assert len(probes) == 196
    for probe in probes:
        assert refused(probe) == probe["wantErr"], probe["desc"]


def refused(probe: dict[str, Any]) -> bool:
    path = [base64.b64decode(item or "") for item in probe["proof"] or []]
    try:
        if "leafIdx" in probe:
            leaf, root = (base64.b64decode(probe[name] or "") for name in ("leafHash", "root"))
            merkle.check_inclusion(path, probe["leafIdx"], probe["treeSize"], leaf, root)
        else:
            roots = [base64.b64decode(probe[name] or "") for name in ("root1", "root2")]
            merkle.check_consistency(path, probe["size1"], probe["size2"], *roots)
    except Fault:
        return True
    return False


def test_every_small_proof_holds_for_its_own_claim_only() -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(11)]
    read = reader(hashes)
    for size in range(1, 12):
        root = merkle.root(hashes[:size])
        for index in range(size):
            path = merkle.prove_inclusion(read, index, size)
            for claimed in range(size):
                if claimed == index:
                    merkle.check_inclusion(path, index, size, hashes[index], root)
                else:
                    with pytest.raises(Fault):
                        merkle.check_inclusion(path, claimed, size, hashes[index], root)
        for old in range(size + 1):
            path = merkle.prove_consistency(read, old, size)
            merkle.check_consistency(path, old, size, merkle.root(hashes[:old]), root)
            with pytest.raises(Fault):
                merkle.check_consistency(path, old, size, merkle.leaf_hash(b"x"), root)


def test_a_smaller_tree_is_a_rollback() -> None:
    with pytest.raises(Fault) as caught:
        merkle.check_consistency([], 3, 2, bytes(32), bytes(32))
    assert (caught.value.kind, caught.value.index) == ("rolled back", 2)


@given(st.integers(0, 70), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_frontier_survives_storage_and_takes_subtrees(size: int, level: int) -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(256)]
    frontier = merkle.Frontier()
    for item in hashes[:size]:
        frontier.append(item)
    frontier = merkle.Frontier.load(frontier.dump())
    assert frontier.root() == merkle.root(hashes[:size])
    width = 1 << level
    subtree = merkle.root(hashes[size : size + width])
    if size % width:
        with pytest.raises(ValueError):
            frontier.append(subtree, level)
    else:
        frontier.append(subtree, level)
        assert frontier.root() == merkle.root(hashes[: size + width])


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), (3).to_bytes(8, "big") + bytes(32), b"\xff" * 8])
def test_a_frontier_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        merkle.Frontier.load(data)


def test_chain_depends_on_origin_and_order() -> None:
    start = merkle.chain_start("a.example/log")
    assert start != merkle.chain_start("b.example/log")
    x, y = merkle.leaf_hash(b"x"), merkle.leaf_hash(b"y")
    assert merkle.chain_next(merkle.chain_next(start, x), y) != merkle.chain_next(
        merkle.chain_next(start, y), x
    )
