"""Running native jars in a JVM, by the runtime that is in them."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.text import for_terminal
from mlconvert_plugins.javajar import compiled, opening, timing, trust
from mlconvert_plugins.javajar.jvm import Jvm
from mlconvert_plugins.javajar.relocation import HOME

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.javajar.opening import NativeJar
    from mlconvert_plugins.trees.model import Forest

_SHAPE = struct.Struct("<5i")
_COUNTS = struct.Struct("<ii")
# What one request may hold: a JVM's heap takes it several times.
_REQUEST = 32 * 2**20
_SECONDS = 600.0
# What a forest takes in the heap beside its file: tables of several times its size, and some for the JVM itself.
_HEAP, _HEAP_PER_BYTE = 2**30, 16


class NativeRunner(Runner):
    """One JVM with one jar. Its outputs are `margin`, and `probability` and `label` or `prediction`.

    `seconds` is the time of `predictBatch` alone, by the JVM's own clock.
    """

    clock = timing.CLOCK.format("predict(row, out)", "predictBatch(rows, out)")

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._held = contextlib.ExitStack()
        self._jvm: Jvm | None = None
        self._forest: Forest | None = None

    def __enter__(self) -> NativeRunner:
        from mlconvert_plugins.trees import layout

        path = self.artifact.path.absolute()
        jar = opening.read(path)
        self._admit(jar)
        self._forest = layout.unpack(jar.forest)
        self.signature = self._forest.signature()
        class_path = [path] if jar.package else [path, _present(compiled.RUNTIME)]
        arguments = [jar.package or HOME, jar.name, *map(str, class_path)]
        memory = _HEAP + _HEAP_PER_BYTE * len(jar.forest)
        with contextlib.ExitStack() as stack:
            self._jvm = Jvm(_present(compiled.DRIVER), arguments, memory=memory, seconds=_SECONDS)
            self._check_shape(stack.enter_context(self._jvm))
            self._held = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jvm = None
        self._held.close()

    def _admit(self, jar: NativeJar) -> None:
        reason = None if self._trust else trust.stranger(self.artifact.path)
        if reason:
            raise ConversionError(
                f"running it can execute code: {for_terminal(reason)}",
                code="needs-trust",
                where=self.artifact.path.name,
                fix="add --trust if you know where the file comes from",
            )

    def _check_shape(self, jvm: Jvm) -> None:
        """What the JVM loaded has the shape of what was read here."""
        forest = self._opened
        predictions = len(forest.labels) or forest.outputs
        expected = (len(forest.columns), forest.outputs, predictions, len(forest.labels), forest.trees)
        found = _SHAPE.unpack(jvm.greeting)
        if found != expected:
            raise ConversionError(f"the jar's model has the shape {found}, its forest {expected}", code="jar-refused")

    @property
    def _opened(self) -> Forest:
        assert self._forest is not None, "use the runner as a context manager"
        return self._forest

    def _ask(self, command: bytes, *body: bytes) -> memoryview:
        assert self._jvm is not None, "use the runner as a context manager"
        return self._jvm.ask(command, *body)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns].

        Raises ConversionError: `bad-input`, or what became of the JVM (`worker-died`, `timeout`, `jar-refused`).
        """
        import numpy as np

        from mlconvert_plugins.trees.rows import rows

        x = rows(inputs, self.signature)
        parts = [self._score(part) for part in self._parts(x)]
        self.seconds = sum(seconds for seconds, _ in parts)
        return {name: np.concatenate([part[name] for _, part in parts]) for name in parts[0][1]}

    def _parts(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """Requests' worth of rows; at least one, which may be empty."""
        step = max(1, _REQUEST // (8 * max(1, x.shape[1])))
        for start in range(0, max(1, len(x)), step):
            yield x[start : start + step]

    def _score(self, x: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        import numpy as np

        from mlconvert_plugins.trees.model import label_array

        forest, answer = self._opened, self._ask(b"s", x.tobytes())
        predictions = len(forest.labels) or forest.outputs
        (nanoseconds,) = struct.unpack_from("<q", answer)
        values = np.frombuffer(answer, "<f8", len(x) * (forest.outputs + predictions), 8).astype(forest.sum)
        margin = values[: len(x) * forest.outputs].reshape(-1, forest.outputs)
        outputs = values[margin.size :].reshape(-1, predictions)
        if not forest.labels:
            return nanoseconds * 1e-9, {"margin": margin, "prediction": outputs}
        places = np.frombuffer(answer, "<i4", len(x), 8 + 8 * len(values))
        label = label_array(forest.labels)[places]
        return nanoseconds * 1e-9, {"margin": margin, "probability": outputs, "label": label}

    def times(self, inputs: Sequence[Mapping[str, np.ndarray]], count: int) -> list[float]:
        """Seconds of `predict` for sets of one row, of `predictBatch` for others, from a loop in the JVM."""
        from mlconvert_plugins.trees.rows import rows

        ask = {"rows": self.time_rows, "batches": self.time_batches}
        return timing.times(
            lambda what, rounds, one: ask[what](rows(one, self.signature), warm_up=0, rounds=rounds), inputs, count
        )

    # --- what the benchmarks and the tests ask beside it -------------------------------------------------

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The source library's leaf numbers, int64[n, trees]."""
        import numpy as np

        answer = self._ask(b"l", np.ascontiguousarray(x, "<f8").tobytes())
        return np.frombuffer(answer, "<i4").reshape(len(x), -1).astype(np.int64)

    def time_rows(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `predict(row, out)` for every row, in a warm JVM: int64[rounds, n]."""
        return self._times(b"r", warm_up, rounds, x).reshape(rounds, -1)

    def time_batches(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `predictBatch` over all rows, in a warm JVM: int64[rounds]."""
        return self._times(b"b", warm_up, rounds, x)

    def time_loading(self, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds from the jar's bytes to a model that can score: int64[rounds]."""
        return self._times(b"o", warm_up, rounds)

    def _times(self, command: bytes, warm_up: int, rounds: int, x: np.ndarray | None = None) -> np.ndarray:
        import numpy as np

        rows = b"" if x is None else np.ascontiguousarray(x, "<f8").tobytes()
        return np.frombuffer(self._ask(command, _COUNTS.pack(warm_up, rounds), rows), "<i8")

    def self_test(self) -> int:
        """How many golden rows the jar has scored right. Raises ConversionError (`jar-refused`) for a wrong one."""
        return int.from_bytes(self._ask(b"g"), "little")


def _present(jar: Path) -> Path:
    """A compiled jar of ours. Raises DeviceAbsentError where this installation has none."""
    refusal = compiled.absent(jar)
    if refusal is not None:
        raise DeviceAbsentError(refusal.message, fix=refusal.fix)
    return jar
