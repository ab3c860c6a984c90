"""Scoring by JPMML in terms of a signature: `x` and texts in; `probability` and `label`, or `prediction`, out."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature
from mlconvert.text import for_terminal
from mlconvert_plugins.jpmml import session

if TYPE_CHECKING:
    import numpy as np

# Cells of one request: in the JVM each of them is an object in a map.
_CELLS = 2**20


class Scorer:
    """One model that is open in the session: a document (`kind` is `pmml`) or a jar of JPMML's (`jar`).

    Use it as a context manager. `memory` is the heap that the model needs; `seconds` is the time of the evaluator alone
    in the last run, by the JVM's own clock. `fields` is what the model says of its inputs and results. `alone` is a
    session that the caller has started for this model, in which it is opened instead.
    """

    def __init__(
        self,
        path: Path,
        signature: Signature,
        *,
        memory: int,
        kind: str = "pmml",
        alone: session.Session | None = None,
    ) -> None:
        self.signature = signature
        self.seconds = float("nan")
        self.fields: dict[str, Any] = {}
        self._open = {"kind": kind, "path": str(path.absolute())}
        self._memory = memory
        self._alone = alone
        self._held = contextlib.ExitStack()
        self._session: session.Session | None = None
        self._folder = Path()

    def __enter__(self) -> Scorer:
        with contextlib.ExitStack() as stack:
            self._session = self._alone or self._shared(stack)
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlconvert-")))
            self.fields = self.ask("open", **self._open)
            stack.callback(self._close, self.fields["subject"])
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
        self._session = None

    def _shared(self, stack: contextlib.ExitStack) -> session.Session:
        shared = session.session(self._memory)
        shared.opened += 1
        stack.callback(session.release, shared)
        return shared

    def _close(self, subject: int) -> None:
        # A JVM that is gone has closed it already.
        if self._session is not None and self._session.alive:
            self.ask("close", subject=subject)

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """What the session answers."""
        assert self._session is not None, "use the scorer as a context manager"
        return self._session.ask(do, **fields)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. Raises ConversionError: `bad-input`, or what the session raises."""
        import numpy as np

        parts, seconds = [], 0.0
        for part in self._parts(inputs):
            parts.append(self._score(part))
            seconds += self.seconds
        self.seconds = seconds
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _parts(self, inputs: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Requests' worth of rows; at least one, which may be empty."""
        from mlconvert_plugins.trees.rows import rows

        numeric = [tensor for tensor in self.signature.inputs if tensor.dtype != "string"]
        texts = {tensor.name: inputs[tensor.name] for tensor in self.signature.inputs if tensor.dtype == "string"}
        own = {name: values for name, values in inputs.items() if name not in texts}
        tables = {numeric[0].name: rows(own, replace(self.signature, inputs=tuple(numeric)))} if numeric else {}
        every = {**tables, **texts}
        count = len(next(iter(every.values())))
        step = max(1, _CELLS // max(1, len(self.signature.columns)))
        for start in range(0, max(1, count), step):
            yield {name: values[start : start + step] for name, values in every.items()}

    def _score(self, part: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        import numpy as np

        from mlconvert_plugins.trees.model import label_array

        out = self._folder / "out"
        wanted = self._wanted()
        answer = self.ask("score", **self.rows(part), **wanted, out=str(out))
        self.seconds = answer["nanoseconds"] * 1e-9
        content, count = out.read_bytes(), len(next(iter(part.values())))
        numbers = len(wanted["numbers"])
        values = np.frombuffer(content, "<f8", count * numbers).reshape(count, numbers)
        if "label" not in wanted:
            return {"prediction": self._typed("prediction", values)}
        places = np.frombuffer(content, "<i4", count, 8 * values.size)
        if (places < 0).any():
            row = int(np.flatnonzero(places < 0)[0])
            raise ConversionError("JPMML answers a label that is not known", code="jpmml-refused", where=f"row {row}")
        label = label_array(self.signature.labels)[places]
        found = {"probability": self._typed("probability", values), "label": label}
        # A tree alone answers with its class alone where no output field asks for more.
        promised = {tensor.name for tensor in self.signature.outputs}
        return {name: answers for name, answers in found.items() if name in promised} or found

    def times(self, what: str, warm_up: int, rounds: int, inputs: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """Nanoseconds in a warm JVM, int64: of each row (`rows`), of all (`batches`), or of `loading`."""
        import numpy as np

        out = self._folder / "times"
        rows = {} if inputs is None else self.rows(inputs)
        self.ask("time", **{**self._open, **rows}, what=what, warm_up=warm_up, rounds=rounds, out=str(out))
        return np.fromfile(out, "<i8")

    def _typed(self, name: str, values: np.ndarray) -> np.ndarray:
        """In the dtype that the signature promises."""
        dtypes = {tensor.name: tensor.dtype for tensor in self.signature.outputs}
        return values.astype(dtypes.get(name, "float64"))

    def rows(self, part: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The fields of a request that say what the rows are; `java/jpmml`'s class Rows documents them."""
        folder, texts = self._folder, dict[str, str]()
        count = len(next(iter(part.values())))
        request: dict[str, Any] = {"subject": self.fields["subject"], "rows": count, "columns": []}
        for name, values in part.items():
            if values.dtype.kind == "f":
                (folder / "x").write_bytes(values.astype("<f8").tobytes())
                columns = [_column(column) for column in self.signature.columns if column.type != "text"]
                request |= {"columns": columns, "x": str(folder / "x")}
            else:
                path = folder / f"text{len(texts)}"
                path.write_text(json.dumps(values.tolist()), encoding="utf-8")
                texts[name] = str(path)
        return {**request, "texts": texts}

    def _wanted(self) -> dict[str, Any]:
        """Which results are the outputs of the signature; `java/jpmml`'s class Results documents the request."""
        fields, labels = self.fields, self.signature.labels
        targets = [target["name"] for target in fields["targets"]]
        outputs = {(one["feature"], one["value"]): one["name"] for one in fields["outputs"]}
        predicted = [
            one["name"] for one in fields["outputs"] if one["feature"] in ("predictedValue", "transformedValue")
        ]
        if not labels:
            return {"numbers": [{"field": name} for name in targets or predicted]}
        if not (targets or predicted):
            raise ConversionError("it has no target", code="jpmml-refused", where=for_terminal(fields["function"]))
        target = (targets or predicted)[0]
        named = {_text(value): name for (feature, value), name in outputs.items() if feature == "probability" and value}
        texts = [_text(label) for label in labels]
        numbers = [{"field": named[text]} if text in named else {"field": target, "category": text} for text in texts]
        return {"numbers": numbers, "label": {"field": target, "values": texts}}


def _column(column: Column) -> dict[str, Any]:
    if column.type != "categorical":
        return {"name": column.name}
    return {"name": column.name, "code": True} | (
        {} if column.categories is None else {"categories": list(column.categories)}
    )


def _text(label: Any) -> str:
    """A label as documents write it, a whole number without its fraction."""
    if isinstance(label, bool):
        return str(label).lower()
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label).removesuffix(".0") if isinstance(label, str) else str(label)
