"""Engines as one side of a search for the first bad node: an engine gives no inner tensors, so it is built anew.

The whole network is built with a few more outputs, which leaves most of what TensorRT fuses as it was (Polygraphy's
`debug` does the same), and a part of it as an engine of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.signature import Signature, Tensor
from mlconvert.stage import Context
from mlconvert_plugins.onnxfile import pieces
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.pieces import Slot
from mlconvert_plugins.onnxfile.search import Part, Subject
from mlconvert_plugins.tensorrt import loading, passport
from mlconvert_plugins.tensorrt.building import BUILDERS, build
from mlconvert_plugins.tensorrt.options import TrtOptions

if TYPE_CHECKING:
    import numpy as np
    import onnx

# A build takes minutes where a run takes moments.
_ROUNDS = 12


class RebuiltEngine(Subject):
    """What TensorRT makes of a model, for inputs of these shapes, with the options that the artifact was built with."""

    rounds = _ROUNDS

    def __init__(
        self, source: Artifact, artifact: Artifact, file: OnnxFile, inputs: Mapping[str, np.ndarray], ctx: Context
    ) -> None:
        self.names = file.names
        self._file, self._inputs, self._ctx = file, dict(inputs), ctx
        self._ranges = {tensor.name: tensor.range for tensor in source.signature.inputs}
        self._flavour = artifact.flavour or ""
        self._options = _options(artifact)
        self._numbers = itertools.count()

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """See Side."""
        graph = self._file.graph
        found = self._run(graph.piece((), dict.fromkeys([*names, *graph.outputs])), self._inputs)
        return {name: found[name] for name in names}

    def alone(self, name: str, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """See Subject."""
        slots = [Slot.of(one, array) for one, array in given.items()]
        return self._run(self._file.graph.piece(slots, [name]), {**self._inputs, **given})[name]

    def save(self, part: Part, place: Path) -> Path | None:
        """See Side: an engine serves nobody else, and the part of the source is converted again."""
        return None

    def built(self, model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> Artifact:
        """The engine of a model for inputs of just these shapes. Raises ConversionError."""
        pieces.inline(model, self._file.folder)
        for output in model.graph.output:
            # TensorRT's parser infers no types.
            output.type.tensor_type.elem_type = output.type.tensor_type.elem_type or self._file.element_type(
                output.name
            )
        path = self._ctx.scratch / f"part{next(self._numbers)}.onnx"
        path.write_bytes(model.SerializeToString())
        tensors = tuple(
            Tensor(value.name, inputs[value.name].dtype.name, inputs[value.name].shape, self._ranges.get(value.name))
            for value in model.graph.input
        )
        source = Artifact(path, "onnx", signature=Signature(tensors))
        engine = path.with_suffix(".plan")
        build(BUILDERS[self._flavour], source, self._options, engine, self._ctx)
        path.unlink()
        return Artifact(engine, "trt", self._flavour)

    def _run(self, model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        from mlconvert_plugins.trt_runner import TrtRunner

        taken = {value.name for value in model.graph.input}
        engine = self.built(model, inputs)
        with TrtRunner(engine, trust=True) as runner:
            found = runner.run({name: array for name, array in inputs.items() if name in taken})
        engine.path.unlink()
        return found


def _options(artifact: Artifact) -> TrtOptions:
    """As far as the engine's passport has them; one that was just built has none yet."""
    known = passport.read(artifact.path)
    options = TrtOptions(builder="rtx" if artifact.flavour == "rtx" else "tensorrt")
    if known is None:
        return options
    files = (loading.plugin_file(artifact.path, plugin) for plugin in known.plugins)
    found = tuple(path for path in files if path is not None)
    return replace(options, tf32=known.tf32, workspace=known.workspace, plugin=found)
