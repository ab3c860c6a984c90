"""Vetting the program inside a .pt2 archive before torch reads it.

torch turns strings of `models/*.json` into Python in several ways: symbolic expressions go through sympy's `eval`,
guards through `exec`, names become generated source, an operator is found by walking attributes from `torch`, and
the types of nested inputs by importing modules (torch/_export/serde/serialize.py, torch/export/_unlift.py,
torch/utils/_pytree.py). So every such string is checked here against what torch.export.save writes.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Optional

_OPERATOR = r"(?!from_file\.|save\.|load\.|_print\.)(_?[A-Za-z]\w*|__i?(and|or|xor|lshift|rshift)__)\.[A-Za-z]\w*"
_TARGET = re.compile(
    rf"torch\.ops\.(aten|prims|quantized_decomposed|torchvision)\.{_OPERATOR}"
    r"|torch\.ops\.higher_order\.(cond|while_loop|scan|map_impl|wrap_with_set_grad_enabled|wrap_with_autocast)"
    r"|torch\._?sym_[a-z]\w*|math\.[a-z]\w*"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|neg|pos|pow|abs|eq|ne|lt|le|gt|ge|getitem|and_|or_|not_|lshift|rshift)"
)
# A name becomes a variable of generated source, a path stands between quotes in it.
_NAME = re.compile(r"[\w.]*")
_WORD = re.compile(r"\w+|-?[\d.e+-]+")
_PATH = re.compile(r"[\w.:/@+ -]*")
_TYPES = frozenset(
    {
        "builtins.list", "builtins.tuple", "builtins.dict", "collections.OrderedDict", "collections.namedtuple",
        "collections.deque", "torch.Size", "torch.return_types",
        "torch.fx.immutable_collections.immutable_list", "torch.fx.immutable_collections.immutable_dict",
    }
)  # fmt: skip
_OUTPUT_TYPES = ("transformers.modeling_outputs.",)
_FUNCTION_NAMES = """
    Symbol Integer Rational Float Add Mul Pow FloorDiv ModularIndexing Where PythonMod Mod CleanDiv CeilToInt FloorToInt
    CeilDiv LShift RShift PowByNatural FloatPow FloatTrueDiv IntTrueDiv IsNonOverlappingAndDenseIndicator TruncToFloat
    TruncToInt RoundToInt RoundDecimal ToFloat Identity Max Min Eq Ne Lt Le Gt Ge And Or Not Abs floor ceiling sqrt
    max min abs int float round bool
"""
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_METHODS = frozenset({"size", "stride", "storage_offset", "dim", "numel", "ndim"})
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.operator, ast.unaryop, ast.boolop,
    ast.cmpop, ast.expr_context, ast.keyword,
)  # fmt: skip


def objection(document: bytes) -> Optional[str]:
    """What in a serialized program could run code when torch reads or runs it; None when nothing can.

    Raises ValueError when the document is no JSON.
    """
    try:
        program = json.loads(document)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return next(_objections(program), None)


def _objections(program: Any) -> Iterator[str]:
    stack: list[tuple[str, Any]] = [("", program)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value.items())
            yield from (f"the name {name!r}" for name in value if not _is_plain_key(key, name))
        elif isinstance(value, list):
            stack.extend((key, item) for item in value)
        elif isinstance(value, str) and not _CHECKS.get(key, _anything)(value):
            yield f"the {key.replace('_', ' ')} {value!r}"


def _is_plain_key(owner: str, name: str) -> bool:
    """Names of values stand as keys too, and become variables of generated source."""
    return not owner.endswith("_values") or _is_name(name)


def _anything(text: str) -> bool:
    return True


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _is_path(text: str) -> bool:
    return _PATH.fullmatch(text) is not None


def _is_target(text: str) -> bool:
    return _TARGET.fullmatch(text) is not None


def _is_expression(text: str) -> bool:
    """sympy's long form, like `FloorDiv(Symbol('s0', integer=True), Integer(2))`: known functions, numbers, words."""
    return _consists_of(text, lambda node: _is_arithmetic(node) or _is_word(node))


def _is_guard(text: str) -> bool:
    """A condition on the sizes of inputs, like `L['x'].size()[0] == 2*L['y'].size()[1]`."""
    return _consists_of(text, lambda node: _is_arithmetic(node) or _is_access(node))


def _consists_of(text: str, allowed: Callable[[ast.AST], bool]) -> bool:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return all(allowed(node) for node in ast.walk(tree))


def _is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    if isinstance(node, ast.Name):
        return "__" not in node.id
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    return isinstance(node, _NODES)


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORD.fullmatch(node.value) is not None


def _is_access(node: ast.AST) -> bool:
    """`L['x']`, `.size()` and `[0]`; the text of a guard is pasted between quotes too, so the key is a plain name."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and not node.args and not node.keywords
    return (
        _is_word(node) or isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in _METHODS)
    )


def _is_tree(text: str) -> bool:
    """A pytree's specification of plain containers: others are looked up or imported by their name."""
    try:
        stack = [json.loads(text)]
    except (ValueError, RecursionError):
        return False
    while stack:
        entry = stack.pop()
        if isinstance(entry, list):
            stack.extend(entry)
        elif isinstance(entry, dict):
            kind = entry.get("type")
            known = kind is None or kind in _TYPES or str(kind).startswith(_OUTPUT_TYPES)
            if not known or "__enum__" in str(entry.get("context")):
                return False
            stack.extend(entry.get("children_spec", ()))
    return True


_CHECKS: dict[str, Callable[[str], bool]] = {
    "target": _is_target,
    "as_operator": _is_target,
    "expr_str": _is_expression,
    "guards_code": _is_guard,
    "in_spec": _is_tree,
    "out_spec": _is_tree,
    "name": _is_name,
    "as_name": _is_name,
    "fqn": _is_path,
    "parameter_name": _is_path,
    "buffer_name": _is_path,
    "tensor_constant_name": _is_path,
    "custom_obj_name": _is_path,
    "user_input_name": _is_path,
}
