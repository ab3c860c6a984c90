"""Real networks through the whole route to a SavedModel, which runs with and without oneDNN, in `make proof`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import architectures
import light
import pytest
import savedroute
import torch
import zoo
from architectures import ARCHITECTURES
from journal import REPOSITORY, Journal, page
from savedroute import NOT_REACHED, PASSED, SETTINGS, SWITCH, Row, Workers, convert

from mlconvert import frame, sources
from mlconvert.worker import Worker

BATCH = (1, 3, 4)
PACKAGES = ("torch", "timm", "torchvision", "transformers", "onnx", "onnxruntime", "onnxscript", "tensorflow-cpu")
TABLE = REPOSITORY / "docs" / "proof" / "tf-models.md"
TEXT = f"""
Networks of PyTorch are re-drawn ([tests/redraw.py](../../tests/redraw.py)), so that damage anywhere in them reaches the
output, and converted by `mlconvert torch2tf` with a batch of {":".join(map(str, BATCH))} (min:opt:max); those that read
tokens, with a length of {":".join(map(str, zoo.SEQUENCE["seq"]))}, too. The light models of ONNX's own tests stand here
twice: as they are, held against the answers that come with them, and with weights drawn anew; both have a batch of 1.

The SavedModel is run by a session of TensorFlow, once with `{SWITCH}=0` and once with `=1`. Each figure is the largest
difference of an output at any of the sizes, over the RMS of that output; what is held against mlconvert's tolerance
and is beyond it has a reason code in its place.

- **opset, nodes**: of the ONNX model that onnx2tf reads.
- **seconds**: those of onnx2tf with its checks, in a process that has loaded TensorFlow.
- **MiB**: what the SavedModel takes.
"""
HEADER = (
    "family",
    "network",
    "opset, nodes",
    "seconds",
    "MiB",
    "ONNX Runtime, oneDNN off",
    "ONNX Runtime, on",
    "torch, off",
    "torch, on",
)


@dataclass(frozen=True)
class Case:
    """A network: how its file is written, and what the command line would say of its inputs."""

    family: str
    id: str
    write: Callable[[Path], Path]
    words: tuple[str, ...] = ()
    dims: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


def adopted(make: Callable[[], torch.nn.Module]) -> Callable[[Path], Path]:
    """Writes a live module as a conversion would."""
    return lambda folder: sources.adopt(make(), folder, "torch").path


def _images(one: architectures.Architecture) -> Case:
    return Case(one.family, one.id, adopted(lambda: architectures.build(one)), (one.words,), {"batch": BATCH})


def _zoo(one: zoo.Network) -> Case:
    return Case(one.family, one.name, adopted(one.make), one.inputs, {"batch": BATCH, **one.dims})


def _light(name: str) -> Case:
    return Case(
        "ONNX's light models, re-drawn", f"light {name}", lambda folder: light.redrawn(name, folder / "light.onnx", 1)
    )


# The first of each family.
FAMILIES = {one.family: one for one in reversed(ARCHITECTURES)}
CASES = (*map(_zoo, zoo.NETWORKS), *map(_light, light.NAMES), *map(_images, reversed(FAMILIES.values())))


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("tf-models", architectures, zoo, light, savedroute, packages=PACKAGES)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    limits = {"memory": frame.memory_limit(), "seconds": 900}
    off, on = (Worker(**limits, environment={SWITCH: setting}) for setting in SETTINGS)
    with off, on:
        off.call("savedroute:warm")
        yield Workers(off, on)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_failure_has_a_reason(case: Case, journal: Journal, folder: Path, workers: Workers) -> None:
    """Whatever is no ConversionError is raised, and fails here."""
    row = Row(**journal.row(case.id, lambda: convert(case.write, case.words, case.dims, folder, workers).as_json()))
    assert row.whole or row.reason


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", light.NAMES)
def test_light_models_as_they_are(name: str, journal: Journal, folder: Path, workers: Workers) -> None:
    row = Row(**journal.row(f"light {name}, as it is", lambda: savedroute.answered(name, folder, workers).as_json()))
    assert row.whole


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    shipped = [("ONNX's light models, as they are", f"light {name}", f"light {name}, as it is") for name in light.NAMES]
    listed = [*((case.family, case.id, case.id) for case in CASES), *shipped]
    rows = [(family, name, Row(**journal.rows[key])) for family, name, key in listed]
    whole = sum(row.whole for *_, row in rows)
    text = f"{whole} of {len(rows)} networks go the whole way.\n{TEXT}"
    table = page("Real networks, to a SavedModel", text, HEADER, (cells(*row) for row in rows), PACKAGES)
    reasons = "".join(f"- {name}: {row.reason}\n" for _, name, row in rows if not row.whole)
    TABLE.write_text(f"{table}\n{reasons}" if reasons else table, encoding="utf-8")
    images = [row for (_, _, row), case in zip(rows, CASES, strict=False) if case.id in {a.id for a in ARCHITECTURES}]
    assert sum(row.whole for row in images) >= 40


def cells(family: str, name: str, row: Row) -> list[str]:
    """The row as the table shows it."""
    if row.refused:
        return [family, name, *[NOT_REACHED] * 3, f"{row.stage}: {row.refused}", *[NOT_REACHED] * 3]
    size = [f"{row.opset}, {row.nodes}", f"{row.seconds:.1f}", f"{row.mebibytes:.1f}"]
    places = [f"{reference}/{setting}" for reference in ("onnxruntime", "torch") for setting in SETTINGS]
    return [family, name, *size, *(_verdict(row, place) for place in places)]


def _verdict(row: Row, place: str) -> str:
    if place not in row.verdicts:
        return NOT_REACHED
    return f"{row.errors[place]:.1e}" if row.verdicts[place] == PASSED else f"parity-{row.verdicts[place]}"
