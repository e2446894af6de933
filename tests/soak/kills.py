"""kill -9 at each statement and file operation of append, integrate and publish, on a database of its own.

`python -m tests.soak.kills EVERY`: works in forks of itself, so that a killed process is a real one, and prints what it
saw as JSON. EVERY = 1 kills at each step, 3 at every third. After each death another process finishes the work and
verifies everything. Run by test_kills with an environment of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from ledger import clock, selectors  # noqa: E402
from ledger.actors import Actor  # noqa: E402
from ledger.models import Entry, Leaf, Pending  # noqa: E402
from ledger.services import checkpoints, keys, records, sequencer  # noqa: E402
from ledger.services.audit import ledger_audit  # noqa: E402
from ledger.services.export import export_log  # noqa: E402
from ledger.services.transactions import in_transaction  # noqa: E402
from modelwarrant.verify_log import verify_log  # noqa: E402
from registry import events  # noqa: E402
from registry.models import System  # noqa: E402

ACTOR = Actor.system("soak")
FILE_CALLS = ("open", "write", "fsync", "replace", "link", "rename")
_numbers = itertools.count(1)


def append(number: int) -> None:
    """Two governed rows in one transaction, one with a text about a person."""

    def work() -> None:
        for part in ("a", "b"):
            columns = {
                "slug": f"k{number}{part}", "name": f"K {number}", "owner": "p-x", "legal_entity": "x",
                "risk_tier": "low", "on_void": "stop", "purpose": "x", "affected_people": "x",
                "created_at": clock.now(),
            }  # fmt: skip
            records.write(actor=ACTOR, event=events.SYSTEM_REGISTERED, row=System(), set=columns)

    in_transaction(work)


def integrate(number: int) -> None:
    sequencer.integrate_all(actor=Actor.system("sequencer"))


def publish(number: int) -> None:
    checkpoints.publish(actor=Actor.system("sequencer"))


def dies_at(step: int) -> None:
    """From here on this process kills itself before its `step`-th statement or file operation."""
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Any, *args: Any) -> Any:
        count()
        return execute(*args)

    connection.execute_wrappers.append(statement)
    commit = connection._commit

    def commits() -> Any:
        count()
        result = commit()
        count()
        return result

    connection._commit = commits  # type: ignore[method-assign]
    for name in FILE_CALLS:
        original = getattr(os, name)

        def call(*args: Any, _original: Callable[..., Any] = original, **kwargs: Any) -> Any:
            count()
            return _original(*args, **kwargs)

        setattr(os, name, call)


def fork(work: Callable[[], None]) -> tuple[int, str]:
    """Run `work` in a child; its exit status (negative: the signal) and what it wrote to descriptor `told`."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            os.dup2(writer, 3)
            work()
            code = 0
        except BaseException as error:
            os.write(3, f"{type(error).__name__}: {error}"[:2000].encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told


def tell(text: str) -> None:
    os.write(3, text.encode())


def verified() -> None:
    """Everything a stranger and the self-audit can ask, after the work was finished; tells the rows there are."""
    integrate(0)
    publish(0)
    run = ledger_audit(actor=ACTOR)
    if run.faults:
        raise AssertionError(run.faults[0].text())
    if Pending.objects.exists() or Entry.objects.count() != Leaf.objects.count():
        raise AssertionError("an entry has no place or two")
    with tempfile.TemporaryDirectory() as folder:
        done = export_log(actor=ACTOR, target=Path(folder) / "export")
        report = verify_log(done.path, selectors.verifiers())
    if report.checkpoint.size != Entry.objects.count():
        raise AssertionError("not all that is recorded is published")
    tell(json.dumps(sorted(System.objects.values_list("slug", flat=True))))


def campaign(every: int) -> dict[str, Any]:
    def begin() -> None:
        call_command("migrate", verbosity=0)
        key = keys.key_create(actor=ACTOR, purpose="log")
        keys.key_move(actor=ACTOR, key_id=key.pk, move="activate")
        append(0)

    code, told = fork(begin)
    if code:
        raise SystemExit(told)
    killed: dict[str, int] = {}
    acknowledged = {"k0a", "k0b"}
    for operation in (append, integrate, publish):
        for step in itertools.count(1, every):
            number = next(_numbers)
            if operation is not append:
                fork(lambda number=number: append(number))  # something to do
                acknowledged |= {f"k{number}a", f"k{number}b"}
            if operation is publish:
                fork(lambda: integrate(0))

            def work(
                number: int = number, step: int = step, operation: Callable[[int], None] = operation
            ) -> None:
                connection.ensure_connection()
                dies_at(step)
                operation(number)

            code, told = fork(work)
            if code == 1:
                raise SystemExit(f"{operation.__name__}, step {step}: {told}")
            if code == 0 and operation is append:
                acknowledged |= {f"k{number}a", f"k{number}b"}
            checked, rows = fork(verified)
            if checked:
                raise SystemExit(f"after {operation.__name__} died at step {step}: {rows}")
            there = set(json.loads(rows))
            lost = acknowledged - there
            halves = {slug for slug in there if slug[:-1] + "a" not in there or slug[:-1] + "b" not in there}
            if lost or halves:
                raise SystemExit(
                    f"{operation.__name__}, step {step}: lost {sorted(lost)}, half {sorted(halves)}"
                )
            if code == 0:
                break
            killed[operation.__name__] = killed.get(operation.__name__, 0) + 1
    return {"killed": killed, "rows": len(there)}


if __name__ == "__main__":
    print(json.dumps(campaign(int(sys.argv[1]))))
