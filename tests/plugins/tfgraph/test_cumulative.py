"""Running sums and products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from graphs import write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import check, converted

X = np.arange(1, 7, dtype=np.float64).reshape(2, 3)


@pytest.mark.parametrize("attributes", ["", "<exclusive=1, reverse=1>"])
def test_sums_along_an_axis_that_is_an_input(attributes: str, tmp_path: Path) -> None:
    text = f"g (double[n,3] x, int32 axis) => (double[n,3] y) {{ y = CumSum{attributes}(x, axis) }}"
    check(tmp_path, text, {"x": X, "axis": np.array(-1, np.int32)})


def test_products(tmp_path: Path) -> None:
    """ONNX Runtime has none yet: ONNX's own evaluator is asked."""
    text = "g (double[n,3] x) => (double[n,3] y) { axis = Constant<value_int=0>()\n y = CumProd<exclusive=1>(x, axis) }"
    path = write(tmp_path / "m.onnx", text, opset=26, ir_version=11)
    with TfRunner(converted(path)) as ours:
        found = ours.run({"x": X})["y"]
    np.testing.assert_array_equal(found, ReferenceEvaluator(str(path)).run(None, {"x": X})[0])
