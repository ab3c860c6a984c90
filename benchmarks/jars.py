"""What a jar weighs, how fast it loads, and what making it takes."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import scoring
from measure.forest_models import RECIPES
from measure.processes import Usage, run
from measure.results import Row, main

import mlconvert

RUNTIME_KB, LOAD_MS, SECONDS, MEMORY = 40, 20, 1.0, 5.0
# So many loads until a JVM has compiled what they take.
WARM = 100


@dataclass(frozen=True)
class Case:
    """A model, and which part of its file the jar may be at most."""

    model: str
    part: float | None = None
    loads: float | None = None


CASES = (
    Case("LightGBM 100x31", 1 / 5),
    Case("LightGBM 500x31", 1 / 8),
    Case("LightGBM 1000x63", 1 / 10, LOAD_MS),
    Case("LightGBM 500x255"),
    Case("LightGBM 500x31 max_bin 4095"),
    Case("XGBoost 500x6 deep"),
    Case("RandomForest 300x589"),
)
CONVERTED, TINY = "LightGBM 1000x63", "LightGBM 10x7"


def measure(repetitions: int, cases: Iterable[Case] = CASES, converted: str = CONVERTED) -> Iterator[Row]:
    """Sizes in KB of 1000 bytes, milliseconds of loading in a warm JVM, seconds and memory of converting."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases:
            yield from _case(case, folder, repetitions)
        yield _classes(folder / "model.jar")
        yield from _conversion(converted, folder, repetitions)


def _case(case: Case, folder: Path, repetitions: int) -> Iterator[Row]:
    recipe = RECIPES[case.model]
    model, rows = recipe.files(64)
    jar = folder / "model.jar"
    mlconvert.convert(model, to="jar", out=jar, validate=False, trust=recipe.library == "sklearn", force=True)
    yield Row(f"{case.model}: size", "KB", [jar.stat().st_size / 1000], [model.stat().st_size / 1000], case.part)
    with scoring.peers({"jar": scoring.ours(jar, rows)}) as peers:
        for _ in range(WARM):
            peers["jar"].ask("load")
        found = scoring.in_turns(peers, "load", max(repetitions, 3))["jar"]
    yield Row(f"{case.model}: loading", "ms", found, [LOAD_MS] * len(found), case.loads and 1.0)


def _classes(jar: Path) -> Row:
    with zipfile.ZipFile(jar) as archive:
        size = sum(entry.compress_size for entry in archive.infolist() if entry.filename.endswith(".class"))
    return Row("every jar: classes of the runtime in it", "KB", [size / 1000], [RUNTIME_KB], 1.0)


def _conversion(name: str, folder: Path, repetitions: int) -> Iterator[Row]:
    """Without parity. The interpreters' own time and memory are those of a command with next to nothing to do."""
    model, tiny = RECIPES[name].files(64)[0], RECIPES[TINY].files(64)[0]
    ours = [_converted(model, folder) for _ in range(repetitions)]
    start = [run(_command(), "--version").seconds for _ in range(repetitions)]
    least = [_converted(tiny, folder).memory / 2**20 for _ in range(repetitions)]
    # Less than the clock and the sampler can tell apart has no ratio.
    seconds = [max(0.01, own.seconds - bare) for own, bare in zip(ours, start, strict=True)]
    yield Row(f"{name}: to a jar, beyond the interpreter's start", "s", seconds, [SECONDS] * repetitions, 1.0)
    bound = [MEMORY * model.stat().st_size / 2**20] * repetitions
    peaks = [own.memory / 2**20 for own in ours]
    beyond = [max(0.1, peak - own) for peak, own in zip(peaks, least, strict=True)]
    yield Row(f"{name}: peak memory beyond that of a model of ten trees", "MiB", beyond, bound, 1.0)
    yield Row(f"{name}: peak memory, both processes whole", "MiB", peaks, bound)


def _converted(model: Path, folder: Path) -> Usage:
    return run(
        _command(), "lightgbm2jar", model, "-o", folder / "made.jar", "--no-validate", "--no-cache", "--force", "-q"
    )


def _command() -> Path:
    return Path(sys.executable).with_name("mlconvert")


if __name__ == "__main__":
    main("jars", "Size, loading and making of jars", ("jar", "file or bound"), measure, pairs=5)
