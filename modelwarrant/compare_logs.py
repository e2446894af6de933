"""Two copies of one log: is the later the earlier continued, or were two people told different things?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.note import Verifier
from modelwarrant.tiles import WIDTH, Tile, split_hashes, tile_width
from modelwarrant.verify_log import LogReport, read_checkpoint, verify_log


@dataclass(frozen=True)
class Comparison:
    """Two verified logs of which the second continues the first by `added` entries."""

    first: LogReport
    second: LogReport

    @property
    def added(self) -> int:
        """Entries the second has more."""
        return self.second.checkpoint.size - self.first.checkpoint.size


def compare_logs(
    first: Path, second: Path, verifiers: Sequence[Verifier] | None, *, origin: str | None = None
) -> Comparison:
    """Verify both export directories in full and show that the second, got later, continues the first.

    Raises what `verify_log` raises, with the directory named, and Fault("rolled back") when the second is
    shorter, Fault("forked") with the first differing index. CannotCheck for logs of two origins.
    """
    reports: list[LogReport] = []
    for directory in (first, second):
        try:
            reports.append(verify_log(directory, verifiers, origin=origin))
        except Fault as fault:
            raise Fault(fault.kind, f"{directory}: {fault.message}", fault.index) from fault
    old, new = (report.checkpoint for report in reports)
    if old.origin != new.origin:
        raise CannotCheck(f"two logs, {old.origin} and {new.origin}: nothing to compare")
    index = _first_difference(first, second, verifiers, origin)
    if index is not None:
        message = f"entry {index} differs between the two copies, both signed: a split view"
        raise Fault(
            "forked", message if verifiers is not None else message.replace(", both signed", ""), index
        )
    if new.size < old.size:
        message = (
            f"the later copy has {new.size} entries, the earlier {old.size} (give the earlier one first)"
        )
        raise Fault("rolled back", message, new.size)
    return Comparison(reports[0], reports[1])


def _first_difference(
    first: Path, second: Path, verifiers: Sequence[Verifier] | None, origin: str | None
) -> int | None:
    """The first leaf both have but not alike, by their verified level-0 tiles."""
    sizes = [read_checkpoint(directory, verifiers, origin)[0].size for directory in (first, second)]
    for number in range(-(-min(sizes) // WIDTH)):
        rows = [
            split_hashes((directory / Tile(0, number, tile_width(0, number, size)).path).read_bytes())
            for directory, size in zip((first, second), sizes, strict=True)
        ]
        for place, (left, right) in enumerate(zip(*rows, strict=False)):
            if left != right:
                return number * WIDTH + place
    return None
