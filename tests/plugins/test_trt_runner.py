"""The trt runner runs engines where their GPU is, and says what is missing where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from engines import STAGE, built, context
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.runner import DeviceAbsentError
from mlconvert_plugins.tensorrt.library import RTX
from mlconvert_plugins.trt import Trt
from mlconvert_plugins.trt_runner import TrtRunner

HERE = Host.here()
needs_gpu = pytest.mark.skipif(not HERE.gpus, reason="no NVIDIA GPU is visible here")
needs_no_gpu = pytest.mark.skipif(bool(HERE.gpus), reason="an NVIDIA GPU is visible here")
# What the runner uses of a deserialized engine, which no test can reach without a GPU.
USED: dict[str, tuple[str, ...]] = {
    "Runtime": ("deserialize_cuda_engine", "engine_host_code_allowed"),
    "ICudaEngine": (
        "create_execution_context", "get_tensor_dtype", "get_tensor_location", "get_tensor_mode", "get_tensor_name",
        "get_tensor_profile_shape", "get_tensor_shape", "is_shape_inference_io", "num_io_tensors",
    ),
    "IExecutionContext": (
        "execute_async_v3", "get_tensor_shape", "infer_shapes", "set_input_shape", "set_output_allocator",
        "set_tensor_address",
    ),
}  # fmt: skip


@needs_no_gpu
def test_without_a_gpu_it_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    artifact, _ = built(tmp_path)
    with pytest.raises(DeviceAbsentError, match="no NVIDIA GPU") as caught, TrtRunner(artifact):
        pass
    assert "mlconvert validate SOURCE conv.rtx.plan --trust" in caught.value.fix


def test_a_file_that_is_no_engine_is_refused_before_any_device(tmp_path: Path) -> None:
    (tmp_path / "m.plan").write_bytes(b"text")
    with pytest.raises(ConversionError, match="no TensorRT engine"), TrtRunner(Artifact(tmp_path / "m.plan", "trt")):
        pass


def test_running_before_entering_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="enter the runner"):
        TrtRunner(Artifact(tmp_path / "m.plan", "trt")).run({})


@pytest.mark.parametrize("kind", USED)
def test_tensorrt_rtx_has_what_the_runner_uses(kind: str) -> None:
    trt: Any = RTX.load()
    assert [name for name in USED[kind] if not hasattr(getattr(trt, kind), name)] == []


def test_the_plugins_modules_load_no_framework() -> None:
    names = "mlconvert_plugins.trt, mlconvert_plugins.onnx2trt, mlconvert_plugins.trt_runner"
    code = (
        f"import {names}, sys; print(sorted({{'numpy', 'onnx', 'tensorrt_rtx', 'cuda', 'torch'}} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@needs_gpu
def test_an_engine_computes_its_convolution(tmp_path: Path) -> None:
    artifact, _ = built(tmp_path)
    verdict = Trt().loads_on(artifact.path, HERE)
    if verdict.answer != "yes":
        pytest.skip(f"the engine does not load here: {verdict.reason}")
    assert list(STAGE.ensures(artifact, context(tmp_path))) == []
    reference = onnxruntime.InferenceSession(tmp_path / "conv.onnx", providers=["CPUExecutionProvider"])
    with TrtRunner(artifact, trust=True) as runner:
        for batch in (1, 8, 32):
            x = np.random.default_rng(batch).standard_normal((batch, 3, 8, 8)).astype(np.float32)
            expected = reference.run(["y"], {"x": x})[0]
            np.testing.assert_allclose(runner.run({"x": x})["y"], expected, rtol=1e-4, atol=1e-4)
            assert runner.seconds > 0
        with pytest.raises(ConversionError, match="the engine takes"):
            runner.run({"x": np.zeros((33, 3, 8, 8), np.float32)})
        with pytest.raises(ConversionError, match="is missing"):
            runner.run({})
