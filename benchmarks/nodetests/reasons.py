"""Why numbers that differ from a test's may do so: each reason is found by measuring, and is no list of tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional

# Draws for a distribution, and by how many standard deviations their mean may be off.
DRAWS, SIGMAS = 300, 5
# The steps of a 16-bit float by which two orders of the same roundings may part.
STEPS = 4
_RANDOM = ("Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform")
Run = Callable[[], Sequence[Any]]


def reason(
    case: Any, inputs: Sequence[Any], found: Sequence[Any], expected: Sequence[Any], run: Run
) -> Optional[tuple[str, str]]:
    """A code and its words, None for numbers that are just wrong. `run` runs the model again."""
    return (
        drawn(case, inputs, run)
        or rounded(case, found, expected)
        or as_onnxruntime(case, inputs, found)
        or nearer(case, inputs, found, expected)
    )


def drawn(case: Any, inputs: Sequence[Any], run: Run) -> Optional[tuple[str, str]]:
    """`random`: numbers that are drawn, by ONNX's own evaluator from the same distribution.

    Each element takes the same values, and its mean over many draws is the same.
    """
    import numpy as np

    if not any(node.op_type.startswith(_RANDOM) for node in case.model.graph.node):
        return None
    theirs = evaluator(_unseeded(case.model))
    names = [slot.name for slot in case.model.graph.input]
    given = dict(zip(names, inputs, strict=True))
    pairs = [(run(), theirs.run(None, given)) for _ in range(DRAWS)]
    for number in range(len(case.model.graph.output)):
        one, other = (np.stack([pair[side][number] for pair in pairs]).astype(np.float64) for side in (0, 1))
        spread = np.sqrt((one.var(0) + other.var(0)) / DRAWS)
        near = np.abs(one.mean(0) - other.mean(0)) <= SIGMAS * spread + 1e-6
        bounds = np.allclose(one.min(0), other.min(0)) and np.allclose(one.max(0), other.max(0))
        if not (near.all() and bounds):
            return None
    return "random", f"random numbers; shape, type and, over {DRAWS} draws, the distribution are right"


def _unseeded(model: Any) -> Any:
    """The model with other numbers at each run: ONNX's evaluator begins anew with a seed."""
    copy = type(model)()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        kept = [attribute for attribute in node.attribute if attribute.name != "seed"]
        del node.attribute[:]
        node.attribute.extend(kept)
    return copy


def evaluator(model: Any) -> Any:
    """ONNX's own implementation of a model, in numpy."""
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(model)


def rounded(case: Any, found: Sequence[Any], expected: Sequence[Any]) -> Optional[tuple[str, str]]:
    """`half-steps`: 16-bit floats few steps apart, where the test's tolerance is about one step.

    Sums of products depend on their order: each step is rounded to the type, by numpy in one order and by a kernel in
    another.
    """
    import ml_dtypes
    import numpy as np

    most = 0.0
    for one, other in zip(found, expected, strict=True):
        if one.dtype.name not in ("float16", "bfloat16"):
            if not np.array_equal(one, other):
                return None
            continue
        eps = float(ml_dtypes.finfo(one.dtype).eps)
        wide = np.asarray(other, np.float64)
        scale = 2.0 ** np.floor(np.log2(np.maximum(np.abs(wide), np.sqrt(np.mean(wide**2)) / 8)))
        steps = np.abs(np.asarray(one, np.float64) - wide) / (scale * eps)
        most = max(most, float(np.max(steps, initial=0)))
        if case.rtol > 2 * eps or not most <= STEPS:
            return None
    return "half-steps", f"at most {most:.0f} steps of a 16-bit float; the test's tolerance is {case.rtol}"


def as_onnxruntime(case: Any, inputs: Sequence[Any], found: Sequence[Any]) -> Optional[tuple[str, str]]:
    """`as-onnxruntime`: ONNX Runtime's numbers are ours; it is the reference of this route."""
    import numpy as np
    import onnxruntime

    names = [slot.name for slot in case.model.graph.input]
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(case.model.SerializeToString(), options, ["CPUExecutionProvider"])
        theirs = session.run(None, dict(zip(names, inputs, strict=True)))
    except Exception:  # noqa: BLE001 - onnxruntime's errors share no base; a model that it does not take explains nothing
        return None
    for one, other in zip(found, theirs, strict=True):
        if one.shape != other.shape or not np.allclose(one, other, case.rtol, case.atol, equal_nan=True):
            return None
    return "as-onnxruntime", "ONNX Runtime computes these numbers, and not the test's"


def nearer(
    case: Any, inputs: Sequence[Any], found: Sequence[Any], expected: Sequence[Any]
) -> Optional[tuple[str, str]]:
    """`nearer`: ONNX's own evaluator in float64 gives numbers that ours are nearer to than the test's."""
    import numpy as np
    from onnx import TensorProto

    if len(case.model.graph.node) > 1:
        return None
    wide = type(case.model)()
    wide.CopyFrom(case.model)
    for slot in [*wide.graph.input, *wide.graph.output]:
        if slot.type.tensor_type.elem_type == TensorProto.FLOAT:
            slot.type.tensor_type.elem_type = TensorProto.DOUBLE
    given = {
        slot.name: value.astype(np.float64) if value.dtype == np.float32 else value
        for slot, value in zip(wide.graph.input, inputs, strict=True)
    }
    for one, other, exact in zip(found, expected, evaluator(wide).run(None, given), strict=True):
        if one.dtype != np.float32 or np.abs(one - exact).max() > np.abs(other - exact).max():
            return None
    return "nearer", "in float64 ONNX's own evaluator gives numbers that are nearer to these than to the test's"
