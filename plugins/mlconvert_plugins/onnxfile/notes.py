"""What exporters write on ONNX nodes about where they came from: torch's modules, source lines and graph nodes.

Source: torch.onnx's exporter (`pkg.torch.onnx.*` in NodeProto.metadata_props).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

SCOPES, CLASSES, FX_NODE, STACK = (
    f"pkg.torch.onnx.{name}" for name in ("name_scopes", "class_hierarchy", "fx_node", "stack_trace")
)
# What we keep of a stack trace, whose paths are those of one machine.
LINE = "mlconvert.source_line"
_FRAME = re.compile(r'File "([^"]*)", line (\d+), in (\S+)')
_TORCH = re.compile(r"[\\/](site|dist)-packages[\\/]torch[\\/]")


def of(node: onnx.NodeProto) -> dict[str, str]:
    """A node's notes by their names."""
    return {entry.key: entry.value for entry in node.metadata_props}


def fx_name(notes: Mapping[str, str]) -> str:
    """The name of the program's node that an ONNX node came from; '' where the exporter does not say."""
    found = re.match(r"%(\w+) ", notes.get(FX_NODE, ""))
    return found[1] if found else ""


def module_path(notes: Mapping[str, str]) -> str:
    """The torch module that an ONNX node came from, with its class: `layers.0.conv (torch.nn.modules.conv.Conv2d)`."""
    scopes, classes = (re.findall(r"'([^']*)'", notes.get(key, "")) for key in (SCOPES, CLASSES))
    modules = [(scope, kind) for scope, kind in zip(scopes, classes, strict=False) if scope]
    # The last entry is the operator itself.
    inside = modules[:-1] if len(scopes) == len(classes) and modules else []
    if not inside:
        return classes[0] if classes else ""
    return f"{inside[-1][0]} ({inside[-1][1]})"


def source_line(notes: Mapping[str, str]) -> str:
    """The line of the model's own code that a node came from, like `net.py:12 in forward`; '' where nothing says it.

    It is the innermost one that is not torch's. The file goes by its base name.
    """
    if LINE in notes:
        return notes[LINE]
    frames = [frame for frame in _FRAME.findall(notes.get(STACK, "")) if not _TORCH.search(frame[0])]
    if not frames:
        return ""
    path, line, function = frames[-1]
    name = re.split(r"[\\/]", path)[-1]
    return f"{name}:{line} in {function}"


def origin(notes: Mapping[str, str]) -> str:
    """The torch module and the source line, as far as the notes have them."""
    return " at ".join(filter(None, (module_path(notes), source_line(notes))))
