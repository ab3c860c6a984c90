"""Optional values, which a graph either has or has not: which of the two is known at conversion."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.tfgraph.lazy import np
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("Optional", since=(15, 28), ignores=("type",))
def optional(x: Any = None) -> Any:
    """The value itself, or nothing."""
    return [x]


@op("OptionalHasElement", since=(15, 18, 28))
def optional_has_element(x: Any = None) -> Value:
    """Whether there is a value."""
    return Value(constant=np.asarray(x is not None))


@op("OptionalGetElement", since=(15, 18, 28))
def optional_get_element(x: Any = None, *, node: Node) -> Any:
    """The value."""
    if x is None:
        raise node.refusal("it asks for the value of an optional that has none")
    return [x]
