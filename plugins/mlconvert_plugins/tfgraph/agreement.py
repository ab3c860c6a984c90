"""Whether a SavedModel still says what its signature promised. Its own signature has names, and no order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mlconvert.errors import Refusal
from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.onnxfile import agreement


def disagreements(promised: Signature, found: Signature) -> Iterator[Refusal]:
    """See `onnxfile.agreement.disagreements`."""
    yield from agreement.disagreements(_sorted(promised), _sorted(found))


def _sorted(signature: Signature) -> Signature:
    return replace(signature, inputs=_by_name(signature.inputs), outputs=_by_name(signature.outputs))


def _by_name(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(sorted(tensors, key=lambda tensor: tensor.name))
