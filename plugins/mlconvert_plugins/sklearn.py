"""scikit-learn's estimators and pipelines: saved by joblib or skops, and live ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature


class Sklearn(Format):
    """A saved estimator, flavour `joblib` or `skops`. Tree models are read as the forests that they are."""

    name = "sklearn"
    suffix = ".joblib"
    suffixes = {"joblib": ".joblib", "skops": ".skops"}
    requirements = ("scikit-learn>=1.4", "joblib>=1.3")
    example = "--trust"

    def sniff(self, path: Path) -> str | None:
        """`joblib` or `skops` by the file's content; nothing is unpickled."""
        from mlconvert_plugins.sklearntrees.opening import flavour_of

        return flavour_of(path) if path.is_file() else None

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """A pickle runs what it holds when it is loaded."""
        return None if flavour == "skops" else "it is a pickle, which runs what it holds"

    def adopt(self, obj: Any, out: Path) -> str | None:
        """Write a live estimator of scikit-learn's own classes."""
        kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(obj).__mro__}
        if not type(obj).__module__.startswith("sklearn.") or "sklearn.base.BaseEstimator" not in kinds:
            return None
        from mlconvert_plugins.sklearntrees.opening import save

        save(obj, out)
        return "joblib"

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """`x` and the texts; margins, and `probability` and `label` or `prediction`."""
        from mlconvert_plugins.sklearnpipelines.model import Model
        from mlconvert_plugins.sklearntrees import forest, opening

        estimator = opening.load(artifact.path, trust=trust)
        return forest.attempt(forest.signature, estimator) or Model(estimator).signature

    def describe(self, path: Path) -> dict[str, Any]:
        """The scikit-learn that wrote it, and the classes in it, from its bytes; nothing is loaded."""
        from mlconvert_plugins.sklearnpipelines.description import describe

        return describe(path)

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Which scikit-learn a pickle needs stands in it alone."""
        return Verdict("unknown", "it loads in the scikit-learn that wrote it, and perhaps in others")

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows at what its parts know: thresholds, edges, categories, words, missing values where it takes them."""
        from mlconvert_plugins.sklearnpipelines import probing
        from mlconvert_plugins.sklearnpipelines.model import Model
        from mlconvert_plugins.sklearntrees import opening

        # Parity asks for rows of an artifact that it has already opened, with the user's trust.
        return probing.probes(Model(opening.load(artifact.path, trust=True), artifact.signature.columns), seed)
