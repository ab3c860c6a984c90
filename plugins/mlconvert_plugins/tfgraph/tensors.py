"""ONNX's tensors as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph.lazy import np, tf

if TYPE_CHECKING:
    import onnx


def to_array(tensor: onnx.TensorProto, folder: Path) -> np.ndarray:
    """The tensor's content; external data is read from `folder`. Texts are an array of str objects."""
    from onnx import numpy_helper

    try:
        array = numpy_helper.to_array(tensor, str(folder))
    except (ValueError, TypeError, OSError) as error:
        message = f"tensor {tensor.name!r} cannot be read: {error}"
        raise ConversionError(message, code="invalid-model", where=tensor.name) from error
    return np.asarray(array)


def parted(proto: onnx.ModelProto, folder: Path) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """The model without the initializers of its graph, and these as arrays.

    A message keeps all that was ever in it; once the caller lets go of the whole one, the weights are in memory once.
    """
    arrays = {tensor.name: to_array(tensor, folder) for tensor in proto.graph.initializer}
    del proto.graph.initializer[:]
    rest = type(proto)()
    rest.CopyFrom(proto)
    return rest, arrays


def to_dense(sparse: onnx.SparseTensorProto, folder: Path) -> np.ndarray:
    """A sparse tensor with its zeros written out (onnx.proto, SparseTensorProto)."""
    values, indices = to_array(sparse.values, folder), to_array(sparse.indices, folder)
    dense = np.zeros(tuple(sparse.dims), values.dtype)
    if indices.ndim == 1:
        dense.reshape(-1)[indices] = values
    else:
        dense[tuple(indices.T)] = values
    return dense


def dtype_of(element_type: int) -> tf.DType:
    """TensorFlow's type for a number of onnx.proto's TensorProto.DataType. Raises ConversionError where it has none."""
    import onnx

    try:
        return tf.dtypes.as_dtype(onnx.helper.tensor_dtype_to_np_dtype(element_type))
    except (TypeError, KeyError) as error:
        name = onnx.helper.tensor_dtype_to_string(element_type)
        raise ConversionError(f"TensorFlow has no type {name}", code="unsupported-dtype") from error
