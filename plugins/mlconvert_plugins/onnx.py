"""ONNX: one .onnx file, with its external data file when the weights pass 1 GiB."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.signature import Signature
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.onnxfile import header

# What releases of onnxruntime take: (opset of ai.onnx, IR version), from its compatibility table and, for the last,
# from its own messages. A release takes what the ones before it take.
_RUNTIMES = {(1, 14): (18, 8), (1, 17): (20, 9), (1, 20): (21, 10), (1, 32): (28, 14)}
# Domains whose operators are ONNX's own or onnxruntime's.
_KNOWN_DOMAINS = ("ai.onnx", "com.microsoft")


class Onnx(Format):
    """ONNX files run no code: libraries of custom operators are never loaded, and external data stays below the
    model's folder wherever the file is opened.
    """

    name = "onnx"
    suffix = ".onnx"
    requirements = ("onnx>=1.19", "onnx-ir>=0.1.12", "onnxruntime>=1.22", "ml-dtypes>=0.5")
    example = "--dim batch=1:8:32"

    def sniff(self, path: Path) -> str | None:
        """'' for an ONNX file, by the outer fields of its message; None for any other file."""
        return None if header.read(path) is None else ""

    def adopt(self, obj: Any, out: Path) -> str | None:
        """Write a live `onnx.ModelProto` or `onnx_ir.Model`."""
        kind = type(obj)
        if (kind.__module__.partition(".")[0], kind.__name__) not in (("onnx", "ModelProto"), ("onnx_ir", "Model")):
            return None
        from mlconvert_plugins.onnxfile.opening import to_model
        from mlconvert_plugins.onnxfile.saving import save

        if kind.__name__ == "ModelProto":
            _refuse_external(obj)
            obj = to_model(obj, out)
        save(obj, out)
        return ""

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """The graph's inputs that no initializer gives, those of ids with the range of their table, and its outputs."""
        from mlconvert_plugins.onnxfile.opening import open_proto
        from mlconvert_plugins.onnxfile.signature import signature_of
        from mlconvert_plugins.onnxfile.vocabulary import bounded

        proto = open_proto(artifact.path)
        return bounded(signature_of(proto), proto.graph)

    def side_files(self, path: Path) -> tuple[Path, ...]:
        """The external data files."""
        from mlconvert_plugins.onnxfile.external import check_external
        from mlconvert_plugins.onnxfile.opening import open_proto

        return check_external(open_proto(path), path.parent)

    def describe(self, path: Path) -> dict[str, Any]:
        """Versions, sizes, operators, and under `notes` what stands out."""
        from mlconvert_plugins.onnxfile.description import describe

        return describe(path)

    def localise(self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context) -> Suspect | None:
        """The first node of the source whose value is another in the artifact."""
        from mlconvert_plugins.onnxfile.localising import first_bad

        return first_bad(source, artifact, inputs, ctx, ctx.tolerance or Tolerance())

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Whether the onnxruntime that is installed takes the file's opset and IR version."""
        found = header.read(path)
        if found is None:
            return Verdict("no", f"{path.name} is no ONNX file")
        installed = _installed()
        if installed is None:
            return Verdict("no", "onnxruntime is not installed", "pip install 'mlconvert[onnx]'")
        foreign = [domain for domain in found.opsets if domain and not domain.startswith(_KNOWN_DOMAINS)]
        if foreign and not found.functions:
            return Verdict("unknown", f"the file asks for operators of {', '.join(foreign)}")
        return _verdict(found, installed)


def _installed() -> str | None:
    """The version of onnxruntime, which comes as several distributions of one package."""
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _verdict(found: header.Header, installed: str) -> Verdict:
    from packaging.version import Version

    opset = found.opsets.get("", found.opsets.get("ai.onnx", 0))
    needs = f"opset {opset} and IR version {found.ir_version}"
    taken = [limits for since, limits in _RUNTIMES.items() if since <= Version(installed).release]
    if taken and opset <= taken[-1][0] and found.ir_version <= taken[-1][1]:
        return Verdict("yes", f"{needs}, which onnxruntime {installed} takes")
    reason = f"{needs}, which onnxruntime {installed} is not known to take"
    return Verdict("unknown", reason, "pip install --upgrade onnxruntime")


def _refuse_external(proto: Any) -> None:
    """A message in memory does not say which folder its external data lies in."""
    from mlconvert_plugins.onnxfile.external import is_external, tensors

    if any(is_external(tensor) for tensor in tensors(proto)):
        raise ConversionError(
            "the model's weights lie in external data, and a ModelProto does not say where",
            code="external-data-missing",
            fix="give the path of the file, or load it with onnx.load(path), which reads the weights too",
        )
