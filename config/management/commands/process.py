"""Become one process of a deployment: `manage.py process web`."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config import processes


class Command(BaseCommand):
    help = "Become one process of the service: web, worker or beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=("web", "worker", "beat"))
        parser.add_argument("--bind", default="0.0.0.0:8000", help="host:port of web")
        parser.add_argument("--workers", type=int, default=2, help="processes of web")

    def handle(self, *args: Any, name: str, bind: str, workers: int, **options: Any) -> None:
        command = {
            "web": lambda: processes.web(bind, workers=workers),
            "worker": processes.worker,
            "beat": processes.beat,
        }[name]()
        os.execv(command[0], command)  # noqa: S606  the signals of the container reach the process itself
