"""What a program does that a file of weights and operators cannot: keep state from call to call, or roll dice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import Node

# Where the argument stands that says that the operator is at training (native_functions.yaml).
_TRAINING = {"aten.dropout.default": 2, "aten.batch_norm.default": 5, "aten.feature_dropout.default": 2}

_RUNNING_MEAN = 3


def training(exported: ExportedProgram) -> Iterator[Refusal]:
    """Operators that are at training: they would drop values, or learn statistics."""
    found = [node.name for node in exported.graph.nodes if _is_training(node)]
    if found:
        message = f"the model was exported in training mode: {len(found)} of its operators are at training"
        yield Refusal("training-mode", message, for_terminal(found[0]), "call model.eval() before torch.export.export")


def writing(exported: ExportedProgram) -> Iterator[Refusal]:
    """State and inputs that a program writes to; its decomposed form tells them."""
    signature = exported.graph_signature
    for name in signature.buffers_to_mutate.values():
        text = f"the model changes its own state {name!r} when it runs, which ONNX cannot keep"
        yield Refusal("stateful", for_terminal(text), for_terminal(name), "make that state an input and an output")
    for name in signature.user_inputs_to_mutate.values():
        text = f"the model writes into its input {name!r}"
        yield Refusal("writes-input", for_terminal(text), for_terminal(name), "make it work on a copy")


def _is_training(node: Node) -> bool:
    name = str(node.target)
    place = _TRAINING.get(name)
    if place is None or len(node.args) <= place or node.args[place] is not True:
        return False
    # Without running statistics a batch norm learns nothing: so convolutions standardise their weights.
    return name != "aten.batch_norm.default" or node.args[_RUNNING_MEAN] is not None
