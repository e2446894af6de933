"""The policy file of c2sp.org/tlog-policy, and `--quorum`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import note, quorum
from modelwarrant.cli.main import main

WITNESSES = [
    note.Cosigner.from_private_key(
        f"w{number}.example", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    )
    for number in range(1, 6)
]
LINES = "".join(f"witness X{n} {w.verifier.vkey} http://127.0.0.1/{n}\n" for n, w in enumerate(WITNESSES, 1))
TWO_LEVELS = f"""# the second line and two outsiders
{LINES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any X4 X5
\tgroup  both all\tX-witnesses Y-witnesses
quorum both
"""


@pytest.mark.parametrize(
    ("cosigned", "enough"),
    [
        ("", False), ("X1 X2", False), ("X1 X4", False), ("X1 X2 X4", True), ("X2 X3 X5", True),
        ("X1 X2 X3 X4 X5", True), ("X4 X5 X1", False),
    ],
)  # fmt: skip
def test_two_levels_of_groups(cosigned: str, enough: bool) -> None:
    assert quorum.parse(TWO_LEVELS.encode()).reached(frozenset(cosigned.split())) is enough


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no quorum line"),
        ("quorum none\nquorum none\n", "one quorum line"),
        ("quorum X1\n", "no witness or group above"),
        (LINES + "group g 0 X1\nquorum g\n", "threshold"),
        (LINES + "group g 01 X1\nquorum g\n", "threshold"),
        (LINES + "group g 3 X1 X2\nquorum g\n", "3 of 2"),
        (LINES + "group g any\nquorum g\n", "a threshold and members"),
        (LINES + "group g any none\nquorum g\n", "no witness or group above"),
        (LINES + "group g any X1 X1\nquorum g\n", "in a group already"),
        (LINES + "group g any X1\ngroup h any X1 X2\nquorum h\n", "in a group already"),
        (LINES + "group X1 any X2\nquorum X1\n", "taken"),
        (LINES + f"witness X9 {WITNESSES[0].verifier.vkey}\nquorum X9\n", "key of a witness above"),
        (f"log {WITNESSES[0].verifier.vkey}\nquorum none\n", "not a log's"),
        ("witness X1 nonsense\nquorum X1\n", "line 1"),
        ("quorum none\r\n", "control character"),
        ("witnes X1\n", "none of log"),
    ],
)
def test_what_is_no_policy_says_where(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quorum.parse(text.encode())


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(TWO_LEVELS.split()), max_size=12).map(lambda w: " ".join(w).encode())
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_policy_or_a_value_error(data: bytes) -> None:
    try:
        policy = quorum.parse(data + b"\n")
    except ValueError:
        return
    policy.reached(frozenset(policy.witnesses))


@pytest.fixture
def cosigned(tmp_path: Path, leaves: list[bytes], write_log: Callable[..., bytes]) -> Callable[..., Path]:
    """cosigned(name, *witnesses) exports the log with their cosignatures."""

    def make(name: str, *witnesses: note.Cosigner) -> Path:
        write_log(tmp_path / name, leaves[:300])
        checkpoint = tmp_path / name / "checkpoint"
        text = note.split_note(checkpoint.read_bytes())[0].encode()
        lines = "".join(witness.signature_line(text, 1_795_000_000) for witness in witnesses)
        checkpoint.write_bytes(checkpoint.read_bytes() + lines.encode())
        return tmp_path / name

    return make


def test_verify_log_asks_for_a_quorum(
    cosigned: Callable[..., Path], tmp_path: Path, signer: note.Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(TWO_LEVELS + f"log {signer.verifier.vkey}\n")

    def run(*arguments: object) -> tuple[int, str]:
        return main([*map(str, arguments)]), capsys.readouterr().out

    full = cosigned("full", *WITNESSES[:4])
    code, out = run("verify-log", full, "--quorum", policy)  # the policy names the log's key
    assert code == 0
    assert "X1 at 2026-11-18T" in out
    code, out = run(
        "verify-log", cosigned("few", *WITNESSES[:3]), "--quorum", policy, "--vkey", signer.verifier.vkey
    )
    assert code == 1
    assert "quorum not reached: cosigned by X1, X2, X3; not by X4, X5" in out
    code, out = run("verify-log", full, "--vkey", signer.verifier.vkey)
    assert code == 0
    assert "none was asked for" in out
    forged = note.Cosigner(WITNESSES[3].name, WITNESSES[3].public, Ed25519PrivateKey.generate().sign)
    assert run("verify-log", cosigned("forged", *WITNESSES[:3], forged), "--quorum", policy)[0] == 1
    policy.write_text("quorum nobody\n")
    assert run("verify-log", full, "--quorum", policy, "--vkey", signer.verifier.vkey)[0] == 2
    assert run("verify-log", full, "--quorum", tmp_path / "absent", "--vkey", signer.verifier.vkey)[0] == 3
    assert run("compare-logs", full, full, "--quorum", policy)[0] == 2
