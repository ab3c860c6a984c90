"""Classification accuracy of a model and of an artifact made of it, against labels; batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.places import Places
from mlconvert.signature import Signature, Tensor
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    import numpy as np

Outputs = Mapping[str, "np.ndarray"]
_TOP = 5
_FIX = "leave the labels out"


@dataclass(frozen=True)
class Judged:
    """What tells the class of a row: the output `label`, or the largest of `scores` in each row; perhaps both.

    `classes` are their names in order, empty where a class is its number alone.
    """

    label: str | None
    scores: str | None
    classes: tuple[Any, ...]

    @property
    def output(self) -> str:
        """The name of the output that the class of a row is taken from."""
        return self.label or self.scores or ""


def judged(signature: Signature, output: str | None = None) -> Judged:
    """Which outputs tell the class: `output`, else a tabular model's label, else the only output of [rows, classes].

    Raises ConversionError (`no-classes`) for a model that has none, or several that could be meant.
    """
    outputs = {tensor.name: tensor for tensor in signature.outputs}
    if output is not None and output not in outputs:
        raise _refused(f"there is no output {for_terminal(output)!r}" + suggestion(output, outputs), output, outputs)
    if signature.columns and not signature.labels:
        raise _refused("it is a regression: it has no classes", "labels", ())
    label = "label" if signature.labels and "label" in outputs and output in (None, "label") else None
    scored = [name for name, tensor in outputs.items() if _has_classes(tensor)]
    if label is not None:
        return Judged(label, "probability" if "probability" in scored else None, signature.labels)
    named = [output] if output is not None else scored
    if not set(named) <= set(scored) or not named:
        shown = ", ".join(map(str, [outputs[output]] if output is not None else outputs.values()))
        raise _refused(f"no output holds a score for each of several classes: {for_terminal(shown)}", "labels", ())
    if len(named) > 1:
        raise _refused("several outputs hold a score for each class", "labels", named)
    return Judged(None, named[0], signature.labels)


def _has_classes(tensor: Tensor) -> bool:
    is_float = "float" in tensor.dtype
    return is_float and len(tensor.shape) == 2 and tensor.shape[1] != 1


def _refused(message: str, where: str, outputs: Mapping[str, Any] | list[str] | tuple[()]) -> ConversionError:
    fix = f"say which of them it is: {for_terminal(', '.join(outputs))}" if outputs else _FIX
    return ConversionError(f"accuracy cannot be told: {message}", code="no-classes", where=where, fix=fix)


@dataclass
class Counter:
    """Counts of rows: all, those that the source and the artifact get right, and those where the two say the same."""

    judged: Judged
    rows: int = 0
    source: int = 0
    artifact: int = 0
    agreement: int = 0
    source_top: int = 0
    artifact_top: int = 0
    _tops: bool = field(default=False, repr=False)

    def add(self, labels: np.ndarray, source: Outputs, artifact: Outputs) -> None:
        """Count a batch: `labels` is [n]. Raises ConversionError (`bad-labels`, `no-classes`)."""
        one, other = self._predicted(source, len(labels)), self._predicted(artifact, len(labels))
        truth = self._places(labels, source)
        self.rows += len(labels)
        self.source += int((one == truth).sum())
        self.artifact += int((other == truth).sum())
        self.agreement += int((one == other).sum())
        scores = self.judged.scores
        if scores is not None and scores in source and scores in artifact and source[scores].shape[1] > _TOP:
            self._tops = True
            self.source_top += _among_top(source[scores], truth)
            self.artifact_top += _among_top(artifact[scores], truth)

    def as_json(self) -> dict[str, Any]:
        """The `accuracy` of a report: shares of the rows, top-5 where there are more classes than that."""
        rows = max(1, self.rows)
        entry = {
            "labels": self.rows,
            "output": self.judged.output,
            "source": self.source / rows,
            "artifact": self.artifact / rows,
            "agreement": self.agreement / rows,
        }
        tops = {"source_top5": self.source_top / rows, "artifact_top5": self.artifact_top / rows}
        return {**entry, **(tops if self._tops else {})}

    def _predicted(self, outputs: Outputs, rows: int) -> np.ndarray:
        """The class of each row, by its place. A label that is no class of the model's has the place -1."""
        name = self.judged.output
        if name not in outputs or len(outputs[name]) != rows:
            given = "is not given" if name not in outputs else f"holds {len(outputs[name])} rows, not {rows}"
            raise _refused(f"the output {for_terminal(name)!r} {given}", name, ())
        if self.judged.label is not None:
            return _found(outputs[name].reshape(-1), Places(self.judged.classes))
        places: np.ndarray = outputs[name].argmax(axis=-1)
        return places

    def _places(self, labels: np.ndarray, source: Outputs) -> np.ndarray:
        known = self.judged.classes
        if not known and self.judged.scores is not None:
            known = tuple(range(source[self.judged.scores].shape[1]))
        places = _found(labels, Places(known))
        if (places < 0).any():
            row = int((places < 0).argmax())
            shown = ", ".join(map(str, known[:10])) + (", …" if len(known) > 10 else "")
            raise ConversionError(
                f"the model knows no label {for_terminal(repr(labels.tolist()[row]), 60)} "
                f"(row {self.rows + row + 1} of the labels)",
                code="bad-labels",
                where="labels",
                fix=f"its labels are: {for_terminal(shown)}",
            )
        return places


def _found(values: np.ndarray, places: Places) -> np.ndarray:
    import numpy as np

    listed = values.tolist()
    found = {value: places.find(value) for value in set(listed)}
    # True and 1 are one key of a set: an array holds the one or the other.
    return np.array([found[value] for value in listed], dtype=np.int64)


def _among_top(scores: np.ndarray, truth: np.ndarray) -> int:
    """How many rows have the true class among the five largest; classes that tie for a place count as found."""
    import numpy as np

    true = np.take_along_axis(scores, truth[:, None], axis=1)
    return int(((scores > true).sum(axis=1) < _TOP).sum())
