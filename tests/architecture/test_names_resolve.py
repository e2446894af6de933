"""Names that are only strings lead somewhere: beat's tasks, tasks that services wake, functions of the catalogue."""

from __future__ import annotations

import ast

import pytest
from celery import current_app
from django.conf import settings

from tests.architecture.source import modules


@pytest.fixture(scope="module")
def tasks() -> set[str]:
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if not name.startswith("celery.")}


def test_beat_sends_tasks_that_exist(tasks: set[str]) -> None:
    assert {name for name, _ in settings.SCHEDULE} - tasks == set()


def test_services_wake_tasks_that_exist(tasks: set[str]) -> None:
    woken = {
        f"{module.where(node)} {node.args[0].value}": node.args[0].value
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in {"wake", "wake_after_commit", "send_task"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert woken
    assert [where for where, name in woken.items() if name not in tasks] == []


def test_tasks_have_names_of_their_app(tasks: set[str]) -> None:
    wrong = {
        name: current_app.tasks[name].__module__
        for name in tasks
        if name.partition(".")[0] != current_app.tasks[name].__module__.partition(".")[0]
    }
    assert wrong == {}
