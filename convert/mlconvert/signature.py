"""What goes into a model and what comes out, in the model's own names and order.

A tensor's dim is an int, a name (`batch`), an expression over names (`(h-1)//2+1`) or None (unknown).
Each name has a range: min, opt and max, where max may be open.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional, Union

Dim = Union[int, str, None]

DTYPES = frozenset(
    [
        "bool",
        "int4",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint4",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "bfloat16",
        "float32",
        "float64",
        "float4_e2m1fn",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "complex64",
        "complex128",
        "string",
    ]
)


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


@dataclass(frozen=True)
class Tensor:
    """One input or output. `range` bounds the values drawn for it in parity, both ends included."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    range: Optional[tuple[float, float]] = None

    def __str__(self) -> str:
        dims = ",".join("?" if dim is None else str(dim) for dim in self.shape)
        drawn = "" if self.range is None else f"={_number(self.range[0])}..{_number(self.range[1])}"
        return f"{self.name}:{self.dtype}[{dims}]{drawn}"


@dataclass(frozen=True)
class Column:
    """One feature of a tabular model: `type` is numeric, categorical, boolean or text; `missing` is its rule."""

    name: str
    type: str
    categories: Optional[tuple[Any, ...]] = None
    missing: Optional[str] = None


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs in order, the ranges of their named dims, and for tabular models columns and labels."""

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    dims: Mapping[str, DimRange] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    labels: tuple[Any, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The manifest's form of the signature."""
        entry: dict[str, Any] = {
            "inputs": [_tensor_json(tensor) for tensor in self.inputs],
            "outputs": [_tensor_json(tensor) for tensor in self.outputs],
            "dims": {name: [r.min, r.opt, r.max] for name, r in self.dims.items()},
        }
        if self.columns:
            entry["columns"] = [
                {key: value for key, value in vars(column).items() if value is not None} for column in self.columns
            ]
        if self.labels:
            entry["labels"] = list(self.labels)
        return entry

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Signature:
        """The signature that `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return Signature(
            inputs=tuple(_tensor_from_json(tensor) for tensor in entry["inputs"]),
            outputs=tuple(_tensor_from_json(tensor) for tensor in entry["outputs"]),
            dims={name: DimRange(*sizes) for name, sizes in entry["dims"].items()},
            columns=tuple(
                Column(c["name"], c["type"], tuple(c["categories"]) if "categories" in c else None, c.get("missing"))
                for c in entry.get("columns", ())
            ),
            labels=tuple(entry.get("labels", ())),
        )

    def names(self) -> tuple[str, ...]:
        """The names of the dims that the inputs mention, in order of appearance."""
        found: dict[str, None] = {}
        for tensor in self.inputs:
            for dim in tensor.shape:
                found.update(dict.fromkeys(names_in(dim)))
        return tuple(found)

    def range_of(self, name: str) -> DimRange:
        """The range of a named dim; one that nobody bounded is 1 and up."""
        return self.dims.get(name, DimRange())

    def merged(self, inputs: Iterable[Tensor], dims: Mapping[str, DimRange]) -> Signature:
        """This signature with what the user wrote: inputs replace those of the same name, dims are added.

        Raises ValueError for an input the signature does not have, another dtype or another rank; a
        signature without inputs takes them all.
        """
        given = {tensor.name: tensor for tensor in inputs}
        known = {tensor.name: tensor for tensor in self.inputs}
        if not known:
            return replace(self, inputs=tuple(given.values()), dims={**self.dims, **dims})
        for tensor in given.values():
            own = known.get(tensor.name)
            if own is None:
                raise ValueError(f"the model has no input {tensor.name!r}; its inputs are: {', '.join(known)}")
            if own.dtype != tensor.dtype:
                raise ValueError(f"input {tensor.name!r} is {own.dtype}, not {tensor.dtype}")
            if len(own.shape) != len(tensor.shape):
                raise ValueError(f"input {tensor.name!r} has rank {len(own.shape)}, not {len(tensor.shape)}")
        return replace(
            self, inputs=tuple(given.get(name, own) for name, own in known.items()), dims={**self.dims, **dims}
        )


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value)).removesuffix(".0")


def _tensor_json(tensor: Tensor) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}
    if tensor.range is not None:
        entry["range"] = list(tensor.range)
    return entry


def _tensor_from_json(entry: Mapping[str, Any]) -> Tensor:
    bounds = entry.get("range")
    return Tensor(entry["name"], entry["dtype"], tuple(entry["shape"]), None if bounds is None else tuple(bounds))


# --- the words a user writes -------------------------------------------------------------------------

_TENSOR = re.compile(r"(?P<name>.+?):(?P<dtype>\w+)\[(?P<shape>[^\[\]]*)\](?:=(?P<low>.+?)\.\.(?P<high>.+))?")


def parse_tensor(text: str) -> Tensor:
    """Read `name:dtype[dim,dim,…]`, with `=low..high` for the values to draw. Raises ValueError."""
    match = _TENSOR.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no input; write it like 'x:float32[batch,3,224,224]'")
    if match["dtype"] not in DTYPES:
        raise ValueError(f"{match['dtype']!r} is no dtype; known are: {', '.join(sorted(DTYPES))}")
    dims = match["shape"].strip()
    shape = tuple(_parse_dim(dim.strip()) for dim in _split(dims)) if dims else ()
    bounds = None if match["low"] is None else _parse_bounds(match["low"], match["high"], text)
    return Tensor(match["name"], match["dtype"], shape, bounds)


def _split(dims: str) -> list[str]:
    """The parts between the commas that stand outside every call: `batch,max(h,w)` has two."""
    parts = [""]
    depth = 0
    for letter in dims:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _parse_bounds(low: str, high: str, text: str) -> tuple[float, float]:
    try:
        bounds = (float(low), float(high))
    except ValueError:
        bounds = (math.nan, math.nan)
    if not all(map(math.isfinite, bounds)):
        raise ValueError(f"{text!r} has no readable range; write it like '=0..30521'")
    if bounds[0] > bounds[1]:
        raise ValueError(f"the range of {text!r} is empty")
    return bounds


def _parse_dim(text: str) -> Dim:
    if text == "?":
        return None
    if re.fullmatch(r"\d+", text):
        return int(text)
    names_in(text)  # raises for what is neither a name nor an expression
    return text


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


# --- expressions -------------------------------------------------------------------------------------

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
