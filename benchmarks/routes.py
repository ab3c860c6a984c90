"""One model by both routes to a jar, side by side: through the forest (native), and through PMML (JPMML)."""

from __future__ import annotations

import contextlib
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measure.forest_models import RECIPES
from measure.processes import run
from measure.results import Row, main

import mlconvert
from mlconvert_plugins.jar_runner import JarRunner

NATIVE, JPMML = (), ("--via", "pmml")
# Where the classes of the model are, in a jar of this name.
OWN = "jpmml/"
# Calls until a JVM has compiled what they take; loading takes longer, and is warm sooner.
WARM, WARM_LOADS = 20_000, 20


@dataclass(frozen=True)
class Case:
    """A model, by the name of its recipe."""

    model: str


CASES = (Case("LightGBM 100x31"), Case("LightGBM 500x31"), Case("LightGBM 1000x63"))


def measure(repetitions: int, cases: Iterable[Case] = CASES, warm: int = WARM) -> Iterator[Row]:
    """Seconds of a conversion without parity, KB of 1000 bytes, milliseconds of loading, microseconds of a row."""
    with TemporaryDirectory() as name, _pinned():
        for case in cases:
            model, rows = RECIPES[case.model].files(256)
            yield from _made(case.model, model, Path(name), repetitions)
            yield from _scored(case.model, np.load(rows), Path(name), repetitions, warm)


@contextlib.contextmanager
def _pinned() -> Iterator[None]:
    """On one core, with all that is started meanwhile: a JVM's clock counts what other cores do for it."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _made(name: str, model: Path, folder: Path, repetitions: int) -> Iterator[Row]:
    native, jpmml = folder / "native.jar", folder / "jpmml.jar"
    seconds = [(_convert(model, native, NATIVE), _convert(model, jpmml, JPMML)) for _ in range(repetitions)]
    whole = native.stat().st_size / 1000
    yield Row(f"{name}: converting", "s", *zip(*seconds, strict=True))
    yield Row(f"{name}: size", "KB", [whole], [jpmml.stat().st_size / 1000])
    yield Row(f"{name}: size, and there of the model's classes alone", "KB", [whole], [_classes(jpmml) / 1000])


def _classes(jar: Path) -> int:
    """What a jar holds beside JPMML's evaluator."""
    with zipfile.ZipFile(jar) as archive:
        return sum(entry.compress_size for entry in archive.infolist() if entry.filename.startswith(OWN))


def _convert(model: Path, jar: Path, words: tuple[str, ...]) -> float:
    command = Path(sys.executable).with_name("mlconvert")
    flags = ("--no-validate", "--no-cache", "--force", "-q")
    return run(command, "lightgbm2jar", model, "-o", jar, *words, *flags).seconds


def _scored(name: str, x: np.ndarray, folder: Path, repetitions: int, warm: int) -> Iterator[Row]:
    with _opened(folder / "native.jar") as native, _opened(folder / "jpmml.jar") as jpmml:
        _check(native, jpmml, x)
        row = _in_turns(native, jpmml, repetitions, lambda jar, calls: jar.time_rows(x, warm_up=calls, rounds=1), warm)
        batch = _in_turns(
            native, jpmml, repetitions, lambda jar, calls: jar.time_batches(x, warm_up=calls, rounds=3), warm // len(x)
        )
        load = _in_turns(
            native, jpmml, repetitions, lambda jar, calls: jar.time_loading(warm_up=calls, rounds=3), WARM_LOADS
        )
    yield Row(f"{name}: loading", "ms", *([value / 1e6 for value in side] for side in load))
    yield Row(f"{name}: one row", "µs", *([value / 1e3 for value in side] for side in row))
    yield Row(f"{name}: a row of a batch", "µs", *([value / 1e3 / len(x) for value in side] for side in batch))


def _opened(jar: Path) -> JarRunner:
    runner = mlconvert.open(jar, trust=True)
    assert isinstance(runner, JarRunner)
    return runner


def _check(native: JarRunner, jpmml: JarRunner, x: np.ndarray) -> None:
    one, other = (runner.run({"x": x})["probability"] for runner in (native, jpmml))
    np.testing.assert_allclose(one, other, rtol=1e-12)


def _in_turns(
    native: JarRunner, jpmml: JarRunner, repetitions: int, time: Callable[[JarRunner, int], np.ndarray], warm: int
) -> tuple[list[float], list[float]]:
    """The medians of each turn, in nanoseconds; both are warm before the first."""
    for jar in (native, jpmml):
        time(jar, warm)
    pairs = [(float(np.median(time(native, 0))), float(np.median(time(jpmml, 0)))) for _ in range(repetitions)]
    one, other = zip(*pairs, strict=True)
    return list(one), list(other)


if __name__ == "__main__":
    main("routes", "One model by both routes to a jar", ("native jar", "JPMML jar"), measure, pairs=3)
