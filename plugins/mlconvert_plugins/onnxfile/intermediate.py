"""An ONNX file as one side of a search for the first bad node: what its inner tensors are, and parts of it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert_plugins.onnxfile import pieces, session
from mlconvert_plugins.onnxfile.inputs import check
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.pieces import Graph, Slot
from mlconvert_plugins.onnxfile.search import ROUNDS, Part, Subject
from mlconvert_plugins.onnxfile.signature import DTYPES, optional_inputs, signature_of

if TYPE_CHECKING:
    import numpy as np
    import onnx

_NUMBERS = {name: number for number, name in DTYPES.items()}
# Models with more bytes of weights than this have them read from a file, as often as they are run.
_INLINE = 2**22


class OnnxFile(Subject):
    """The model as it stands, run by onnxruntime without optimizations, each time no further than is asked for.

    Raises ConversionError for inputs that do not fit, and what the file and onnxruntime have to say. `scratch` is a
    folder for copies of the weights.
    """

    rounds = ROUNDS

    def __init__(self, path: Path, inputs: Mapping[str, np.ndarray], scratch: Path) -> None:
        proto = open_proto(path)
        check(signature_of(proto).inputs, inputs, optional_inputs(proto.graph))
        proto, self.folder = pieces.spilled(proto, path.parent.absolute(), scratch, _INLINE)
        self.graph = Graph(proto)
        self.names = pieces.tensors_of(self.graph)
        self._inputs = dict(inputs)
        self._types = dict(self.graph.declared)

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """See Side."""
        return self._run(self.graph.piece(self._overrides(()), names), self._inputs)

    def alone(self, name: str, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """See Subject."""
        return self._run(self.graph.piece(self._slots(given), [name]), {**self._inputs, **given})[name]

    def save(self, part: Part, place: Path) -> Path | None:
        """See Side: an .onnx file with its weights inside."""
        end = Slot.of(part.name, part.expected, self.element_type(part.name))
        model = self.graph.piece(self._slots(part.given), [end])
        if {value.name for value in model.graph.input} != part.given.keys():
            return None
        pieces.inline(model, self.folder)
        path = place.with_name(f"{place.name}.onnx")
        path.write_bytes(model.SerializeToString(deterministic=True))
        return path

    def element_type(self, name: str) -> int:
        """The number of a tensor's type, once its value has been asked for; 0 before."""
        return self._types.get(name, 0)

    def _slots(self, given: Mapping[str, np.ndarray]) -> list[Slot]:
        slots = [Slot.of(name, array, self.element_type(name)) for name, array in given.items()]
        return [*slots, *self._overrides(given)]

    def _overrides(self, given: Mapping[str, np.ndarray] | tuple[()]) -> list[Slot]:
        """The inputs that take the place of initializers."""
        inputs = {name: array for name, array in self._inputs.items() if name in self.graph.weights}
        return [Slot.of(name, array) for name, array in inputs.items() if name not in given]

    def _run(self, model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        names = [output.name for output in model.graph.output]
        taken = {value.name for value in model.graph.input}
        made = session.create(model.SerializeToString(), folder=self.folder, optimise=False)
        for slot in made.get_outputs():
            self._types[slot.name] = _NUMBERS.get(session.dtype_of(slot.type), 0)
        found, _ = session.run(made, names, {name: array for name, array in inputs.items() if name in taken})
        return found
