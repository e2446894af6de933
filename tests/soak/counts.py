"""kill -9 at workers that count the parts of one file together, on a database of its own.

`python -m tests.soak.counts ROWS PART KILLS`: three workers in forks of itself execute one drift run and help each
other; one after the other is killed and another put in its place, until the run ends. Prints what it saw as JSON. Run by
test_counts with an environment of its own.
"""

from __future__ import annotations

import io
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from ledger.models import Entry  # noqa: E402
from ledger.services import sequencer  # noqa: E402
from ledger.services.audit import ledger_audit  # noqa: E402
from monitoring.catalogue import CATALOGUE  # noqa: E402
from monitoring.models import Part, Run  # noqa: E402
from monitoring.services import desks, runs  # noqa: E402
from monitoring.services.execution import execute_next, measure  # noqa: E402
from monitoring.services.helping import help_next  # noqa: E402
from monitoring.services.parts import parts_sweep  # noqa: E402
from monitoring.services.runs import run_request  # noqa: E402
from monitoring.statistics import blocks, profiling  # noqa: E402
from tests.soak.kills import fork, tell  # noqa: E402
from tests.world import WORKER, make_world  # noqa: E402

WORKERS = 3
LIMIT_SECONDS = 600


def data(rows: int, part: int) -> bytes:
    """A Parquet file with the columns of the world, in row groups of `part` rows; rounded, so that it stays small."""
    rng = np.random.default_rng(7)
    score = rng.random(rows).round(2)
    columns = {
        "age": rng.normal(50, 10, rows).round(1),
        "group": pa.array(rng.choice(["a", "b"], rows)),
        "outcome": (rng.random(rows) < score).astype(np.int8),
        "score": score,
        "prediction": (score > 0.5).astype(np.int8),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=part)
    return file.getvalue()


def begin(rows: int, part: int) -> None:
    call_command("migrate", verbosity=0)
    world = make_world(tier="low")
    version = world.draft(evaluation=data(rows, part))
    run = run_request(
        actor=world["validator"], version_id=version.pk, check="drift", thresholds=[], policy_digest="none"
    )
    tell(json.dumps(str(run.pk)))


def undisturbed() -> None:
    tell(json.dumps(measure(Run.objects.get()).digest))


def verified() -> None:
    """What the run says, and that nothing is left of the work or recorded twice, once the sweep has been there."""
    parts_sweep(actor=WORKER)
    run = Run.objects.get()
    sequencer.integrate_all(actor=WORKER)
    faults = [fault.text() for fault in ledger_audit(actor=WORKER).faults]
    ends = Entry.objects.filter(event="monitoring.run.moved", subject_id=str(run.pk)).count()
    found = {
        "state": run.state, "digest": run.outcome_digest, "ends": ends, "attempts": run.attempts,
        "left": Part.objects.count(), "faults": faults,
    }  # fmt: skip
    tell(json.dumps(found))


def worker(counted: int) -> None:
    """What a worker does: runs, and parts of others' runs. Says by a byte which parts it has counted."""
    count = profiling.profile_part

    def told(file: Any, number: int, cut: Any, **threads: int) -> Any:
        part = count(file, number, cut, **threads)
        if len(file.parts) > 1:
            os.write(counted, f"{os.getpid()} {number}\n".encode())
        return part

    profiling.profile_part = told
    while Run.objects.filter(state="due").exists():
        if not execute_next(actor=WORKER) and not help_next(actor=WORKER):
            time.sleep(0.02)


def started(work: Callable[[], None]) -> int:
    """The process id of a fork that does the work."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def asked(work: Callable[[], None]) -> Any:
    code, told = fork(work)
    if code:
        raise SystemExit(told)
    return json.loads(told)


def campaign(rows: int, part: int, kills: int) -> dict[str, Any]:
    blocks.PART_ROWS = part
    desks.LEAST_SECONDS = 2
    runs.MAX_LEASES = 100  # whichever worker is hit: here it isn't the count of attempts that ends a run
    import_string(CATALOGUE["drift"].function)  # before the forks, or each of them would take its seconds
    asked(lambda: begin(rows, part))
    parts = -(-rows // part)
    every = max(1, parts // (2 * kills))  # so that all deaths come while there is work
    reader, writer = os.pipe()
    rng, told, killed, faults = random.Random(11), b"", 0, 0
    over = time.monotonic() + LIMIT_SECONDS
    alive = [started(lambda: worker(writer)) for _ in range(WORKERS)]
    while alive:
        if time.monotonic() > over:
            for child in alive:
                os.kill(child, signal.SIGKILL)
            raise SystemExit("the run doesn't end")
        if select.select([reader], [], [], 0.05)[0]:
            told += os.read(reader, 1 << 16)
        ended = {child: status for child in alive for done, status in [os.waitpid(child, os.WNOHANG)] if done}
        faults += any(ended.values())
        alive = [child for child in alive if child not in ended]
        if alive and killed < kills and told.count(b"\n") >= every * (killed + 1):
            hit = alive.pop(rng.randrange(len(alive)))
            os.kill(hit, signal.SIGKILL)
            os.waitpid(hit, 0)
            killed += 1
            alive.append(started(lambda: worker(writer)))
    if select.select([reader], [], [], 0)[0]:
        told += os.read(reader, 1 << 20)
    lines = [line.split() for line in told.decode().splitlines()]
    numbers = [int(number) for _, number in lines]
    return {
        **asked(verified), "undisturbed": asked(undisturbed), "killed": killed, "faulty": faults, "parts": parts,
        "counted": len(set(numbers)), "again": len(numbers) - len(set(numbers)), "workers": len({who for who, _ in lines}),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(campaign(*map(int, sys.argv[1:4]))))
