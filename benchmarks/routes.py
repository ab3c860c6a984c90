"""One LightGBM model in everything that it converts to, side by side; and both routes to a jar, native and JPMML's."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import timed
from measure.forest_models import RECIPES
from measure.processes import run
from measure.results import Row, main

import mlconvert

NATIVE, JPMML = (), ("--via", "pmml")
# Where the classes of the model are, in a jar of this name.
OWN = "jpmml/"
FORMS = ("model.forest", "native.jar", "model.pmml", "jpmml.jar")


@dataclass(frozen=True)
class Case:
    """A model, by the name of its recipe."""

    model: str


CASES = (Case("LightGBM 100x31"), Case("LightGBM 500x31"), Case("LightGBM 1000x63"))


def measure(
    repetitions: int,
    cases: Iterable[Case] = CASES,
    forms: Sequence[str] = FORMS,
    batch: Sequence[int] = (1, 256),
    seconds: float = 3.0,
) -> Iterator[Row]:
    """Seconds of a conversion without parity, KB of 1000 bytes, times of a call and of opening beside LightGBM's."""
    for case in cases:
        with TemporaryDirectory() as name:
            folder = Path(name)
            model, _ = RECIPES[case.model].files(256)
            yield from _made(case.model, model, folder, repetitions)
            for form in {"model.forest", "model.pmml"}.intersection(forms):
                mlconvert.convert(model, Path(form).suffix.removeprefix("."), folder / form, validate=False)
            found = mlconvert.bench(
                model,
                *(folder / form for form in forms),
                batch=batch,
                seconds=seconds,
                processes=max(2, repetitions),
                trust=True,
            )
        for rows in (timed.rows, timed.loads, timed.noise):
            yield from rows(case.model, found)


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


if __name__ == "__main__":
    main("routes", "One model by every route", ("artifact, or native jar", "LightGBM, or JPMML jar"), measure, pairs=5)
