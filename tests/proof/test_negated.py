"""Parity sees one negated layer, layer after layer: a few always, the rest in `make proof`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import architectures
import negation
import pytest
from architectures import SEED, Architecture, architecture, build, export
from journal import REPOSITORY, Journal, page
from negation import Converted, excess, layers_of, sample

from mlconvert.worker import Worker

SAMPLE = ("resnet18", "convnext_atto")
EVERY = 10_000
# How many layers of each; all of those in which freshly made weights hide the most.
LAYERS = {
    **dict.fromkeys(["resnet18", "efficientnet_b0", "convnext_atto", "cait_xxs24_224"], EVERY),
    **dict.fromkeys(["resnext50_32x4d", "densenet121", "mobilenetv3_small_100", "regnety_002", "nf_regnet_b0"], 12),
    **dict.fromkeys(["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mixer_s16_224"], 12),
    **dict.fromkeys(["xcit_nano_12_p16_224", "mobilevit_xxs", "coatnet_pico_rw_224"], 12),
}
TABLE = REPOSITORY / "docs" / "proof" / "negated.md"
TEXT = """
Every network is re-drawn ([tests/redraw.py](../../tests/redraw.py)), exported, and converted by `mlconvert torch2onnx`;
its parity passes. Then the weights of one conv or linear layer are negated in the ONNX file, one layer after the other,
and parity is asked again. The layers are drawn from a fixed seed, one from each of as many stretches of the depth.

- **caught**: layers whose negation parity calls failed, of those tried.
- **smallest excess**: for the layer that shows least, the output's largest error in units of what the tolerance allows.
- **first bad node**: the module that mlconvert names for that layer.

One kind of layer can be negated without any change, and is in none of these networks: a single projection to queries
and keys without a bias (convit, tnt), since `(-q)·(-k) = q·k`.
"""
HEADER = ("architecture", "layers", "caught", "smallest excess", "at", "first bad node")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("negated", architectures, negation)


def converted(one: Architecture, folder: Path, worker: Worker) -> tuple[list[str], Converted]:
    """The network's layers, and the network before and after its conversion."""
    model = build(one)
    return layers_of(model), Converted.of(export(model, one, folder / "model.pt2"), folder / "model.onnx", worker)


def negated(one: Architecture, count: int, folder: Path, worker: Worker) -> dict[str, Any]:
    """The excess of each layer tried, which are missed, and what is named for the one that shows least."""
    layers, network = converted(one, folder, worker)
    checks = {layer: network.check(layer, worker) for layer in sample(layers, count, SEED)}
    least = min(checks, key=lambda layer: excess(checks[layer]))
    return {
        "layers": len(layers),
        "excess": {layer: excess(check) for layer, check in checks.items()},
        "missed": [layer for layer, check in checks.items() if check["status"] != "failed"],
        "least": least,
        "first_bad": network.check(least, worker, localise=True).get("first_bad"),
    }


@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name: str, folder: Path, worker: Worker) -> None:
    layers, network = converted(architecture(name), folder, worker)
    for layer in sample(layers, 3, SEED):
        assert network.check(layer, worker)["status"] == "failed", layer


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", LAYERS)
def test_every_negated_layer_is_caught(name: str, journal: Journal, folder: Path, worker: Worker) -> None:
    row = journal.row(name, lambda: negated(architecture(name), LAYERS[name], folder, worker))
    assert not row["missed"]


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    rows = {name: journal.rows[name] for name in LAYERS}
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(page("Negated layers", TEXT, HEADER, map(cells, rows, rows.values())), encoding="utf-8")
    assert len(rows) >= 12


def cells(name: str, row: dict[str, Any]) -> list[str]:
    """The row as the table shows it."""
    tried = len(row["excess"])
    named = row["first_bad"] or {}
    found = f"{named.get('op', '')} in {named.get('source') or 'the model'}" if named.get("node") else "not found"
    least = row["least"]
    caught = f"{tried - len(row['missed'])} of {tried}"
    return [name, str(row["layers"]), caught, f"{row['excess'][least]:.0f}", least, found]
