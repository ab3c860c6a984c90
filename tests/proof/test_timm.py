"""timm's architectures, re-drawn, through the real route to an engine: a few always, all of them in `make proof`."""

from __future__ import annotations

from pathlib import Path

import architectures
import conversion
import pytest
from architectures import ARCHITECTURES, BATCH, Architecture, architecture
from conversion import Row, convert
from journal import REPOSITORY, Journal, page

from mlconvert.worker import Worker

SAMPLE = ("mobilenetv3_small_100", "vit_tiny_patch16_224", "resnet18")
TABLE = REPOSITORY / "docs" / "proof" / "timm.md"
TEXT = f"""
Every network is re-drawn ([tests/redraw.py](../../tests/redraw.py)), so that damage anywhere in it reaches the output,
and converted as a live module by `mlconvert.convert(model, to="trt")` with a batch of {":".join(map(str, BATCH))}
(min:opt:max). A step is taken or has a reason code.

- **export**: torch.export and torch's ONNX exporter, and the file passes its checks.
- **batch**: every input and output names it, and the ONNX model ran at its smallest, usual and largest size.
- **parity**: ONNX Runtime against PyTorch, FP32; in brackets the largest error as a share of what is allowed.
- **engine**: built ahead of time by TensorRT-RTX. It ran nowhere: there was no GPU.
- **seconds**: of the route as a whole, in a warm worker.
"""
HEADER = ("family", "architecture", "image", "export", "batch", "parity", "engine", "seconds")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("timm", architectures, conversion)


@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name: str, tmp_path: Path, worker: Worker) -> None:
    row = convert(architecture(name), tmp_path, worker)
    assert row.whole, row


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("one", ARCHITECTURES, ids=lambda one: one.id)
def test_every_failure_has_a_reason(one: Architecture, journal: Journal, tmp_path: Path, worker: Worker) -> None:
    """Whatever is no ConversionError is raised, and fails here."""
    row = Row(**journal.row(one.id, lambda: convert(one, tmp_path, worker).as_json()))
    assert row.whole or row.reason


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    rows = {one: Row(**journal.rows[one.id]) for one in ARCHITECTURES}
    whole = sum(row.whole for row in rows.values())
    text = f"{whole} of {len(rows)} networks go the whole way.\n{TEXT}"
    reasons = [f"- {one.id}: {row.reason}" for one, row in rows.items() if not row.whole]
    TABLE.parent.mkdir(exist_ok=True)
    lines = page("timm's architectures, from torch to an engine", text, HEADER, map(cells, rows, rows.values()))
    TABLE.write_text("\n".join([lines, *reasons, ""] if reasons else [lines]), encoding="utf-8")
    assert len(rows) >= 40


def cells(one: Architecture, row: Row) -> list[str]:
    """The row as the table shows it."""
    share = "" if row.excess is None else f" ({row.excess:.1%})"
    size = "" if row.engine_bytes is None else f" ({row.engine_bytes / 2**20:.1f} MiB)"
    steps = [row.export, row.batch, row.parity + share, row.engine + size]
    return [one.family, one.id, str(one.size), *steps, f"{row.seconds:.0f}"]
