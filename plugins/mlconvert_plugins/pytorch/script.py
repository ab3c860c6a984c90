"""Vetting the code of a TorchScript archive: TorchScript cannot import, but some of its operators touch files.

Its source (`code/**.py`) is Python's syntax with a fixed set of roots: `torch.x` is an operator of aten,
`ops.namespace.x` any other one, `__torch__.x` a class of the file or, below `torch.classes`, one of C++.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Optional

# Operators on tensors alone; `aten` comes as `torch.x`.
_NAMESPACES = frozenset({"aten", "prim", "prims", "quantized", "_quantized", "torchvision", "mkldnn_prepacked"})
_CLASSES = re.compile(r"__torch__\.torch\.classes\.(?!quantized\.)(\w+(\.\w+)?)")
# Operators of aten that read or write files. A method of the same name is an operator called by another syntax.
_OUTSIDE = frozenset({"from_file", "save", "load", "_save", "_load", "read_file", "decode_file"})


def objection(name: str, source: bytes) -> Optional[str]:
    """What in one source file reaches outside of the model; None when nothing does."""
    try:
        text = source.decode()
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return f"{name} is code that cannot be read"
    found = _CLASSES.search(text)
    if found:
        return f"{name} uses the C++ class {found[1]}"
    return next((f"{name} {reason}" for reason in _objections(tree)), None)


def _objections(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield "imports something"
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in _OUTSIDE:
            yield f"uses {node.attr}, which reads or writes files"
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id == "ops" and node.attr not in _NAMESPACES:
            yield f"uses operators of {node.attr}, which are not torch's own"
