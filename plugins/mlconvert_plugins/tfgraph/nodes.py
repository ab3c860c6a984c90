"""A node as handlers see it, and the attributes that they are called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Node:
    """What a handler may know of its node beside inputs and attributes. An output that nobody wants has no name."""

    name: str
    op: str
    domain: str
    since: int
    outputs: tuple[str, ...]

    @property
    def where(self) -> str:
        """The node in words."""
        return f"{self.op} node {self.name or (self.outputs[0] if self.outputs else '')!r}"

    def refusal(self, reason: str, fix: str = "") -> ConversionError:
        """The error to raise for what TensorFlow cannot do, or this handler does not."""
        return ConversionError(f"{self.where}: {reason}", code="unsupported-op", where=self.where, fix=fix)

    def wants(self, number: int) -> bool:
        """Whether somebody takes this output."""
        return number < len(self.outputs) and bool(self.outputs[number])


def bound(node: onnx.NodeProto, caller: Mapping[str, onnx.AttributeProto]) -> dict[str, onnx.AttributeProto]:
    """A node's attributes by name; those that refer to attributes of the function it stands in are the caller's."""
    found = {}
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            found[attribute.name] = attribute
        elif attribute.ref_attr_name in caller:
            found[attribute.name] = caller[attribute.ref_attr_name]
    return found
