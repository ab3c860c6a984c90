"""Peers that score the same model in turns, each a process of its own on one pinned core."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from measure.forest_models import COLUMNS

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = Path(__file__).resolve().parents[1] / ".environments"
# What the other converters need, as their makers say; lleaves calls an API that newer llvmlite has lost.
REQUIREMENTS = {
    "lleaves": ("lleaves==1.3.0", "llvmlite==0.43.0", "lightgbm", "setuptools"),
    "onnx": ("onnxmltools==1.16.0", "onnxruntime", "lightgbm", "scikit-learn"),
    "onnx2tf": ("onnx2tf==1.29.24",),
    "jpmml": ("--no-deps", "sklearn2pmml==0.133.1", "jpmml-evaluator==0.16.0"),
}
# The last core: the first one serves most interrupts.
_CORE = str((os.cpu_count() or 1) - 1)


class Peer:
    """A program of `peers/`, warm. Its questions are answered with numbers."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        pinned = ("taskset", "--cpu-list", _CORE, *map(str, command))
        self._process = subprocess.Popen(pinned, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self._read()
        if line != "ready":
            raise RuntimeError(f"{' '.join(pinned)} said {line!r}")

    def ask(self, question: str) -> float:
        """The number that answers `row`, `batch` or `load`."""
        return float(self._answer(question))

    def check(self) -> np.ndarray:
        """The predictions of the first rows, flat."""
        return np.array(json.loads(self._answer("check")), dtype=np.float64)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def _answer(self, question: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a peer has died: {self._process.args!r}")
        return line.strip()


@contextlib.contextmanager
def peers(commands: Mapping[str, Sequence[str | Path]]) -> Iterator[dict[str, Peer]]:
    """All peers by name, ended on the way out."""
    started: dict[str, Peer] = {}
    try:
        for name, command in commands.items():
            started[name] = Peer(command)
        yield started
    finally:
        for peer in started.values():
            peer.close()


def in_turns(asked: Mapping[str, Peer], question: str, repetitions: int) -> dict[str, list[float]]:
    """Each peer's answers, in turns; every other turn in the opposite order. One turn more warms up."""
    found: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(repetitions + 1):
        for name in list(asked)[:: 1 if turn % 2 else -1]:
            answer = asked[name].ask(question)
            if turn:
                found[name].append(answer)
    return found


def ours(jar: Path, rows: Path) -> list[str | Path]:
    """mlconvert's jar."""
    return ["java", "-cp", jar, PEERS / "Jar.java", rows.with_suffix(".bin")]


def library(name: str, model: Path, rows: Path) -> list[str | Path]:
    """The library that trained the model."""
    return [sys.executable, PEERS / "library.py", name, model, rows]


def lleaves(model: Path, rows: Path) -> list[str | Path]:
    """A LightGBM model compiled by lleaves."""
    return [environment("lleaves"), PEERS / "compiled.py", model, rows]


def onnx_runtime(model: Path, rows: Path) -> list[str | Path]:
    """A LightGBM model in ONNX Runtime."""
    return [environment("onnx"), PEERS / "converted.py", model, rows]


def jpmml(model: Path, rows: Path) -> list[str | Path]:
    """The jar that JPMML transpiles from a LightGBM model: AGPL-3.0, a process of its own."""
    packages = next((environment("jpmml").parents[1] / "lib").glob("python*/site-packages"))
    jars = [packages / "sklearn2pmml/resources/*", packages / "jpmml_evaluator/dependencies/*"]
    path = ":".join(map(str, jars))
    made = model.with_name("jpmml.jar")
    return ["java", "-cp", path, PEERS / "Jpmml.java", model, made, rows.with_suffix(".bin"), str(COLUMNS)]


def environment(name: str) -> Path:
    """The Python of an environment of its own with a converter in it, made when it is first asked for."""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS[name]], check=True)
        (folder / "complete").touch()
    return python
