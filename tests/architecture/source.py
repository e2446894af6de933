"""The house as data: every source file of the floors, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("modelwarrant", "ledger", "people", "registry", "monitoring", "governance", "config")
"""From the ground up."""


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    lines: int
    tree: ast.Module

    @cached_property
    def inside_functions(self) -> frozenset[int]:
        """ids of the nodes that stand in a function"""
        functions = (n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
        return frozenset(id(inner) for function in functions for inner in ast.walk(function))

    @cached_property
    def for_types(self) -> frozenset[int]:
        """ids of the nodes under `if TYPE_CHECKING`"""
        blocks = (
            n for n in ast.walk(self.tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)
        )
        return frozenset(id(inner) for block in blocks for inner in ast.walk(block))

    @property
    def floor(self) -> str:
        return self.name.partition(".")[0]

    @property
    def room(self) -> str:
        """What stands after the floor: `models`, `services.warrants`; empty for the package itself."""
        return self.name.partition(".")[2]

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    def where(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


@cache
def modules() -> dict[str, Module]:
    """Module name -> module, migrations left out."""
    found = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text()
            found[name] = Module(name, path, len(text.splitlines()), ast.parse(text, str(path)))
    return found


def imports(module: Module, *, with_types: bool = False) -> Iterator[tuple[str, ast.Import | ast.ImportFrom]]:
    """(imported name, statement). `from a import b` gives `a.b` where that is a module of ours, else `a`."""
    for node in ast.walk(module.tree):
        if not with_types and id(node) in module.for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
                package = package[: len(package) - (node.level - 1)]
                base = ".".join([*package, node.module] if node.module else package)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in modules() else base), node


def own_imports(module: Module) -> Iterator[tuple[Module, ast.Import | ast.ImportFrom]]:
    """The imports of `module` that stay in the house."""
    for name, node in imports(module):
        target = modules().get(name)
        if target and target is not module:
            yield target, node
