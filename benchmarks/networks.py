"""Networks in PyTorch, in ONNX Runtime and in TensorFlow, side by side: one `mlconvert bench` for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import timed
from measure.programs import write_timm
from measure.results import Row, main

import mlconvert


@dataclass(frozen=True)
class Case:
    """A timm model, and the height and width of its images."""

    network: str
    size: int = 224


CASES = (Case("resnet18"), Case("mobilenetv3_small_100"), Case("vit_tiny_patch16_224"))
# Where each goes, by its format.
ARTIFACTS = {"onnx": "model.onnx", "tf": "savedmodel"}


def measure(
    repetitions: int,
    cases: Iterable[Case] = CASES,
    formats: Sequence[str] = tuple(ARTIFACTS),
    batch: Sequence[int] = (1, 8),
    seconds: float = 3.0,
) -> Iterator[Row]:
    """Milliseconds of a call on one core, and of opening, with so many processes of each."""
    for case in cases:
        with TemporaryDirectory() as name:
            source = write_timm(case.network, case.size, Path(name) / "model.pt2")
            made = [Path(name) / ARTIFACTS[form] for form in formats]
            for form, path in zip(formats, made, strict=True):
                mlconvert.convert(source, form, path, validate=False)
            found = mlconvert.bench(source, *made, batch=batch, seconds=seconds, processes=max(2, repetitions))
        for rows in (timed.rows, timed.loads, timed.noise):
            yield from rows(case.network, found)


if __name__ == "__main__":
    main("networks", "Networks side by side", ("artifact", "PyTorch"), measure, pairs=5)
