"""docs/tensorflow.md tells the truth: its commands run in order, and its Python calls what they have made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from architecture import REPOSITORY
from documents import blocks, run

pytestmark = pytest.mark.proof


class Classifier(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def test_its_commands_and_its_python_run(folder: Path) -> None:
    batch = torch.export.Dim("batch", min=1, max=32)
    program = torch.export.export(Classifier().eval(), (torch.zeros(2, 4),), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "model.pt2")
    for block in blocks(REPOSITORY / "docs" / "tensorflow.md"):
        if block.language == "bash" and not block.word:
            shown = run("bash", "-euc", block.text, cwd=folder)
        elif block.language == "python":
            run(sys.executable, "-c", f"{block.text}\nassert outputs['output'].shape == (2, 3)", cwd=folder)
    assert "logits" in shown
    places = (folder / "serving" / "model").iterdir()
    # What a server takes for a version is a folder with a number for its name.
    assert sorted(place.name for place in places if place.name.isdigit()) == ["1", "2"]
