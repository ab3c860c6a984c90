"""Dims: a size, a name (`batch`), an expression over names (`(h-1)//2+1`), or None for unknown.

Each name has a range: min, opt and max, where max may be open. Expressions come from files, too: they are made of
ints, names, `+ - * // %`, min and max, and nothing else is evaluated.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Optional, Union

Dim = Union[int, str, None]


@dataclass(frozen=True)
class DimRange:
    """The sizes that a named dim takes: 1 <= min <= opt <= max; an open max is None."""

    min: int = 1
    opt: int = 1
    max: Optional[int] = None

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.opt or (self.max is not None and self.opt > self.max):
            raise ValueError(f"a dim range needs min <= opt <= max, not {self}")

    def __str__(self) -> str:
        return f"{self.min}:{self.opt}:{'' if self.max is None else self.max}"

    def __contains__(self, size: int) -> bool:
        return self.min <= size and (self.max is None or size <= self.max)


def parse_dim_range(text: str) -> tuple[str, DimRange]:
    """Read `name=min:opt:max` (an empty max is open) or `name=size`. Raises ValueError."""
    name, equals, sizes = text.partition("=")
    parts = sizes.split(":")
    if not equals or not name.strip().isidentifier() or len(parts) not in (1, 3):
        raise ValueError(f"{text!r} is no dim; write it like 'batch=1:8:32'")
    try:
        numbers = [int(part) if part.strip() else None for part in parts]
    except ValueError:
        raise ValueError(f"{text!r} is no dim; write it like 'batch=1:8:32'") from None
    low, opt, high = numbers * 3 if len(numbers) == 1 else numbers
    if low is None or opt is None:
        raise ValueError(f"{text!r} needs a min and an opt; only max may be open")
    return name.strip(), DimRange(low, opt, high)


_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[[list[int]], int]] = {"max": max, "min": min}


def _parse(expression: str) -> ast.expr:
    """The expression's tree, made of nothing but ints, names, `+ - * // %`, min and max."""
    if len(expression) > 1000:
        raise ValueError("a dim expression of more than 1000 characters")
    try:
        tree = ast.parse(expression, mode="eval").body
        _check(tree)
    except (SyntaxError, MemoryError, RecursionError, ValueError):
        raise ValueError(f"{expression!r} is no dim expression") from None
    return tree


def _check(node: ast.expr) -> None:
    if isinstance(node, ast.Name) and node.id not in _FUNCTIONS:
        parts: list[ast.expr] = []
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        parts = []
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        parts = [node.operand]
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        parts = [node.left, node.right]
    elif isinstance(node, ast.Call) and _is_known_function(node):
        parts = node.args
    else:
        raise ValueError("neither int, name, operator nor function")
    for part in parts:
        _check(part)


def _is_known_function(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and bool(node.args) and not node.keywords


def names_in(dim: Dim) -> tuple[str, ...]:
    """The names that a dim mentions, in order. Raises ValueError for text that is no expression."""
    if not isinstance(dim, str):
        return ()
    nodes = (node for node in ast.walk(_parse(dim)) if isinstance(node, ast.Name))
    in_order = sorted(nodes, key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in in_order if node.id not in _FUNCTIONS))


def evaluate(dim: Dim, sizes: Mapping[str, int]) -> Optional[int]:
    """The size of a dim for the given sizes of the names; None where it cannot be known."""
    if not isinstance(dim, str):
        return dim
    try:
        return _value(_parse(dim), sizes)
    except (KeyError, ZeroDivisionError):
        return None


def _value(node: ast.AST, sizes: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant):
        return int(node.value)  # type: ignore[arg-type]  # _check let ints alone through
    if isinstance(node, ast.Name):
        return sizes[node.id]
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, sizes)
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, sizes), _value(node.right, sizes))
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _FUNCTIONS[node.func.id]([_value(argument, sizes) for argument in node.args])
