"""Dims between torch and a signature: torch's symbols and sympy's text there, names and Python's syntax here."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Union

from mlconvert.signature import Dim, evaluate, names_in

# What torch's symbols are called in a signature: a name, an expression over names, or a size.
Renaming = Mapping[str, Union[int, str]]

# What torch's functions of sizes mean (torch/utils/_sympy/functions.py), in the words that a dim has.
_MEANINGS = {
    "FloorDiv": "({0})//({1})",
    "CleanDiv": "({0})//({1})",
    "CeilDiv": "-((-({0}))//({1}))",
    "Mod": "({0})%({1})",
    "PythonMod": "({0})%({1})",
    "ModularIndexing": "({0})//({1})%({2})",
    "Identity": "{0}",
    "Max": "max({all})",
    "Min": "min({all})",
}
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}


def readable(text: str, renaming: Renaming) -> Dim:
    """torch's text of a size as a dim: `(((s53 - 1)//2)) + 1` becomes `(h-1)//2+1`.

    None (unknown) where it holds a symbol without a name, or what a dim expression has no word for.
    """
    try:
        plain = ast.unparse(ast.parse(_words(ast.parse(text.strip(), mode="eval").body, renaming))).replace(" ", "")
        names = names_in(plain)
    except (SyntaxError, ValueError, KeyError, IndexError, RecursionError):
        return None
    return plain if names else evaluate(plain, {})


def _words(node: ast.expr, renaming: Renaming) -> str:
    """Python's text of an expression, with the symbols renamed. Raises KeyError for what has no word."""
    if isinstance(node, ast.Constant):
        return str(int(node.value)) if type(node.value) is int else _unknown(node)
    if isinstance(node, ast.Name):
        return f"({renaming[node.id]})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"-({_words(node.operand, renaming)})"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args, renaming)
    if isinstance(node, ast.BinOp):
        return _operation(node, renaming)
    return _unknown(node)


def _call(name: str, arguments: list[ast.expr], renaming: Renaming) -> str:
    if name in ("FloorToInt", "CeilToInt", "TruncToInt"):  # of a true division, and of nothing else
        inner = arguments[0]
        if not (isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "IntTrueDiv"):
            return _unknown(inner)
        name, arguments = ("CeilDiv" if name == "CeilToInt" else "FloorDiv"), inner.args
    words = [_words(argument, renaming) for argument in arguments]
    return "(" + _MEANINGS[name].format(*words, all=",".join(words)) + ")"


def _operation(node: ast.BinOp, renaming: Renaming) -> str:
    left, right = _words(node.left, renaming), _words(node.right, renaming)
    if isinstance(node.op, ast.Pow):
        return "*".join([f"({left})"] * int(right)) if right in ("2", "3", "4") else _unknown(node)
    return f"({left}){_OPERATORS[type(node.op)]}({right})"


def _unknown(node: ast.AST) -> str:
    raise KeyError(ast.dump(node))
