"""XGBoost's models: the JSON and UBJSON that `Booster.save_model` writes, and live Boosters and wrappers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature


class Xgboost(Format):
    """A model file, flavour `json` or `ubj`. It is read here, strictly, before XGBoost sees it."""

    name = "xgboost"
    suffix = ".ubj"
    suffixes = {"json": ".json", "ubj": ".ubj"}
    requirements = ("xgboost>=1.7",)

    def sniff(self, path: Path) -> str | None:
        """`json` or `ubj` for a file that begins as a model."""
        from mlconvert_plugins.xgboostfile.document import is_json, is_ubjson

        if not path.is_file():
            return None
        with path.open("rb") as stream:
            head = stream.read(64)
        return "ubj" if is_ubjson(head) else "json" if is_json(head) else None

    def adopt(self, obj: Any, out: Path) -> str | None:
        """Write a live Booster, or the Booster of a fitted XGBModel with the iterations that its `predict` uses."""
        from mlconvert_plugins.xgboostfile import live

        content = live.content_of(obj)
        if content is None:
            return None
        out.write_bytes(content)
        return "ubj"

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """One input `x`, the margins, and `probability` and `label` or `prediction`."""
        from mlconvert_plugins.xgboostfile import document, forest

        return forest.open_model(document.load(artifact.path.read_bytes())).signature()

    def describe(self, path: Path) -> dict[str, Any]:
        """What the forest is that the file holds."""
        from mlconvert_plugins.trees.description import describe
        from mlconvert_plugins.xgboostfile import document, forest

        return describe(forest.read(document.load(path.read_bytes())))

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Wherever XGBoost is installed that is no older than the file."""
        if self.sniff(path) is None:
            return Verdict("no", "it is no model of XGBoost")
        return Verdict("yes", "XGBoost loads the files of older versions")

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows at every threshold and around it, then into every leaf."""
        from mlconvert_plugins.trees import probing
        from mlconvert_plugins.xgboostfile import document, forest

        return probing.probes(forest.read(document.load(artifact.path.read_bytes())), seed)
