"""LightGBM's models: the text that `Booster.save_model` writes, and live Boosters and scikit-learn wrappers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature


class Lightgbm(Format):
    """A text model. It is read here, strictly, before LightGBM sees it: LightGBM aborts on broken ones."""

    name = "lightgbm"
    suffix = ".txt"
    requirements = ("lightgbm>=4.0",)

    def sniff(self, path: Path) -> str | None:
        """'' for a file that begins as a text model."""
        from mlconvert_plugins.lightgbmtext.sections import is_model

        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return "" if is_model(stream.read(32)) else None

    def adopt(self, obj: Any, out: Path) -> str | None:
        """Write a live Booster, or the Booster of a fitted LGBMModel with its classes, as `predict` would use it."""
        from mlconvert_plugins.lightgbmtext import live

        text = live.text_of(obj)
        if text is None:
            return None
        out.write_bytes(text)
        return ""

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """One input `x`, the margins, and `probability` and `label` or `prediction`, from the text's header."""
        from mlconvert_plugins.lightgbmtext import forest, sections

        return forest.signature(sections.split(artifact.path.read_bytes()))

    def describe(self, path: Path) -> dict[str, Any]:
        """What the forest is that the text holds."""
        from mlconvert_plugins.lightgbmtext import forest, sections
        from mlconvert_plugins.trees.description import describe

        return describe(forest.read(sections.split(path.read_bytes())))

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Wherever LightGBM is installed."""
        return (
            Verdict("yes", "LightGBM 4 loads it")
            if self.sniff(path) is not None
            else Verdict("no", "it is no text model")
        )

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows at every threshold and around it, then into every leaf."""
        from mlconvert_plugins.lightgbmtext import forest, sections
        from mlconvert_plugins.trees import probing

        return probing.probes(forest.read(sections.split(artifact.path.read_bytes())), seed)
