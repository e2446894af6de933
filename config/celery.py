"""The Celery application: settings under `CELERY_`, tasks discovered in each app's `tasks`.

In embedded mode (filesystem broker) the worker carries its own beat in a thread, so that one worker is all that
has to be started and nothing is orphaned when it is killed. In production beat is a process of its own.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, bootsteps
from celery.beat import EmbeddedService

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class EmbeddedBeat(bootsteps.StartStopStep):
    """Beat in a thread of the worker, where settings ask for it."""

    requires = ("celery.worker.components:Pool",)
    label = "EmbeddedBeat"

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        self.enabled = bool(worker.app.conf.worker_carries_beat)
        super().__init__(worker, **kwargs)

    def include_if(self, worker: Any) -> bool:
        return self.enabled

    def create(self, worker: Any) -> Any:
        return EmbeddedService(worker.app, thread=True, scheduler_cls="celery.beat:Scheduler")


app = Celery("modelwarrant")
app.set_default()  # for all threads, also those that start before they ask for an application
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(EmbeddedBeat)
