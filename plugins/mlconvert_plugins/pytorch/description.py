"""What `inspect` shows of a PyTorch file, read with the standard library: sizes, versions, operators, notes."""

from __future__ import annotations

import ast
import collections
import json
from pathlib import Path
from typing import Any

from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch.archive import Archive, opened
from mlconvert_plugins.pytorch.flavours import flavour_of
from mlconvert_plugins.pytorch.trust import why_it_executes

_SHOWN = 100


def describe(path: Path) -> dict[str, Any]:
    """Bytes of tensors, torch's version, calls of operators by name, and what stands out (`notes`)."""
    flavour = flavour_of(path)
    entry: dict[str, Any] = {"bytes": path.stat().st_size}
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"PK"
    if zipped:
        with opened(path) as archive:
            entry |= _tensors(archive) | (_program(archive) if flavour == "exported" else {})
            if flavour == "torchscript":
                entry["ops"] = _shown(_script_operators(archive))
    reason = why_it_executes(path, flavour)
    entry["notes"] = [f"needs --trust: {for_terminal(reason)}"] if reason else []
    return entry


def _tensors(archive: Archive) -> dict[str, int]:
    """Tensors are the members named by number, or after what they are."""
    sizes = [archive.size(name) for name in archive.names if _is_tensor(name)]
    return {"tensors": len(sizes), "tensor_bytes": sum(sizes)}


def _is_tensor(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    in_program = folder in ("data/weights", "data/constants") and last.startswith(("weight_", "tensor_"))
    return in_program or (folder in ("data", "constants") and last.isdigit())


def _program(archive: Archive) -> dict[str, Any]:
    document = next((n for n in archive.names if n.startswith("models/")), "serialized_exported_program.json")
    program = json.loads(archive.read(document))
    nodes = program.get("graph_module", {}).get("graph", {}).get("nodes", [])
    counted = collections.Counter(str(node.get("target", "")).removeprefix("torch.ops.") for node in nodes)
    return {"torch": for_terminal(program.get("torch_version", "")), "nodes": len(nodes), "ops": _shown(counted)}


def _script_operators(archive: Archive) -> collections.Counter[str]:
    counted: collections.Counter[str] = collections.Counter()
    for name in archive.names:
        if name.startswith("code/") and name.endswith(".py"):
            tree = ast.parse(archive.read(name))
            calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
            counted.update(call for call in calls if call.startswith(("torch.", "ops.")))
    return counted


def _shown(counted: collections.Counter[str]) -> dict[str, int]:
    return {for_terminal(name): count for name, count in counted.most_common(_SHOWN)}
