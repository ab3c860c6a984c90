"""SavedModels that onnx2tf writes: their latency, with oneDNN and without, and what converting takes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measure import networks, scoring, timed
from measure.results import Row, main

import mlconvert
from mlconvert.errors import ConversionError

PEER = scoring.PEERS / "opened.py"
ONEDNN = {"with oneDNN": "1", "without": "0"}
# Of the largest output; they differ in the order of sums.
CLOSE = 1e-3
# What a SavedModel may take of ONNX Runtime's time with oneDNN and without, of Keras's, and of other converters'.
KERAS, OTHERS = 1.05, 1.0


@dataclass(frozen=True)
class Case:
    """A network, what it may take of ONNX Runtime's time, the seconds that converting it may take, and which others
    are beside it: Keras, and the other converters, one of which may take minutes.
    """

    network: str
    onednn: float = 1.15
    plain: float = 2.0
    converting: float | None = None
    keras: bool = False
    others: bool = False


CASES = (
    Case("resnet18", converting=4.0, others=True),
    Case("mobilenetv3_small_100", others=True),
    Case("mobilenetv3_large_100"),
    Case("efficientnet_b0"),
    Case("convnext_atto"),
    Case("vit_tiny_patch16_224"),
    Case("swin_tiny_patch4_window7_224", converting=15.0),
    Case("BERT, 4 layers"),
    Case("LSTM", 1.8, 1.8, others=True),
    Case("GRU", 3.0, 3.0),
    Case("MobileNetV2", keras=True),
    Case("ResNet50", keras=True),
)
# Times the weights, above TensorFlow itself.
MEMORY = 3.0


def measure(
    repetitions: int, cases: Iterable[Case] = CASES, settings: Sequence[str] = tuple(ONEDNN), seconds: float = 3.0
) -> Iterator[Row]:
    """Milliseconds of a batch of one on one core, seconds and MiB of converting."""
    with TemporaryDirectory() as name:
        for case in cases:
            yield from _case(case, Path(name), repetitions, settings, seconds)


def _case(case: Case, folder: Path, repetitions: int, settings: Sequence[str], seconds: float) -> Iterator[Row]:
    theirs: dict[str, Path] = {}
    if case.keras:
        source, theirs["keras.applications"], inputs = networks.keras_files(case.network)
    else:
        source, inputs = networks.files(case.network)
    made = folder / "savedmodel" / case.network
    mlconvert.convert(source, "tf", made, validate=False)
    if case.others:
        theirs |= _others(source, folder / "others" / case.network)
    for setting in settings:
        value = ONEDNN[setting]
        with _onednn(value):
            found = mlconvert.bench(
                source, made, data=inputs, batch=1, processes=max(2, repetitions), seconds=seconds, trust=True
            )
        goal = case.onednn if value == "1" else case.plain
        for row in timed.rows(case.network, found, {made.name: goal}):
            yield replace(row, what=f"{case.network} {setting}, ONNX Runtime")
        if theirs:
            yield from _beside(f"{case.network} {setting}", source, made, inputs, theirs, value, repetitions)
    if case.converting:
        yield from _converting(case.network, case.converting, source, folder / "again", repetitions)


@contextlib.contextmanager
def _onednn(value: str) -> Iterator[None]:
    """With what is started meanwhile told whether TensorFlow is to use oneDNN."""
    name = "TF_ENABLE_ONEDNN_OPTS"
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        os.environ.update({} if before is None else {name: before})


def _beside(
    what: str, source: Path, made: Path, inputs: Path, theirs: dict[str, Path], onednn: str, repetitions: int
) -> Iterator[Row]:
    """What others have made, which need not take what the source takes, by the same program in turns."""
    commands = {"ours": _opened("tf", made, inputs, onednn), "ONNX Runtime": _opened("onnx", source, inputs, onednn)}
    commands |= {name: _opened("tf", path, inputs, onednn) for name, path in theirs.items()}
    with scoring.peers(commands) as peers:
        right = {name: peer for name, peer in _right(peers).items() if name != "ONNX Runtime"}
        found = scoring.in_turns(right, "batch", repetitions)
    for name in list(found)[1:]:
        goal = KERAS if name == "keras.applications" else OTHERS
        yield Row(f"{what}, {name}", "ms", found["ours"], found[name], goal)


def _others(source: Path, folder: Path) -> dict[str, Path]:
    """The SavedModels of other converters, where they make one."""
    with np.load(source.with_name("inputs.npz")) as inputs:
        kept = [name for name in inputs.files if inputs[name].ndim > 2]
    keep = ["-k", *kept] if kept else []
    folder.mkdir(parents=True)
    program = [scoring.environment("onnx2tf"), "-m", "onnx2tf", "-i", source, "-osd", "-n", *keep, "-o"]
    subprocess.run([*program, folder / "onnx2tf"], capture_output=True, check=False)
    with contextlib.suppress(ConversionError):
        mlconvert.convert(source, "tf", folder / "onnx-tf", via="onnx2tf.onnx_tf", validate=False, isolate=True)
    return {path.name: path for path in sorted(folder.iterdir()) if (path / "saved_model.pb").exists()}


def _opened(format: str, path: Path, inputs: Path, onednn: str) -> list[str | Path]:
    settings = ["TF_CPP_MIN_LOG_LEVEL=3", "OMP_NUM_THREADS=1", f"TF_ENABLE_ONEDNN_OPTS={onednn}"]
    return ["env", *settings, sys.executable, PEER, format, path, inputs]


def _right(peers: dict[str, scoring.Peer]) -> dict[str, scoring.Peer]:
    """Ours and those that compute the same: what another converter has made wrong is not timed."""
    expected = peers["ONNX Runtime"].check()
    bound = CLOSE * np.abs(expected).max()
    found = {name: peer.check() for name, peer in peers.items()}
    np.testing.assert_allclose(found["ours"], expected, rtol=0, atol=bound)
    same = [name for name, x in found.items() if x.shape == expected.shape and np.abs(x - expected).max() <= bound]
    return {name: peers[name] for name in same}


def _converting(network: str, bound: float, source: Path, made: Path, repetitions: int) -> Iterator[Row]:
    program = scoring.PEERS / "converting.py"
    found = []
    for turn in range(repetitions):
        command: list[str | Path] = [sys.executable, program, source, made / str(turn)]
        said = subprocess.run(command, capture_output=True, check=True).stdout
        found.append(tuple(map(float, said.split()[-2:])))
    seconds, memory = zip(*found, strict=True)
    weights = source.stat().st_size / 2**20
    yield Row(f"{network}: converting", "s", seconds, [bound] * repetitions, 1.0)
    yield Row(f"{network}: memory of converting", "MiB", memory, [MEMORY * weights] * repetitions, 1.0)


if __name__ == "__main__":
    title, sides = "SavedModels from ONNX", ("SavedModel", "other side or bound")
    main("savedmodels", title, sides, measure, pairs=5)
