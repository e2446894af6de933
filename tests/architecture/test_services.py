"""One shape: only services write, and each is told who acts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT, Module, modules

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
    "ledger.reading": "reads rows by plain statements, and writes none",
    "ledger.signals": "opens the log after migrate, before anybody could act",
    "ledger.triggers": "installs and inspects the triggers that refuse changes",
}
"""Modules that talk to the database directly without being a service, and why."""


def writes(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method = node.func.attr
        if method not in ALWAYS | ON_QUERYSETS | RAW:
            continue
        receiver = ast.unparse(node.func.value)
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


def services() -> list[tuple[Module, ast.FunctionDef]]:
    return [
        (module, function)
        for module in modules().values()
        for function in functions(module)
        if is_governed(function)
    ]


def test_there_are_services() -> None:
    assert len(services()) > 10


def test_every_service_is_told_who_acts() -> None:
    faults = [
        f"{module.where(function)} {function.name}: {fault}"
        for module, function in services()
        for fault in misshapen(module, function)
    ]
    assert not faults, "\n".join(faults)


def misshapen(module: Module, function: ast.FunctionDef) -> Iterator[str]:
    """What a service's signature lacks."""
    arguments = function.args
    if not module.room.startswith("services"):
        yield "a service outside services"
    if arguments.posonlyargs or arguments.args or arguments.vararg:
        yield "keyword-only"
    required = {
        argument.arg
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    if "actor" not in required:
        yield "`actor` is missing or has a default"


@pytest.mark.parametrize(
    ("signature", "fault"),
    [
        ("(*, actor)", ""),
        ("(actor)", "keyword-only"),
        ("(*actors, actor)", "keyword-only"),
        ("(*, actor=None)", "`actor` is missing or has a default"),
    ],
)
def test_a_service_that_is_not_told_is_found(signature: str, fault: str) -> None:
    tree = ast.parse(f"def act{signature}: pass")
    [function] = tree.body
    assert isinstance(function, ast.FunctionDef)
    found = next(misshapen(Module("ledger.services.acts", ROOT, 1, tree), function), "")
    assert found == fault
