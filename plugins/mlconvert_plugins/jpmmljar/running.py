"""Running a jar of flavour jpmml: in a JVM of its own, by the evaluator that is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.signature import Signature
from mlconvert_plugins.jpmml import heap, jars
from mlconvert_plugins.jpmml.session import Session
from mlconvert_plugins.jpmmljar import opening

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.jpmml.scoring import Scorer

# Why every jar of this flavour needs a word of trust.
CODE = "its model is Java classes"
# What our classes beside it read requests with.
_BESIDE = "gson"


@contextlib.contextmanager
def scored(path: Path, memory: int | None = None) -> Iterator[Scorer]:
    """The model of a jar, open in a JVM that has on its class path the jar and us; an evaluator if the jar has none.

    Raises ConversionError: `bad-jar`, or what JPMML or the JVM has to say; DeviceAbsentError without Java or JPMML.
    """
    from mlconvert_plugins.jpmml.scoring import Scorer

    jar = opening.read(path)
    refusal = jars.absent()
    if refusal is not None:
        raise DeviceAbsentError(refusal.message, fix=refusal.fix)
    installed = jars.class_path()
    beside = [one for one in installed if one.name.startswith(f"{_BESIDE}-")] if jar.has_evaluator else installed
    memory = memory or heap.needed(jar.classes)
    with Session(memory, (path.absolute(), *beside)) as session:
        with Scorer(path, jar.signature or Signature(), memory=memory, kind="jar", alone=session) as scorer:
            if jar.signature is None:
                from mlconvert_plugins.jpmmljar import fields

                scorer.signature = fields.signature(scorer.fields)
            yield scorer


def verified(path: Path, memory: int) -> int:
    """How many of its own golden rows a jar has scored right. Raises ConversionError (`jar-refused`)."""
    with scored(path, memory) as scorer:
        try:
            rows: int = scorer.ask("verify", subject=scorer.fields["subject"])["rows"]
        except ConversionError as error:
            message = f"the written jar does not score its golden rows right: {error.message}"
            raise ConversionError(message, code="jar-refused", where=path.name, fix=REPORT) from error
    return rows


REPORT = "take the native jar instead (--via forest), and report it: the transpiler has made another model of this one"


class JpmmlRunner(Runner):
    """One JVM with one jar. Its outputs are `probability` and `label`, or `prediction`.

    `seconds` is the time of the evaluator alone, by the JVM's own clock.
    """

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._held = contextlib.ExitStack()
        self._scorer: Scorer | None = None

    def __enter__(self) -> JpmmlRunner:
        if not self._trust:
            raise ConversionError(
                f"running it can execute code: {CODE}",
                code="needs-trust",
                where=self.artifact.path.name,
                fix="add --trust if you know where the file comes from",
            )
        self._scorer = self._held.enter_context(scored(self.artifact.path))
        # The route's signature knows columns that the document did not ask for.
        if self.signature.columns:
            self._scorer.signature = self.signature
        self.signature = self._scorer.signature
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scorer = None
        self._held.close()

    @property
    def _opened(self) -> Scorer:
        assert self._scorer is not None, "use the runner as a context manager"
        return self._scorer

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns], and the texts of columns that hold texts.

        Raises ConversionError: `bad-input`, `jpmml-refused` with the reason and the row, or what became of the JVM.
        """
        outputs = self._opened.run(inputs)
        self.seconds = self._opened.seconds
        return outputs

    def time_rows(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` for every row, in a warm JVM: int64[rounds, n]."""
        return self._opened.times("rows", warm_up, rounds, {"x": x}).reshape(rounds, -1)

    def time_batches(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` over all rows, in a warm JVM: int64[rounds]."""
        return self._opened.times("batches", warm_up, rounds, {"x": x})

    def time_loading(self, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds from the jar to a model that can score, its evaluator loaded before: int64[rounds]."""
        return self._opened.times("loading", warm_up, rounds)

    def self_test(self) -> int:
        """How many golden rows the jar has scored right. Raises ConversionError (`jpmml-refused`) for a wrong one."""
        rows: int = self._opened.ask("verify", subject=self._opened.fields["subject"])["rows"]
        return rows
