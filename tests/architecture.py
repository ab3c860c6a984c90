"""The imports of this repository's source files, read without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CORE = REPOSITORY / "convert" / "mlconvert"
PLUGINS = REPOSITORY / "plugins" / "mlconvert_plugins"

# From the lowest layer up: a module imports from its own layer and from those below.
LAYERS = tuple(
    layer.split()
    for layer in (
        "errors dims signature artifact host tokens probes format ranges stage runner wire worker hooks text usercode",
        "options licences registry edges routes cache manifest commit contexts request sources naming requirements "
        "environments subjects envelope tally compare judge hops places accuracy datasets parity reports evidence",
        "frame validation rejudging",
        "benchmark",
        "api",
        "cli testing __main__",
    )
)
LOWEST = frozenset(LAYERS[0])


@dataclass(frozen=True)
class Import:
    """One import: the module that is named, and when it happens: `load`, `call` (in a function) or `typing`."""

    module: str
    when: str
    line: int


def imports(path: Path) -> list[Import]:
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), "load"))


def _imports(node: ast.AST, when: str) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, when, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0 and node.module, f"line {node.lineno}: imports here are absolute"
        yield from (Import(_named(node.module, alias.name), when, node.lineno) for alias in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        when = "call"
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for child in node.body:
            yield from _imports(child, "typing")
        for child in node.orelse:
            yield from _imports(child, when)
        return
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, when)


def _named(package: str, name: str) -> str:
    """`from package import name` names a module where there is one, else something in the package."""
    for root in (CORE.parent, PLUGINS.parent):
        folder = root / package.replace(".", "/")
        if (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file():
            return f"{package}.{name}"
    return package


def modules(package: Path) -> dict[str, Path]:
    """The package's modules by their dotted names below it; the package itself is ''."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found
