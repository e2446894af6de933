"""One shape: only services write, and each is told who acts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

ALWAYS = frozenset(
    {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "abulk_create", "asave"}
)
"""Method names that write, whoever has them."""
ON_QUERYSETS = frozenset({"create", "update", "delete", "acreate", "aupdate", "adelete"})
"""Method names that write where they stand after a manager or a query; dict and hashlib have them too."""
QUERY_WORDS = (
    "objects",
    "_set.",
    "filter(",
    "exclude(",
    "select_for_update(",
    "_default_manager",
    "_base_manager",
)
RAW = frozenset({"execute", "executemany", "executescript"})

OUTSIDE_SERVICES = {
    "config.health": "asks whether the database answers",
    "ledger.clock": "asks the database for the time",
    "ledger.signals": "opens the log after migrate, before anybody could act",
    "ledger.triggers": "installs and inspects the triggers that refuse changes",
}
"""Modules that talk to the database directly without being a service, and why."""


def writes(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, receiver = node.func.attr, ast.unparse(node.func.value)
        if receiver.endswith("storage"):  # of files
            continue
        query = any(word in f"{receiver}." for word in QUERY_WORDS)
        if method in ALWAYS or method in RAW or (method in ON_QUERYSETS and query):
            yield node


def outside_services() -> list[Module]:
    return [
        module
        for module in modules().values()
        if module.floor != "modelwarrant" and not module.room.startswith("services")
        if module.name not in OUTSIDE_SERVICES
    ]


def test_only_services_write() -> None:
    found = [
        f"{module.where(call)} {ast.unparse(call)[:80]}"
        for module in outside_services()
        for call in writes(module)
    ]
    assert found == []


def test_exceptions_are_still_needed() -> None:
    idle = [name for name in OUTSIDE_SERVICES if name not in modules() or not list(writes(modules()[name]))]
    assert idle == []


def functions(module: Module) -> Iterator[ast.FunctionDef]:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node


def is_governed(function: ast.FunctionDef) -> bool:
    return any(
        ast.unparse(decorator).rpartition(".")[2] == "governed" for decorator in function.decorator_list
    )


SERVICES = [
    pytest.param(module, function, id=f"{module.name}.{function.name}")
    for module in modules().values()
    for function in functions(module)
    if is_governed(function)
]


def test_there_are_services() -> None:
    assert len(SERVICES) > 10


@pytest.mark.parametrize(("module", "function"), SERVICES)
def test_a_service_is_told_who_acts(module: Module, function: ast.FunctionDef) -> None:
    arguments = function.args
    assert module.room.startswith("services"), f"{module.where(function)}: a service outside services"
    positional = arguments.posonlyargs + arguments.args
    assert not positional, f"{module.where(function)}: keyword-only"
    assert arguments.vararg is None, f"{module.where(function)}: keyword-only"
    required = {
        argument.arg
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    assert "actor" in required, f"{module.where(function)}: `actor` is missing or has a default"
