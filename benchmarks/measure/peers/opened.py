"""An artifact that mlconvert opens, on one batch: `seconds` of its runtime, and no conversion before or after it.

python opened.py onnx|tf ARTIFACT inputs.npz
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.tf_runner import TfRunner

# One answer takes about so long, and numbers of a check are as many as a line holds.
SECONDS, CHECKED = 0.5, 1000


def milliseconds(runner: Runner, inputs: dict[str, np.ndarray]) -> float:
    """The median of the runs that the time allows."""
    found = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(found) < 3:
        runner.run(inputs)
        found.append(runner.seconds)
    return statistics.median(found) * 1000


def main(format: str, path: str, inputs: str) -> None:
    """Answer `check` and `batch` until standard input ends."""
    kind = {"onnx": OnnxRunner, "tf": TfRunner}[format]
    with kind(Artifact(Path(path), format), trust=True) as runner, np.load(inputs) as arrays:
        names = [tensor.name for tensor in runner.signature.inputs]
        # A converter may have changed the name of an only input.
        feeds = dict(arrays) if len(names) > 1 else {names[0]: next(iter(arrays.values()))}
        milliseconds(runner, feeds)
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "check":
                first = np.asarray(next(iter(runner.run(feeds).values())), np.float64)
                print(json.dumps(first.ravel()[:CHECKED].tolist()), flush=True)
            else:
                print(repr(milliseconds(runner, feeds)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
