"""A SavedModel as one side of a search for the first bad node: what its graph has for the tensors of an ONNX model.

The conversion makes the same graph each time, so making it again tells which of its tensors stands for which, and in
which order the axes lie. The values are those of the SavedModel itself: a session gives and takes any tensor.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.search import ROUNDS, Part, Subject
from mlconvert_plugins.tfgraph import layouts, parts, saving, session, trust
from mlconvert_plugins.tfgraph.lazy import np
from mlconvert_plugins.tfgraph.places import Place, places

# Below this share of the tensors that the conversion makes, another has made the SavedModel.
_KNOWN = 0.5


class NotMadeHereError(ConversionError):
    """A SavedModel that this conversion has not made from this source: its tensors cannot be told apart."""


class SavedModel(Subject):
    """The graph in a session of its own. Raises NotMadeHereError, and ConversionError for what cannot be opened."""

    rounds = ROUNDS

    def __init__(
        self, source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], *, trusted: bool
    ) -> None:
        trust.refuse_untrusted(artifact.path, trusted)
        expected = places(source)
        threads = os.environ.get("OMP_NUM_THREADS", "")
        self._session, slots = session.load(artifact.path, int(threads) if threads.isdigit() else 0)
        graph = self._session.graph
        operators = {operation.name: operation.type for operation in graph.get_operations()}
        self._places = {
            name: one for name, one in expected.items() if operators.get(one.tensor.rpartition(":")[0]) == one.operator
        }
        if len(self._places) < _KNOWN * len(expected):
            self.close()
            raise NotMadeHereError(
                "which node is wrong cannot be told: onnx2tf makes another graph of this source",
                code="not-made-here",
                where=artifact.path.name,
            )
        self.names = self._places
        self._inputs = {slots.inputs[name].name: array for name, array in inputs.items()}
        self._slots = {name: Place(slots.inputs[name].name, "Placeholder", ()) for name in inputs}

    def close(self) -> None:
        """Release the graph."""
        self._session.close()

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """See Side."""
        return self._run(names, self._inputs)

    def alone(self, name: str, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """See Subject."""
        fed = {self._place(one).tensor: self._laid(one, array) for one, array in given.items()}
        return self._run([name], {**self._inputs, **fed})[name]

    def save(self, part: Part, place: Path) -> Path | None:
        """See Side: a SavedModel."""
        ends = {name: (self._place(name), array) for name, array in part.given.items()}
        built = parts.cut(self._session, ends, {part.name: (self._place(part.name), part.expected)})
        path = place.with_name(f"{place.name}.savedmodel")
        saving.save(built, path, {}, [part.name])
        return path

    def _place(self, name: str) -> Place:
        return self._places.get(name) or self._slots[name]

    def _laid(self, name: str, array: np.ndarray) -> np.ndarray:
        """An array in ONNX's order as the graph has it."""
        place = self._place(name)
        dtype = self._session.graph.get_tensor_by_name(place.tensor).dtype.as_numpy_dtype
        laid = array.transpose(place.layout) if place.layout else array
        return laid if laid.dtype == object else laid.astype(dtype)

    def _run(self, names: Sequence[str], feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        places = [self._places[name] for name in names]
        try:
            found = self._session.run([place.tensor for place in places], dict(feeds))
        except Exception as error:  # TensorFlow's errors have no common base
            message = f"TensorFlow cannot run it: {session.reason(error)}"
            raise ConversionError(message, code="tensorflow-refused") from error
        found = zip(names, places, session.arrays(found), strict=True)
        return {name: _in_order(array, place) for name, place, array in found}


def _in_order(array: np.ndarray, place: Place) -> np.ndarray:
    return array.transpose(layouts.inverse(place.layout)) if place.layout else array
