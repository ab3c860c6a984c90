"""sklearn → pmml: fitted estimators and pipelines through JPMML-SkLearn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.host import Host
from mlconvert.signature import Signature
from mlconvert.stage import Context
from mlconvert_plugins.jpmml import heap
from mlconvert_plugins.pmmlfile import naming
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written

_GOLDEN = 32


@dataclass(frozen=True)
class SklearnPmmlOptions:
    """How the prediction is called, and what the JVM may take."""

    target: Annotated[str | None, naming.TARGET] = None
    heap: Annotated[int | None, heap.HEAP] = None


class Sklearn2Pmml(PmmlStage):
    """Writes a pipeline with its transformers as a document. No Python code of JPMML's is loaded."""

    name = "sklearn2pmml"
    source = "sklearn"
    target = "pmml"
    licence = "AGPL-3.0"
    requirements = (
        "sklearn2pmml>=0.133", "jpmml-evaluator>=0.16", "scikit-learn>=1.4,<=1.9.0", "joblib>=1.3", "pandas>=1.5",
        "defusedxml>=0.7",
    )  # fmt: skip
    Options = SklearnPmmlOptions

    def available(self, options: SklearnPmmlOptions, host: Host) -> Iterator[Refusal]:
        """It needs a Java runtime, JPMML's jars and our compiled Java."""
        from mlconvert_plugins.javajar import jvm
        from mlconvert_plugins.jpmml import jars

        for refusal in (jvm.absent(), jars.absent()):
            if refusal is not None:
                yield refusal

    def requires(self, artifact: Artifact, options: SklearnPmmlOptions, ctx: Context) -> Iterator[Refusal]:
        """What a document cannot hold by its name, and steps of which JPMML makes something else."""
        from mlconvert_plugins.sklearnpipelines import naming as writable
        from mlconvert_plugins.sklearnpipelines import refusing
        from mlconvert_plugins.sklearntrees import opening

        yield from writable.refusals(artifact.signature, options.target)
        estimator = opening.load(artifact.path, trust=ctx.trust)
        yield from refusing.refusals(estimator, len(artifact.signature.columns))

    def write(self, artifact: Artifact, options: SklearnPmmlOptions, out: Path, ctx: Context) -> Written:
        """JPMML's document, and the estimator's own answers to some rows. Raises ConversionError (`jpmml-refused`)."""
        from mlconvert_plugins.jpmml import session
        from mlconvert_plugins.sklearnpipelines import golden, preparing, refusing
        from mlconvert_plugins.sklearnpipelines.model import Model
        from mlconvert_plugins.sklearntrees import opening

        model = Model(opening.load(artifact.path, trust=ctx.trust), artifact.signature.columns)
        refusing.check_margins(model, ctx.seed)
        rows = golden.of(model, _GOLDEN, ctx.seed)
        told, source = preparing.told(model), ctx.scratch / "estimator.pkl"
        size = preparing.save(model, source)
        ctx.progress("converting in the JVM")
        request = {
            "source": str(source),
            "out": str(out),
            "active": [column.name for column in artifact.signature.columns],
            "targets": _targets(artifact.signature, options.target),
            **told,
        }
        try:
            session.session(options.heap or heap.needed(size)).ask("sklearn", **request)
        except ConversionError as error:
            raise refusing.explained(error) from error
        named = {tensor.name for tensor in artifact.signature.outputs}
        given = named - _absent(out, artifact.signature, ctx)
        outputs = tuple(tensor for tensor in artifact.signature.outputs if tensor.name in given)
        return Written(replace(artifact.signature, outputs=outputs), rows)


def _targets(signature: Signature, asked: str | None) -> list[str]:
    """The names of what is predicted: one for each column of the prediction."""
    target = naming.target_of(signature.columns, asked)
    width = next((tensor.shape[1] for tensor in signature.outputs if tensor.name == "prediction"), 1)
    return [target] if width == 1 else [f"{target}_{number}" for number in range(int(str(width)))]


def _absent(document: Path, signature: Signature, ctx: Context) -> set[str]:
    """The outputs that a document does not give: margins, and probabilities where JPMML writes none."""
    from mlconvert_plugins.pmmlfile import outline
    from mlconvert_plugins.pmmlfile.texts import category

    told = outline.read(document).probabilities
    if not signature.labels or all(category(label, told) is not None for label in signature.labels):
        return {"margin"}
    if any(tensor.name == "probability" for tensor in signature.outputs):
        ctx.warn("the document answers with labels alone: JPMML writes no probabilities for this model")
    return {"margin", "probability"}
