"""Functions: those of the model, and ONNX's own definitions of operators by other operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.onnxfile.audit import domain_of
from mlconvert_plugins.tfgraph.lazy import np
from mlconvert_plugins.tfgraph.values import Value

if TYPE_CHECKING:
    import onnx


def opsets(entries: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Versions by domain."""
    return {domain_of(entry.domain): entry.version for entry in entries}


def local(proto: onnx.ModelProto) -> dict[tuple[str, str, str], onnx.FunctionProto]:
    """The model's own functions by domain, name and overload."""
    return {(domain_of(one.domain), one.name, one.overload): one for one in proto.functions}


def defaults(domain: str, name: str, opset: int) -> dict[str, onnx.AttributeProto]:
    """The values of an operator's attributes where a node does not say them."""
    attributes = _schema(domain, name, opset).attributes.items()
    return {key: attribute.default_value for key, attribute in attributes if attribute.default_value.name}


def definition(
    node: onnx.NodeProto,
    attributes: Mapping[str, onnx.AttributeProto],
    inputs: Sequence[Any],
    versions: Mapping[str, int],
) -> onnx.FunctionProto | None:
    """ONNX's definition of an operator as a function; None where it has none for such inputs."""
    import onnx

    domain = domain_of(node.domain)
    opset = versions.get(domain, 1)
    schema = _schema(domain, node.op_type, opset)
    if schema is None:
        return None
    if schema.has_function:
        return _parsed(schema, opset)
    if not schema.has_context_dependent_function:
        return None
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    del plain.attribute[:]
    plain.attribute.extend(_named(name, attribute) for name, attribute in attributes.items())
    types = [_type_of(value) for value in inputs]
    version = max((one for one in schema.context_dependent_function_opset_versions if one <= opset), default=opset)
    body = schema.get_context_dependent_function_with_opset_version(version, plain.SerializeToString(), types)
    return _function(body) if body else None


def definition_for_all(domain: str, name: str, opset: int) -> onnx.FunctionProto | None:
    """ONNX's definition of an operator where it has one that is the same for all nodes."""
    schema = _schema(domain, name, opset)
    return _parsed(schema, opset) if schema is not None and schema.has_function else None


def _parsed(schema: Any, opset: int) -> onnx.FunctionProto:
    version = max((one for one in schema.function_opset_versions if one <= opset), default=None)
    return _function(schema.get_function_with_opset_version(version)) if version else schema.function_body


def _function(body: bytes) -> onnx.FunctionProto:
    import onnx

    function = onnx.FunctionProto()
    function.ParseFromString(body)
    return function


def _named(name: str, attribute: onnx.AttributeProto) -> onnx.AttributeProto:
    import onnx

    copy = onnx.AttributeProto()
    copy.CopyFrom(attribute)
    copy.name = name
    return copy


def _type_of(value: Any) -> bytes:
    """A serialized TypeProto, as the schema's builder of functions asks for it; empty for what is left out."""
    import onnx

    if not isinstance(value, Value):
        return b""
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype.as_numpy_dtype))
    proto: bytes = onnx.helper.make_tensor_type_proto(kind, value.shape).SerializeToString()
    return proto


def _schema(domain: str, name: str, opset: int) -> Any:
    """ONNX's description of an operator, None where it has none; its stubs lack what it says of functions."""
    import onnx

    return onnx.defs.get_schema(name, opset, domain) if onnx.defs.has(name, opset, domain) else None


def is_defined(domain: str, name: str, opset: int) -> bool:
    """Whether ONNX defines the operator by others, for some inputs at least."""
    schema = _schema(domain, name, opset)
    return schema is not None and (schema.has_function or schema.has_context_dependent_function)
