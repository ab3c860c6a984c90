"""A part of a TensorFlow graph as a graph of its own, its ends with their axes in ONNX's order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.conversion import Built, legal
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.places import Place
from mlconvert_plugins.tfgraph.weights import Weights

# An end: where the graph has it, and an array of the shape and type that it has outside.
Ends = Mapping[str, tuple[Place, "np.ndarray"]]


def cut(session: Any, given: Ends, wanted: Ends) -> Built:
    """What makes `wanted` from `given`, variables as constants."""
    definition = _between(session, [place for place, _ in given.values()], [place for place, _ in wanted.values()])
    graph = tf.Graph()
    with graph.as_default():
        inputs = {name: _placeholder(name, array) for name, (_, array) in given.items()}
        fed = {place.tensor: _inside(session, inputs[name], place) for name, (place, _) in given.items()}
        taken = {text for node in definition.node for text in node.input}
        mapped = {name: tensor for name, tensor in fed.items() if {name, name.removesuffix(":0")} & taken}
        names = [place.tensor for place, _ in wanted.values()]
        made = tf.graph_util.import_graph_def(definition, input_map=mapped, return_elements=names, name="part")
        ends = zip(wanted.items(), made, strict=True)
        outputs = {name: _outside(name, tensor, place, array) for (name, (place, array)), tensor in ends}
    return Built(graph, inputs, outputs, Weights(graph))


def _placeholder(name: str, array: np.ndarray) -> tf.Tensor:
    return tf.compat.v1.placeholder(tf.dtypes.as_dtype(array.dtype), array.shape, name=legal(name))


def _inside(session: Any, tensor: tf.Tensor, place: Place) -> tf.Tensor:
    laid = tf.transpose(tensor, place.layout) if place.layout else tensor
    return tf.cast(laid, session.graph.get_tensor_by_name(place.tensor).dtype)


def _outside(name: str, tensor: tf.Tensor, place: Place, array: np.ndarray) -> tf.Tensor:
    ordered = tf.transpose(tensor, layouts.inverse(place.layout)) if place.layout else tensor
    return tf.identity(tf.cast(ordered, tf.dtypes.as_dtype(array.dtype)), name=legal(name))


def _between(session: Any, given: Collection[Place], wanted: Collection[Place]) -> Any:
    """The nodes that are needed, as a GraphDef."""
    whole = session.graph.as_graph_def()
    nodes = {node.name: node for node in whole.node}
    fed = {place.tensor for place in given} | {place.tensor.removesuffix(":0") for place in given}
    found: set[str] = set()
    left = [place.tensor for place in wanted]
    while left:
        text = left.pop()
        name = text.removeprefix("^").partition(":")[0]
        if text not in fed and name not in found:
            found.add(name)
            left += () if nodes[name].op == "ReadVariableOp" else nodes[name].input
    part = type(whole)(versions=whole.versions, library=whole.library)
    part.node.extend(node for node in whole.node if node.name in found)
    for node in part.node:
        if node.op == "ReadVariableOp":
            node.CopyFrom(_constant(node, session.run(f"{node.name}:0")))
    return part


def _constant(node: Any, value: np.ndarray) -> Any:
    made = type(node)(name=node.name, op="Const")
    made.attr["dtype"].type = node.attr["dtype"].type
    made.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return made
