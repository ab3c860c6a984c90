"""The torch runner runs the source as it is, by name, and leaves torch's settings alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch

import models
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.torch_runner import TorchRunner
from torch_files import live, source


def _program(model: torch.nn.Module) -> torch.export.ExportedProgram:
    return torch.export.export(model, (torch.zeros(3, 4),))


@pytest.mark.parametrize(
    "kind", [lambda model: model, models.scripted, _program], ids=["pickled", "torchscript", "exported"]
)
def test_every_flavour_answers_as_the_module_does(kind: Callable[[torch.nn.Module], object], tmp_path: Path) -> None:
    model = models.drawn(models.Factory)
    artifact = source(live(kind(model), tmp_path), [] if kind is _program else ["x:float32[3,4]"])
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    threads = torch.get_num_threads(), torch.is_grad_enabled()
    with TorchRunner(artifact, trust=True) as runner:
        answer = runner.run({"x": x})
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == threads
    assert list(answer) == ["output"]
    np.testing.assert_allclose(answer["output"], model(torch.from_numpy(x)).detach().numpy(), rtol=1e-6)
    assert runner.seconds > 0


def test_the_signature_is_the_files_own_where_none_is_given(tmp_path: Path) -> None:
    path = live(_program(models.drawn(models.Factory)), tmp_path)
    with TorchRunner(Artifact(path, "torch", "exported")) as runner:
        assert [str(tensor) for tensor in runner.signature.inputs] == ["x:float32[3,4]"]


def test_read_only_strided_and_narrow_arrays(tmp_path: Path) -> None:
    artifact = source(live(models.drawn(models.Doubling), tmp_path), ["x:bfloat16[2,3]"])
    x = np.arange(6).reshape(3, 2).T.astype(ml_dtypes.bfloat16)
    x.setflags(write=False)
    with TorchRunner(artifact, trust=True) as runner:
        answer = runner.run({"x": x})["output"]
    assert answer.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(answer.astype("float32"), 2 * x.astype("float32"))


def test_wrong_names_and_what_the_model_refuses(tmp_path: Path) -> None:
    artifact = source(live(models.drawn(models.Factory), tmp_path), ["x:float32[3,4]"])
    with TorchRunner(artifact, trust=True) as runner:
        with pytest.raises(ConversionError, match="inputs x, not z") as caught:
            runner.run({"z": np.zeros((3, 4), "float32")})
        assert caught.value.code == "bad-input"
        with pytest.raises(ConversionError, match=r"x\[3, 5\]") as caught:
            runner.run({"x": np.zeros((3, 5), "float32")})
        assert caught.value.code == "model-fails"


def test_what_can_execute_needs_trust(tmp_path: Path) -> None:
    artifact = source(live(models.Factory(), tmp_path), ["x:float32[3,4]"])
    with pytest.raises(ConversionError) as caught, TorchRunner(artifact):
        pass
    assert caught.value.code == "needs-trust"
