"""The trt format: serialized engines of TensorRT (.plan) and of TensorRT-RTX (.rtx.plan)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.signature import Signature
from mlconvert_plugins.tensorrt import header, loading, passport


class Trt(Format):
    """A TensorRT engine. What it says about itself stands in its header and in the manifest beside it."""

    name = "trt"
    suffix = ".plan"
    suffixes = {"rtx": ".rtx.plan"}

    def sniff(self, path: Path) -> str | None:
        """`tensorrt` or `rtx` by the tag at the file's start. Raises ConversionError for a truncated engine."""
        found = header.read(path)
        return None if found is None else found.flavour

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """Every engine: its bytes are code for the GPU, and may hold a plugin or a runtime for the host.

        NVIDIA's security guide ("Engine Deserialization and the Trust Boundary") puts deserializing an engine from
        elsewhere on a level with running native code, and no header says what is inside.
        """
        return "a TensorRT engine is native code, for the GPU and, where it holds plugins, for this machine"

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """The signature of the manifest beside the engine, where one belongs to it; the engine itself is not loaded."""
        entry = passport.manifest(artifact.path)
        if entry is None:
            return Signature()
        try:
            return Signature.from_json(entry["signature"])
        except (KeyError, TypeError, ValueError) as error:
            raise ConversionError(
                "the engine's manifest holds no readable signature", code="broken-manifest", where=artifact.path.name
            ) from error

    def describe(self, path: Path) -> dict[str, Any]:
        """The library, version and GPUs by the header, and by the passport what the header does not say."""
        found = header.read(path)
        if found is None:
            raise ConversionError("it is no TensorRT engine", code="wrong-format", where=path.name)
        known = passport.read(path)
        said: dict[str, Any] = {
            "flavour": found.flavour,
            "version": found.version,
            "gpus": None if found.gpus is None else list(found.gpus),
            "later_gpus": found.later,
        }
        if known is not None:
            facts = known.facts()
            said |= {key: facts[key] for key in ("platforms", "gpu", "tf32", "workspace")}
            said["plugins"] = [plugin.file for plugin in known.plugins]
            said["disagree"] = passport.contradiction(found, known)
        return said

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Whether the host can load the engine, from its header and its passport."""
        return loading.verdict(path, host)
