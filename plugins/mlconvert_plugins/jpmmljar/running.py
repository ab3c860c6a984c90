"""Running a jar of flavour jpmml: in a JVM of its own, by the evaluator that is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError
from mlconvert.signature import Signature
from mlconvert_plugins.jpmml import heap, jars
from mlconvert_plugins.jpmml.running import EvaluatorRunner
from mlconvert_plugins.jpmml.session import Session
from mlconvert_plugins.jpmmljar import opening

if TYPE_CHECKING:
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


class JpmmlRunner(EvaluatorRunner):
    """One JVM with one jar."""

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
