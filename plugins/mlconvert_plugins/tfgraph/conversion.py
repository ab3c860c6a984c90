"""The walk over an ONNX graph that makes a TensorFlow graph: each node by its handler, or by what it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.onnxfile.audit import domain_of
from mlconvert_plugins.tfgraph import functions, registry, sizes
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node, bound
from mlconvert_plugins.tfgraph.registry import Handler
from mlconvert_plugins.tfgraph.tensors import to_array, to_dense
from mlconvert_plugins.tfgraph.values import Item, Value
from mlconvert_plugins.tfgraph.weights import Weights, collected

if TYPE_CHECKING:
    import onnx

# A node on constants alone becomes a constant, unless that makes more than this of less.
_FOLDED = 2**20
_FIX = "convert with -v, and report the node if the model is sound"
# Where TensorFlow's message says what the node has become.
_OWN_NODE = re.compile(r" for '\{\{node [^']*'")


@dataclass
class Built:
    """A TensorFlow graph, the tensors by the names of the signature's inputs and outputs, and its weights."""

    graph: Any
    inputs: dict[str, tf.Tensor]
    outputs: dict[str, tf.Tensor]
    weights: Weights


def build(
    proto: onnx.ModelProto, signature: Signature, folder: Path, initializers: Mapping[str, np.ndarray] | None = None
) -> Built:
    """The model as a TensorFlow graph; external data lies in `folder`, and `initializers` are those taken out of it.

    Raises ConversionError that names the node which cannot be converted.
    """
    return walked(proto, signature, folder, initializers or {})[0]


def walked(
    proto: onnx.ModelProto, signature: Signature, folder: Path, initializers: Mapping[str, np.ndarray]
) -> tuple[Built, Scope]:
    """What `build` makes, and what the names of the ONNX graph stand for in it."""
    graph = tf.__internal__.FuncGraph("model")
    walk = Walk.of(proto, folder)
    with graph.as_default(), collected(graph) as weights:
        inputs = {tensor.name: placeholder(tensor) for tensor in signature.inputs}
        given: dict[str, Any] = {name: Value(tensor) for name, tensor in inputs.items()}
        given |= {name: Value(constant=array) for name, array in initializers.items()}
        scope = Scope(given)
        found = walk.graph(proto.graph, scope)
        outputs = {tensor.name: output(tensor, value) for tensor, value in zip(signature.outputs, found, strict=True)}
    return Built(graph, inputs, outputs, weights), scope


def legal(name: str) -> str:
    """The name as TensorFlow's graphs take it."""
    plain = re.sub(r"[^A-Za-z0-9_.\-/]", "_", name).strip("/") or "_"
    return plain if plain[0].isalnum() or plain[0] == "." else f"n{plain}"


def placeholder(tensor: Tensor) -> tf.Tensor:
    """An input of the graph that is being built."""
    dtype = tf.dtypes.as_dtype(_numpy_name(tensor.dtype))
    return tf.compat.v1.placeholder(dtype, _sizes(tensor), name=legal(tensor.name))


def _numpy_name(dtype: str) -> Any:
    try:
        return np.dtype("O" if dtype == "string" else dtype)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, dtype))


def output(tensor: Tensor, value: Any) -> tf.Tensor:
    """The tensor of an output, of known rank. Raises ConversionError (`not-a-tensor`) for a sequence."""
    if not isinstance(value, Value):
        raise ConversionError(f"output {tensor.name!r} is no tensor", code="not-a-tensor", where=tensor.name)
    found = value.tensor
    if found.shape.rank is None:
        found = tf.ensure_shape(found, _sizes(tensor))
    return tf.identity(found, name=legal(tensor.name))


def _sizes(tensor: Tensor) -> list[int | None]:
    return [size if isinstance(size, int) else None for size in tensor.shape]


class Scope:
    """Values by name: those of a graph, and behind them those of the graph around it."""

    def __init__(self, values: Mapping[str, Any], outer: Optional[Scope] = None) -> None:
        self._values = dict(values)
        self._outer = outer

    def __getitem__(self, name: str) -> Any:
        scope: Optional[Scope] = self
        while scope is not None:
            if name in scope._values:
                return scope._values[name]
            scope = scope._outer
        raise ConversionError(f"no node makes {name!r}", code="missing-tensor", where=name)

    def get(self, name: str) -> Any:
        """What the graph itself has under this name, None for nothing."""
        return self._values.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value


@dataclass(frozen=True)
class Subgraph:
    """A graph in an attribute: a function of its inputs that sees the values around its node."""

    proto: onnx.GraphProto
    walk: Walk
    scope: Scope

    @property
    def inputs(self) -> int:
        """How many inputs it takes."""
        return len(self.proto.input)

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return len(self.proto.node)

    def rank(self, number: int) -> int | None:
        """The number of axes that it declares for an input, None where it says nothing of it."""
        declared = self.proto.input[number].type.tensor_type
        return len(declared.shape.dim) if declared.HasField("shape") else None

    def __call__(self, *values: Any) -> list[Any]:
        """The outputs for these inputs, made in the graph that is being built."""
        given = {slot.name: value for slot, value in zip(self.proto.input, values, strict=True)}
        return self.walk.graph(self.proto, Scope(given, self.scope))


@dataclass(frozen=True)
class Walk:
    """What stays the same for the nodes of a graph, or of a function: versions, functions, the caller's attributes."""

    opsets: Mapping[str, int]
    functions: Mapping[tuple[str, str, str], onnx.FunctionProto]
    folder: Path
    attributes: Mapping[str, onnx.AttributeProto] = field(default_factory=dict)

    @staticmethod
    def of(proto: onnx.ModelProto, folder: Path) -> Walk:
        """The walk over a model's main graph."""
        return Walk(functions.opsets(proto.opset_import), functions.local(proto), folder)

    def graph(self, proto: onnx.GraphProto, scope: Scope) -> list[Any]:
        """Walk the nodes; the graph's outputs, in order. Inputs stand in the scope already."""
        for tensor in proto.initializer:
            scope[tensor.name] = Value(constant=to_array(tensor, self.folder))
        for sparse in proto.sparse_initializer:
            scope[sparse.values.name] = Value(constant=to_dense(sparse, self.folder))
        self.nodes(proto.node, scope)
        return [scope[output.name] for output in proto.output]

    def nodes(self, nodes: Iterable[onnx.NodeProto], scope: Scope) -> None:
        """Walk the nodes, which are in an order in which they can run; what they make goes into the scope."""
        for proto in nodes:
            results = self.node(proto, [scope[name] if name else None for name in proto.input], scope)
            for name, result in zip(proto.output, results, strict=False):
                if name:
                    scope[name] = result

    def node(self, proto: onnx.NodeProto, inputs: Sequence[Any], scope: Scope) -> Sequence[Any]:
        """What one node makes: by its function, by its handler, or by ONNX's own definition of it."""
        domain = domain_of(proto.domain)
        attributes = bound(proto, self.attributes)
        local = self.functions.get((domain, proto.op_type, proto.overload))
        if local is not None:
            return self.call(local, inputs, attributes)
        opset = self.opsets.get(domain, 1)
        handler = registry.find(domain, proto.op_type, opset)
        if handler is not None:
            version = registry.since(domain, proto.op_type, opset)
            node = Node(proto.name, proto.op_type, domain, version or 1, tuple(proto.output))
            decoded = {name: self.decoded(value, scope) for name, value in attributes.items()}
            return _handled(handler, node, inputs, decoded)
        definition = functions.definition(proto, attributes, inputs, self.opsets)
        if definition is not None:
            return self.call(definition, inputs, {**functions.defaults(domain, proto.op_type, opset), **attributes})
        node = Node(proto.name, proto.op_type, domain, 0, tuple(proto.output))
        raise node.refusal(f"opset {opset} of {domain or 'ai.onnx'} means it in a way that is not supported")

    def call(
        self, function: onnx.FunctionProto, inputs: Sequence[Any], given: Mapping[str, onnx.AttributeProto]
    ) -> list[Any]:
        """What a function makes of inputs and attributes."""
        attributes = {**{attribute.name: attribute for attribute in function.attribute_proto}, **given}
        own = functions.opsets(function.opset_import)
        walk = Walk({**self.opsets, **own}, self.functions, self.folder, attributes)
        scope = Scope(dict.fromkeys(function.input))
        for name, value in zip(function.input, inputs, strict=False):
            scope[name] = value
        walk.nodes(function.node, scope)
        # A definition need not make the outputs that nobody wants.
        return [scope.get(name) for name in function.output]

    def decoded(self, attribute: onnx.AttributeProto, scope: Scope) -> Any:
        """An attribute's value: int, float, str, array, subgraph, type, or a list of them."""
        kinds = attribute.AttributeType
        plain: dict[int, Callable[[], Any]] = {
            kinds.FLOAT: lambda: attribute.f,
            kinds.INT: lambda: attribute.i,
            kinds.STRING: lambda: attribute.s.decode("utf-8", "replace"),
            kinds.TENSOR: lambda: to_array(attribute.t, self.folder),
            kinds.SPARSE_TENSOR: lambda: to_dense(attribute.sparse_tensor, self.folder),
            kinds.GRAPH: lambda: Subgraph(attribute.g, self, scope),
            kinds.TYPE_PROTO: lambda: attribute.tp,
            kinds.FLOATS: lambda: list(attribute.floats),
            kinds.INTS: lambda: list(attribute.ints),
            kinds.STRINGS: lambda: [text.decode("utf-8", "replace") for text in attribute.strings],
            kinds.TENSORS: lambda: [to_array(tensor, self.folder) for tensor in attribute.tensors],
        }
        if attribute.type not in plain:
            message = f"attribute {attribute.name!r} has a type that is not supported"
            raise ConversionError(message, code="unsupported-attribute", where=attribute.name)
        return plain[attribute.type]()


def _handled(handler: Handler, node: Node, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Sequence[Any]:
    """What a handler makes: sizes by arithmetic on them, constants at once, all else in the graph."""
    known = sizes.computed(node.op, inputs, attributes) if not node.domain else None
    if known is not None:
        return [known]
    # Attributes that a function gets from its caller are known here and not before.
    for name, values in handler.only.items():
        if name in attributes and attributes[name] not in values:
            raise node.refusal(f"{name}={attributes[name]} is not supported")
    given = {name: value for name, value in attributes.items() if name not in handler.ignores}
    if handler.takes_node:
        given["node"] = node
    try:
        constant = all(value is None or (isinstance(value, Value) and value.constant is not None) for value in inputs)
        if constant and handler.folds:
            with tf.init_scope():
                results = _results(handler.call(*inputs, **given))
            if _is_worth_it(inputs, results):
                return results
        with tf.name_scope(legal(node.name or node.op)):
            return _results(handler.call(*inputs, **given))
    except ConversionError as error:
        if error.where.startswith(node.op):
            raise
        where = error.where or node.where
        raise ConversionError(f"{node.where}: {error}", code=error.code, where=where, fix=error.fix) from error
    except Exception as error:  # TensorFlow's errors have no common base, and name no node
        text = _OWN_NODE.sub("", (str(error).strip() or type(error).__name__).splitlines()[0])
        raise ConversionError(f"{node.where}: {text}", code="node-failed", where=node.where, fix=_FIX) from error


def _results(made: Any) -> list[Any]:
    results = made if isinstance(made, (tuple, list)) else [made]
    return [result if result is None or isinstance(result, Item) else Value.of(result) for result in results]


def _is_worth_it(inputs: Sequence[Any], results: Sequence[Any]) -> bool:
    """Whether the constants that a node has become are not much larger than those it was made from."""
    if not all(isinstance(result, Value) and result.constant is not None for result in results):
        return False
    before = sum(value.constant.nbytes for value in inputs if value is not None)
    return bool(sum(result.constant.nbytes for result in results) <= max(2 * before, _FOLDED))
