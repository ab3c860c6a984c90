"""Values of a model's inner tensors: what a search for the first bad node compares."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile import session
from mlconvert_plugins.onnxfile.inputs import check
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.signature import optional_inputs, signature_of

if TYPE_CHECKING:
    import numpy as np
    import onnx


def values(path: Path, names: Sequence[str], inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values of the named tensors of the main graph, by name, in one run of onnxruntime on `inputs`.

    The graph is run as it stands, without optimizations. Raises ConversionError: `unknown-tensor` for a name that the
    main graph does not have, and what the file and onnxruntime have to say.
    """
    return dict(stream(path, names, inputs, group=max(len(names), 1)))


def stream(
    path: Path, names: Sequence[str], inputs: Mapping[str, np.ndarray], group: int = 32
) -> Iterator[tuple[str, np.ndarray]]:
    """`values`, one tensor after the other, `group` of them computed by each run: memory stays near that of one run."""
    wanted = list(dict.fromkeys(names))
    model = _with_outputs(path, wanted, inputs)
    made = session.create(model, folder=path.parent.absolute(), optimise=False)
    for start in range(0, len(wanted), group):
        found, _ = session.run(made, wanted[start : start + group], inputs)
        yield from found.items()


def _with_outputs(path: Path, names: Sequence[str], inputs: Mapping[str, np.ndarray]) -> bytes:
    """The serialized model, with the named tensors among its outputs; external data stays where it is."""
    proto = open_proto(path)
    check(signature_of(proto).inputs, inputs, optional_inputs(proto.graph))
    known = _names(proto.graph)
    for name in names:
        if name not in known:
            raise _unknown(name, known)
    given = {output.name for output in proto.graph.output}
    for name in names:
        if name not in given:
            # Without a type: onnxruntime infers it.
            proto.graph.output.add().name = name
    whole: bytes = proto.SerializeToString()
    return whole


def _names(graph: onnx.GraphProto) -> dict[str, None]:
    found = dict.fromkeys(value.name for value in [*graph.input, *graph.initializer])
    for node in graph.node:
        found.update(dict.fromkeys(name for name in node.output if name))
    return found


def _unknown(name: str, known: Mapping[str, None]) -> ConversionError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ConversionError(f"the model's graph has no tensor {name!r}{hint}", code="unknown-tensor", where=name)
