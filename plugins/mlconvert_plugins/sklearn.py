"""scikit-learn's tree models: estimators saved by joblib or skops, and live ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.signature import Signature


class Sklearn(Format):
    """A saved estimator, flavour `joblib` or `skops`."""

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
        """One input `x`, the margins, and `probability` and `label` or `prediction`."""
        from mlconvert_plugins.sklearntrees import forest, opening

        return forest.signature(opening.load(artifact.path, trust=trust))

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Which scikit-learn a pickle needs stands in it alone."""
        return Verdict("unknown", "it loads in the scikit-learn that wrote it, and perhaps in others")
