"""One conversion by the onnx2tf stage: its seconds beyond imports, and its peak in MiB beyond what TensorFlow takes.

python converting.py model.onnx savedmodel
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import onnx
import psutil
import tensorflow as tf

from mlconvert.artifact import Artifact
from mlconvert.stage import Context
from mlconvert_plugins.onnx2tf import Onnx2Tf


def main(source: str, out: str) -> None:
    """Print both numbers. TensorFlow has made and run a graph before the clock starts."""
    text = "g (float[1] x) => (float[1] y) { y = Relu(x) }"
    onnx.checker.check_graph(onnx.parser.parse_graph(text))
    tf.constant([1.0]).numpy()
    before = psutil.Process().memory_info().rss
    stage, path, made = Onnx2Tf(), Path(source), Path(out)
    start = time.perf_counter()
    stage.convert(Artifact(path, "onnx"), stage.Options(), made, Context(made.parent, made.parent))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(seconds, (peak - before) / 2**20)


if __name__ == "__main__":
    main(*sys.argv[1:])
