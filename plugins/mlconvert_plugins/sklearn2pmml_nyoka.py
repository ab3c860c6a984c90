"""sklearn → pmml, by nyoka: pure Python, under the Apache licence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context
from mlconvert_plugins.nyokawriter.calling import REQUIREMENTS
from mlconvert_plugins.nyokawriter.options import NyokaOptions
from mlconvert_plugins.pmmlfile.naming import target_refusals
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written

_ROWS = 32


class Sklearn2PmmlNyoka(PmmlStage):
    """Scalers, imputers, polynomials and PCA, one after the other; then trees, linear models, SVR or perceptrons."""

    name = "sklearn2pmml.nyoka"
    source = "sklearn"
    target = "pmml"
    Options = NyokaOptions
    requirements = (*REQUIREMENTS, "scikit-learn>=1.4", "joblib>=1.3")

    def requires(self, artifact: Artifact, options: NyokaOptions, ctx: Context) -> Iterator[Refusal]:
        """Columns, steps, parameters and models that nyoka cannot write, or writes wrong."""
        from mlconvert_plugins.nyokawriter import pipelines
        from mlconvert_plugins.sklearntrees import opening

        yield from target_refusals(artifact.signature.columns, options.target)
        yield from pipelines.refusals(opening.load(artifact.path, trust=ctx.trust), artifact.signature)

    def write(self, artifact: Artifact, options: NyokaOptions, out: Path, ctx: Context) -> Written:
        """nyoka's document with the model's exact numbers. Raises ConversionError with nyoka's reason."""
        from mlconvert_plugins.nyokawriter import document, pipelines
        from mlconvert_plugins.nyokawriter.boosted import answers
        from mlconvert_plugins.sklearnpipelines import golden
        from mlconvert_plugins.sklearntrees import opening

        estimator, signature = opening.load(artifact.path, trust=ctx.trust), artifact.signature
        ctx.progress("nyoka writes the document")
        document.write(pipelines.export(estimator, signature, ctx.scratch, options.target), out)
        return Written(answers(signature), golden.rows(estimator, _ROWS, ctx.seed))
