"""Whether a SavedModel still says what its signature promised. Its own signature has names, and no order.

A dim that no input has is a name for what comes out: TensorFlow may know its number where ONNX did not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mlconvert.dims import Dim, names_in
from mlconvert.errors import Refusal
from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.onnxfile import agreement


def disagreements(promised: Signature, found: Signature) -> Iterator[Refusal]:
    """See `onnxfile.agreement.disagreements`."""
    given = {name for tensor in promised.inputs for dim in tensor.shape for name in names_in(dim)}
    outputs = tuple(replace(tensor, shape=_bound(tensor.shape, given)) for tensor in promised.outputs)
    yield from agreement.disagreements(_sorted(replace(promised, outputs=outputs)), _sorted(found))


def _bound(shape: tuple[Dim, ...], given: set[str]) -> tuple[Dim, ...]:
    """The shape without the names that no input has."""
    return tuple(dim if given.issuperset(names_in(dim)) else None for dim in shape)


def _sorted(signature: Signature) -> Signature:
    return replace(signature, inputs=_by_name(signature.inputs), outputs=_by_name(signature.outputs))


def _by_name(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(sorted(tensors, key=lambda tensor: tensor.name))
