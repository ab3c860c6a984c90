"""Scoring rows with mlconvert's jar, against the library that trained the model and against other converters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measure import scoring
from measure.forest_models import RECIPES
from measure.results import Row, main

import mlconvert

BATCH = 10_000
# What others round on the way: lleaves and JPMML little, ONNX Runtime sums and compares in float32.
CLOSE = {"jpmml": 1e-9, "lleaves": 1e-9, "ONNX Runtime": 1e-3}


@dataclass(frozen=True)
class Case:
    """A model, and how many times faster a row, a batch and other converters are to be."""

    model: str
    row: float | None = None
    batch: float | None = None
    jpmml: float | None = None
    lleaves: float | None = None
    onnx: float | None = None


CASES = (
    Case("LightGBM 100x31", row=35, batch=6, lleaves=5),
    Case("LightGBM 500x31", row=30, batch=14, jpmml=25, lleaves=5, onnx=10),
    Case("LightGBM 1000x63", row=25, batch=18),
    Case("LightGBM 500x255", row=12),
    Case("LightGBM 500x31 categorical"),
    Case("LightGBM 7 classes 100x31"),
    Case("LightGBM 500x31 max_bin 4095"),
    Case("XGBoost 500x6 deep", row=100),
    Case("RandomForest 300x589", row=500),
)


def measure(repetitions: int, cases: Iterable[Case] = CASES, batch: int = BATCH) -> Iterator[Row]:
    """Microseconds a row, in one pinned thread: the median over single rows, the mean over a batch."""
    with TemporaryDirectory() as name:
        for case in cases:
            yield from _case(case, Path(name), repetitions, batch)


def _case(case: Case, folder: Path, repetitions: int, batch: int) -> Iterator[Row]:
    recipe = RECIPES[case.model]
    model, rows = recipe.files(batch)
    jar = folder / "model.jar"
    mlconvert.convert(model, to="jar", out=jar, validate=False, trust=recipe.library == "sklearn", force=True)
    commands = {"jar": scoring.ours(jar, rows), "library": scoring.library(recipe.library, model, rows)}
    commands |= {"jpmml": scoring.jpmml(model, rows)} if case.jpmml else {}
    commands |= {"lleaves": scoring.lleaves(model, rows)} if case.lleaves else {}
    commands |= {"ONNX Runtime": scoring.onnx_runtime(model, rows)} if case.onnx else {}
    goals = {"library": case.row, "jpmml": case.jpmml, "lleaves": case.lleaves, "ONNX Runtime": case.onnx}
    with scoring.peers(commands) as peers:
        _require_the_same(peers)
        found = scoring.in_turns(peers, "row", repetitions)
        for name in list(peers)[1:]:
            against = recipe.library if name == "library" else name
            yield Row(f"{case.model}, one row, {against}", "µs", found["jar"], found[name], goals[name], faster=True)
        pair = {name: peers[name] for name in ("jar", "library")}
        found = scoring.in_turns(pair, "batch", repetitions)
        what = f"{case.model}, batch of {batch}, {recipe.library}"
        yield Row(what, "µs", found["jar"], found["library"], case.batch, faster=True)


def _require_the_same(peers: dict[str, scoring.Peer]) -> None:
    """What answers something else is not timed."""
    ours = peers["jar"].check()
    for name, peer in peers.items():
        theirs = peer.check()
        positive = ours if len(theirs) == len(ours) else ours.reshape(len(theirs), -1)[:, 1]
        np.testing.assert_allclose(positive, theirs, rtol=CLOSE.get(name, 1e-6), err_msg=name)


if __name__ == "__main__":
    main("forests", "Scoring rows with a jar", ("jar", "against"), measure, pairs=15)
