"""The embedded broker: kombu's filesystem transport with messages that appear whole.

kombu creates the message file and then writes it, so a reader can take it in between, empty, and stop on it; its
routing table has the same gap when two processes start on an empty folder. Here both are written beside their place
and renamed into it. Like its parent it may lose messages in flight when a worker is killed: rows, not messages,
are the queue. Knows nothing of settings: the folder comes as an argument.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

TRANSPORT_ALIASES["filesystem"] = "config.broker:Transport"


def _write_whole(target: Path, content: str) -> None:
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    part.write_text(content)
    os.replace(part, target)


def transport_options(folder: Path, *, queue: str, polling_seconds: float) -> dict[str, object]:
    """Make the broker's folders under `folder`, with an empty routing table for `queue`, and name them to kombu."""
    messages, control = folder / "queue", folder / "control"
    for path in (messages, control):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    table = control / f"{queue}.exchange"
    if not table.exists():
        _write_whole(table, "[]")
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": polling_seconds,
    }


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # the reader takes names that end with "<queue>.msg", in alphabetical order
        target = Path(self.data_folder_out, f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg")
        try:
            _write_whole(target, dumps(message))
        except OSError as error:
            raise ChannelError(f"cannot write the message {target}: {error}") from error


class Transport(filesystem.Transport):
    Channel = Channel
