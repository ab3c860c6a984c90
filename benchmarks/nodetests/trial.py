"""One node test through onnx2tf: converted, written, loaded again, run, and its outputs held against the test's."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nodetests import kinds, reasons

PASSED, DIFFERS, REFUSED, WRONG, CRASH, EXCLUDED = "passed", "differs", "refused", "wrong", "crash", "excluded"
# Domains whose operators are not converted: classical models have a route of their own, training has none.
DOMAINS = ("ai.onnx.ml", "ai.onnx.preview.training")


@dataclass(frozen=True)
class Row:
    """What came of a test: `code` is the reason's, `text` what a reader wants to know; `onednn` is the switch."""

    case: str
    op: str
    outcome: str
    code: str = ""
    text: str = ""
    onednn: str = ""


def cases() -> dict[str, Any]:
    """The tests that the installed onnx makes, by name."""
    from onnx.backend.test.loader import load_node_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for case in load_node_model_tests()}


def operator_of(case: Any) -> str:
    """The operator that a test is for: its only node's, or the one that its name begins with."""
    nodes = {node.op_type for node in case.model.graph.node}
    return nodes.pop() if len(nodes) == 1 else case.name.removeprefix("test_").partition("_expanded")[0]


def why_excluded(model: Any) -> tuple[str, str]:
    """What in the test TensorFlow's tensors, or this route, do not have, and how that shows; '' for nothing."""
    import onnx

    domains = {node.domain for node in model.graph.node} & set(DOMAINS)
    if domains:
        return f"domain {domains.pop()}", "no domain of this route"
    for slot in [*model.graph.input, *model.graph.output]:
        kind = slot.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"type {kind.removesuffix('_type')}", "a SavedModel's signature has tensors alone"
        element = slot.type.tensor_type.elem_type
        why = kinds.inert(element)
        if why:
            return f"type {onnx.TensorProto.DataType.Name(element).lower()}", why
    return "", ""


def serve(pipe: Connection, switch: str, setting: str) -> None:
    """Try the tests whose names arrive, until none does, with a switch of TensorFlow's that is read when it loads."""
    os.environ[switch] = setting
    # TensorFlow announces that sessions are old, at each of them.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    known = cases()
    for name in iter(pipe.recv, None):
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipe.send(replace(tried(known[name], Path(folder)), onednn=setting))


def tried(case: Any, folder: Path) -> Row:
    """One test, whatever becomes of it."""
    from mlconvert.errors import ConversionError

    row = Row(case.name, operator_of(case), PASSED)
    try:
        excluded, why = why_excluded(case.model)
        if excluded:
            return replace(row, outcome=EXCLUDED, code=excluded, text=why)
        outcome, code, text = verdict(case, folder)
        return replace(row, outcome=outcome, code=code, text=text[:300])
    except ConversionError as error:
        where = f"{error.where}: " if error.where and not str(error).startswith(error.where) else ""
        return replace(row, outcome=REFUSED, code=error.code, text=f"{where}{error}"[:300])
    except Exception as error:  # noqa: BLE001 - a defect of ours is a row of the table, too
        return replace(row, outcome=CRASH, code=type(error).__name__, text=str(error)[:300])


def verdict(case: Any, folder: Path) -> tuple[str, str, str]:
    """Outcome, code and text of the test's data, by the SavedModel that its model becomes."""
    from mlconvert.artifact import Artifact
    from mlconvert.errors import refuse
    from mlconvert.stage import Context
    from mlconvert_plugins.onnx2tf import Onnx2Tf
    from mlconvert_plugins.tf_runner import TfRunner

    stage, context = Onnx2Tf(), Context(folder, folder)
    source = Artifact(folder / "model.onnx", "onnx")
    source.path.write_bytes(case.model.SerializeToString())
    refuse(stage.requires(source, stage.Options(), context))
    outcome = stage.convert(source, stage.Options(), folder / "model", context)
    made = Artifact(folder / "model", "tf", None, outcome.signature)
    refuse(stage.ensures(made, context))
    with TfRunner(made) as runner:
        for data, wanted in case.data_sets:
            inputs, expected = [array(one) for one in data], [array(one) for one in wanted]
            found = _outputs(case, runner, inputs)
            problems = [*forms(found, expected)]
            if problems:
                return WRONG, "form", "; ".join(problems)
            problems = [*numbers(case, found, expected)]
            if problems:
                why = _reason(case, runner, inputs, found, expected)
                return (DIFFERS, *why) if why else (WRONG, "numbers", "; ".join(problems))
    return PASSED, "", ""


def _outputs(case: Any, runner: Any, inputs: Sequence[Any]) -> list[Any]:
    names = [slot.name for slot in case.model.graph.input]
    found = runner.run(dict(zip(names, inputs, strict=True)))
    return [found[slot.name] for slot in case.model.graph.output]


def _reason(
    case: Any, runner: Any, inputs: Sequence[Any], found: Sequence[Any], expected: Sequence[Any]
) -> tuple[str, str] | None:
    return reasons.reason(case, inputs, found, expected, lambda: _outputs(case, runner, inputs))


def array(value: Any) -> Any:
    """A test's value as an array."""
    import numpy as np
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def forms(found: Sequence[Any], expected: Sequence[Any]) -> Iterator[str]:
    """What tells types and shapes from the expected ones."""
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        texts = other.dtype.kind in "OUST"
        if one.dtype != other.dtype and not (texts and one.dtype == object):
            yield f"output {number} is {one.dtype}, not {other.dtype}"
        elif one.shape != other.shape:
            yield f"output {number} has the shape {one.shape}, not {other.shape}"


def numbers(case: Any, found: Sequence[Any], expected: Sequence[Any]) -> Iterator[str]:
    """What tells numbers from the expected ones, at the test's own tolerances; texts are equal or not."""
    import numpy as np

    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        if other.dtype.kind in "OUST":
            if one.tolist() != other.tolist():
                yield f"output {number} differs: {one.tolist()} and not {other.tolist()}"
            continue
        wide = [array.astype(np.float64) if array.dtype.kind == "V" else array for array in (one, other)]
        try:
            np.testing.assert_allclose(*wide, rtol=case.rtol, atol=case.atol)
        except AssertionError as error:
            yield f"output {number} differs: " + " ".join(str(error).split())
