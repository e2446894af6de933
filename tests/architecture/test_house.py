"""The house stands: floors import downward, no circles, no big rooms, no back doors between apps."""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter

from tests.architecture.source import FLOORS, Module, imports, modules, own_imports

MAX_LINES = 500
SHARED_ROOMS = frozenset(
    {
        *("models", "access", "selectors", "services", "signals", "machines", "catalogue", "charts"),
        *("actors", "errors", "clock", "workdays", "storage", "keyring", "reading"),
    }
)
"""What other apps may import of an app."""
SHARED_BY_DOORS = frozenset({"pages", "lists", "parsers", "resources", "strict", "serializers", "widgets"})
"""What the doors of other apps may build on besides: frames of pages and resources, shapes of the API."""
DOORS = frozenset({"views", "api", "forms", "serializers", "urls", "api_urls"})
COMPOSED = frozenset({"gates"})
"""What the top floor alone reaches into: start-up verifies the gates, the demo shows a reviewer's context."""
VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "core", "misc", "base_utils"})
FILLED_PACKAGES = frozenset({"models", "admin", "tasks"})
"""Packages that Django and Celery discover by name: their __init__ re-exports."""


def test_every_floor_is_there() -> None:
    assert {module.floor for module in modules().values()} == set(FLOORS)


def test_floors_import_only_downward() -> None:
    height = {floor: index for index, floor in enumerate(FLOORS)}
    upward = [
        f"{module.where(node)} imports {target.name}"
        for module in modules().values()
        for target, node in own_imports(module)
        if height[target.floor] > height[module.floor]
    ]
    assert upward == []


def test_no_module_imports_itself_through_others() -> None:
    graph = {module.name: {target.name for target, _ in own_imports(module)} for module in modules().values()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_own_imports_stand_at_the_top() -> None:
    inner = [
        f"{module.where(node)} imports {target.name} in a function"
        for module in modules().values()
        for target, node in own_imports(module)
        if id(node) in module.inside_functions
    ]
    assert inner == []


def _room(module: Module) -> str:
    return module.room.partition(".")[0]


def test_apps_meet_only_in_named_rooms() -> None:
    def may_enter(module: Module, target: Module) -> bool:
        room = _room(target)
        if module.floor == "config":
            return room in SHARED_ROOMS | COMPOSED
        return room in SHARED_ROOMS or (room in SHARED_BY_DOORS and _room(module) in DOORS)

    elsewhere = [
        f"{module.where(node)} imports {target.name}"
        for module in modules().values()
        for target, node in own_imports(module)
        if target.floor not in {module.floor, "modelwarrant"} and not may_enter(module, target)
    ]
    assert elsewhere == []


def test_the_wheel_needs_the_standard_library_and_cryptography_alone() -> None:
    allowed = {*sys.stdlib_module_names, "cryptography", "modelwarrant"}
    others = [
        f"{module.where(node)} imports {name}"
        for module in modules().values()
        if module.floor == "modelwarrant"
        for name, node in imports(module, with_types=True)
        if name.partition(".")[0] not in allowed
    ]
    assert others == []


def test_files_are_small_enough_to_read() -> None:
    assert {m.name: m.lines for m in modules().values() if m.lines > MAX_LINES} == {}


def test_names_say_what_is_inside() -> None:
    assert [name for name in modules() if VAGUE & set(name.split("."))] == []


def test_packages_start_empty() -> None:
    filled = [
        module.name
        for module in modules().values()
        if module.is_package and module.tree.body and module.name != "config"
        if module.name.rpartition(".")[2] not in FILLED_PACKAGES
    ]
    assert filled == []
