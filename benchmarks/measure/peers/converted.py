"""ONNX Runtime on a LightGBM model that onnxmltools has converted, on one thread; only the probabilities are asked for.

python converted.py MODEL ROWS
"""

from __future__ import annotations

import sys
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from timing import Predict, serve


def load(model: Path) -> Predict:
    """Rows are float32 there; the conversion to it is not timed apart, and costs next to nothing."""
    booster = lightgbm.Booster(model_file=model)
    kind = FloatTensorType([None, booster.num_feature()])
    converted = convert_lightgbm(booster, initial_types=[("x", kind)], zipmap=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, ["CPUExecutionProvider"])
    name = session.get_outputs()[1].name
    return lambda rows: session.run([name], {"x": rows.astype(np.float32)})[0][:, 1]


if __name__ == "__main__":
    serve(load(Path(sys.argv[1])), Path(sys.argv[2]))
