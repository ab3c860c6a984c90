"""PyTorch models: exported programs, TorchScript, weights with a factory, pickled and live modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format
from mlconvert.signature import Signature
from mlconvert_plugins.pytorch import flavours, trust


class Torch(Format):
    """Files are told apart and vetted by the standard library; torch opens only what has passed, or is trusted."""

    name = "torch"
    suffix = ".pt"
    suffixes: Mapping[str, str] = {"exported": ".pt2"}
    requirements = ("torch>=2.9",)
    example = "--dim batch=1:8:32"

    def sniff(self, path: Path) -> str | None:
        """exported, torchscript, state_dict or pickled; None for what is no PyTorch file."""
        return flavours.flavour_of(path)

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """Why opening or running the file can execute code: pickles beyond tensors, operators that touch files."""
        return trust.why_it_executes(path, flavour)

    def adopt(self, obj: Any, out: Path) -> str | None:
        """Write an ExportedProgram, a ScriptModule or a copy in eval mode of a Module, which stays as it is."""
        import sys

        if "torch" not in sys.modules:
            return None
        from mlconvert_plugins.pytorch.adoption import adopt

        return adopt(obj, out)

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """Whole for an exported program, what was traced for TorchScript, empty for weights and pickles."""
        if artifact.flavour not in ("exported", "torchscript"):
            return Signature()
        from mlconvert_plugins.pytorch.loading import load, set_aside
        from mlconvert_plugins.pytorch.signatures import of_program, of_script

        model: Any = load(artifact, trust=trust)
        signature = of_program(model) if artifact.flavour == "exported" else of_script(model)
        set_aside(artifact, model)
        return signature

    def describe(self, path: Path) -> dict[str, Any]:
        """Sizes, versions and the operators that the file's program calls, without opening it in torch."""
        from mlconvert_plugins.pytorch.description import describe

        return describe(path)
