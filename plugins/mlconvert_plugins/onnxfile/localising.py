"""The first bad node in words: what the search has found, where it came from, and a reproducer of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.onnxfile import notes, reproducer
from mlconvert_plugins.onnxfile.closeness import Bounds
from mlconvert_plugins.onnxfile.differing import differences
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.pieces import Graph
from mlconvert_plugins.onnxfile.search import Finding, Search, Side, Subject

if TYPE_CHECKING:
    import numpy as np
    import onnx

_SHOWN = 5


def first_bad(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node of one ONNX file that is wrong in another, or that onnxruntime's optimizations are."""
    one, other = (OnnxFile(side.path, inputs, ctx.scratch) for side in (source, artifact))
    found = _between(one, other, inputs, ctx, tolerance)
    if found is None and _is_wrong_optimised(one, artifact, inputs, tolerance):
        return Suspect("", "", note="it is right without onnxruntime's optimizations, and wrong with them")
    return found


def between(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node of one ONNX file that is wrong in another, None where no output is; names match tensors."""
    one, other = (OnnxFile(side.path, inputs, ctx.scratch) for side in (source, artifact))
    return _between(one, other, inputs, ctx, tolerance)


def _between(
    source: OnnxFile, artifact: OnnxFile, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    def compare(node: onnx.NodeProto) -> Iterable[str]:
        return differences(node, source, artifact)

    return suspect(source.graph, source, artifact, inputs, ctx, tolerance, compare=compare)


def _is_wrong_optimised(
    source: OnnxFile, artifact: Artifact, inputs: Mapping[str, np.ndarray], tolerance: Tolerance
) -> bool:
    """Whether an output is beyond the tolerance as onnxruntime runs the artifact by default."""
    with OnnxRunner(artifact) as runner:
        found = runner.run(inputs)
    expected = source.values([name for name in source.graph.outputs if name in source.names and name in found])
    gaps = (Bounds.of(tolerance, array).gap(array, found[name]) for name, array in expected.items())
    return any(gap.excess > 1 for gap in gaps)


def suspect(
    graph: Graph,
    source: Side,
    subject: Subject,
    inputs: Mapping[str, np.ndarray],
    ctx: Context,
    tolerance: Tolerance,
    *,
    compare: Callable[[onnx.NodeProto], Iterable[str]] = lambda node: (),
    word: str = "",
) -> Suspect | None:
    """Search, write the reproducer, and say it. None where no output of the graph is beyond the tolerance.

    `compare` says how a node differs in the artifact, where that can be read from it. `word` is the conversion that
    makes such an artifact of the source.
    """
    finding = Search(graph, source, subject, inputs, tolerance, ctx.progress).run()
    if finding is None:
        return None
    if not finding.name:
        note = f"no node is wrong: every inner tensor is within what {finding.loosened} leaves, and rounding adds up"
        return Suspect("", "", max_abs=finding.gap.max_abs, note=note)
    node = graph.makers[finding.name]
    remarks = [*_remarks(finding, graph), *compare(node)]
    written = ""
    if ctx.reproducer is not None and finding.part is not None:
        try:
            reproducer.write(ctx.reproducer, finding.part, source, subject, finding.bounds, word)
            written = ctx.reproducer.name
        except ConversionError as error:
            remarks.append(error.message)
    where = notes.origin(notes.of(node))
    return Suspect(node.name or finding.name, node.op_type, where, finding.gap.max_abs, "; ".join(remarks), written)


def _remarks(finding: Finding, graph: Graph) -> Iterator[str]:
    """What is wrong, how sure it is, and which nodes and weights can be to blame."""
    part = finding.part
    if finding.gap.problem:
        yield finding.gap.problem
    if part is not None:
        made = graph.between(part.name, part.given)
        ends = f"between {_listed(part.given)} and {part.name}"
        if len(finding.tensors) > 1:
            yield f"it is right by itself, and errors add up over {len(finding.tensors)} tensors {ends}"
        elif len(made) > 1:
            yield f"fused: the artifact has no tensors {ends} ({_listed(graph.makers[one].op_type for one in made)})"
        else:
            yield "it is wrong by itself too, on the source's own values"
    weights = graph.weights_of([finding.name] if part is None else graph.between(part.name, part.given))
    if weights:
        yield f"its weights: {_listed(weights)}"


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
