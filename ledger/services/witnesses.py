"""Asks witnesses to cosign our checkpoints (c2sp.org/tlog-witness), and keeps their cosignatures.

Which witnesses there are is a policy file of the operator's (c2sp.org/tlog-policy); who verifies later brings a policy
of their own. Nothing waits for a witness: a decision stands, and what is missing shows on the ledger's page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from ledger import outbound, selectors, tree
from ledger.actors import Actor
from ledger.errors import IntegrityFault
from ledger.models import Checkpoint, Cosignature, Log
from ledger.services.outside import Contradicts, said
from ledger.services.sequencer import require_system
from ledger.services.transactions import in_transaction
from modelwarrant import merkle, quorum, witness
from modelwarrant.errors import Fault

KIND = "witness"


def policy() -> quorum.Policy | None:
    """The operator's policy; None where none is configured. Raises ValueError (start-up refuses it too)."""
    if not settings.LEDGER_WITNESS_POLICY:
        return None
    path = Path(settings.LEDGER_WITNESS_POLICY)
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _parsed(path: Path, changed: int) -> quorum.Policy:
    return quorum.parse(path.read_bytes())


def policy_problem() -> str:
    """Why the configured policy can't be used; empty where it can."""
    try:
        found = policy()
    except (OSError, ValueError) as error:
        return f"LEDGER_WITNESS_POLICY {settings.LEDGER_WITNESS_POLICY}: {error}"
    for party in found.witnesses.values() if found else ():
        if party.url and (problem := outbound.url_problem(party.url)):
            return f"LEDGER_WITNESS_POLICY: witness {party.name}: {problem}"
    return ""


def ask_all(*, actor: Actor) -> int:
    """Ask every witness with an address to cosign the newest checkpoint; returns how many cosigned it now."""
    require_system(actor)
    found, newest = policy(), selectors.latest_checkpoint()
    if found is None or newest is None:
        return 0
    done = 0
    for party in found.witnesses.values():
        if party.url and not _has_cosigned(newest, party):
            try:
                _ask(newest, party)
                said(party.name, KIND, size=newest.size)
                done += 1
            except (Contradicts, outbound.NoAnswer, Fault, IntegrityFault, ValueError) as error:
                said(party.name, KIND, error=error)
    return done


def _ask(newest: Checkpoint, party: quorum.Party) -> None:
    log = Log.objects.get(number=newest.log)
    theirs = _cosigned(newest, party).order_by("-size").values_list("size", flat=True).first() or 0
    answer = _post(log, newest, party, theirs)
    if answer.status == 409 and answer.kind.split(";")[0].strip() == witness.SIZE_TYPE:
        # What it saw may be more than it told us: an answer was lost, or this database is a restored one.
        theirs = _size(answer.body)
        if theirs > newest.size:
            raise Contradicts(f"it has cosigned {theirs} entries, this database has signed {newest.size}")
        answer = _post(log, newest, party, theirs)
    if answer.status in (409, 422):
        reason = answer.body[:200].decode("utf-8", "replace").strip()
        raise Contradicts(f"it has seen another history of {theirs} entries ({answer.status}: {reason})")
    if answer.status != 200:
        reason = answer.body[:200].decode("utf-8", "replace").strip()
        raise outbound.NoAnswer(f"status {answer.status}: {reason}")
    taken = witness.read_cosignatures(answer.body, bytes(newest.note), [party.verifier])
    if not taken:
        raise outbound.NoAnswer("an answer without a signature by its key")
    _, line, time = taken[0]
    row = Cosignature(
        log=newest.log, size=newest.size, witness=party.verifier.name, keyid=party.verifier.public.hex(),
        line=line.encode("utf-8"), at=datetime.fromtimestamp(time, UTC),
    )  # fmt: skip
    in_transaction(lambda: Cosignature.objects.bulk_create([row], ignore_conflicts=True))


def _post(log: Log, newest: Checkpoint, party: quorum.Party, old: int) -> outbound.Answered:
    path = merkle.prove_consistency(tree.reader(log, newest.size), old, newest.size)
    body = witness.Request(old, tuple(path), bytes(newest.note)).encode()
    return outbound.post(f"{party.url.rstrip('/')}/add-checkpoint", body, "text/plain; charset=utf-8")


def _size(body: bytes) -> int:
    text = body.decode("ascii", "replace").rstrip("\n")
    if not text.isdecimal() or len(text) > 19:
        raise outbound.NoAnswer("a conflict without a size")
    return int(text)


def _has_cosigned(newest: Checkpoint, party: quorum.Party) -> bool:
    return _cosigned(newest, party).filter(size=newest.size).exists()


def _cosigned(newest: Checkpoint, party: quorum.Party) -> QuerySet[Cosignature]:
    return Cosignature.objects.filter(
        log=newest.log, witness=party.verifier.name, keyid=party.verifier.public.hex()
    )


def check_rows(log: Log) -> list[tuple[Cosignature, str]]:
    """Cosignatures of one log that don't hold, with what is wrong: for the self-audit."""
    wrong = []
    for row in Cosignature.objects.filter(log=log.number).order_by("id").iterator():
        over = Checkpoint.objects.filter(log=log.number, size=row.size)
        if problem := _problem(row, [bytes(data) for data in over.values_list("note", flat=True)]):
            wrong.append((row, problem))
    return wrong


def _problem(row: Cosignature, checkpoints: list[bytes]) -> str:
    problem = f"a cosignature over a checkpoint of {row.size} entries that isn't there"
    for checkpoint in checkpoints:  # two, where a key followed another at this size
        time = selectors.cosigned_at(row, checkpoint)
        if time == row.at:
            return ""
        problem = "the signature line doesn't hold, or its columns say otherwise"
    return problem
