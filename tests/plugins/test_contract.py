"""The first-party plugins keep the contract that `mlconvert.testing` holds everybody's to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mlconvert.artifact import Artifact
from mlconvert.testing import check_format, check_stage
from mlconvert_plugins.onnx import Onnx
from mlconvert_plugins.onnx2onnx_simplify import Onnx2OnnxSimplify
from mlconvert_plugins.onnx2trt import Onnx2Trt
from mlconvert_plugins.torch import Torch
from mlconvert_plugins.torch2onnx import Torch2Onnx


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()).eval()
    shapes = ({0: torch.export.Dim("batch", min=1, max=16)},)
    path = tmp_path_factory.mktemp("contract") / "m.pt2"
    torch.export.save(torch.export.export(model, (torch.zeros(2, 3, 8, 8),), dynamic_shapes=shapes), path)
    return Artifact(path, "torch")


@pytest.fixture(scope="module")
def onnx(program: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return check_stage(Torch2Onnx(), program, tmp_path_factory.mktemp("onnx"))


def test_torch(program: Artifact) -> None:
    check_format(Torch(), program.path)


def test_onnx(onnx: Artifact) -> None:
    check_format(Onnx(), onnx.path)


def test_simplify(onnx: Artifact, tmp_path: Path) -> None:
    check_stage(Onnx2OnnxSimplify(), onnx, tmp_path)


def test_onnx2trt(onnx: Artifact, tmp_path: Path) -> None:
    assert check_stage(Onnx2Trt(), onnx, tmp_path).flavour == "rtx"
