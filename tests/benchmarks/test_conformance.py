"""The table of ONNX's node tests: what it says of a test that passes, and of each reason why another does not."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from architecture import REPOSITORY

pytestmark = pytest.mark.proof


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks")
    return importlib.import_module("nodetests.trial")


@pytest.mark.filterwarnings("ignore")
def test_each_outcome_has_its_reason(trial: Any, tmp_path: Path) -> None:
    cases = trial.cases()
    found = {}
    for name in (
        "test_relu",
        "test_attention_4d_causal_bf16",
        "test_bernoulli_double",
        "test_cast_FLOAT_to_UINT2",
        "test_dft_inverse",
        "test_identity_sequence",
        "test_image_decoder_decode_tiff_rgb",
        "test_resize_downsample_scales_cubic_align_corners",
    ):
        (tmp_path / name).mkdir()
        row = trial.tried(cases[name], tmp_path / name)
        found[name.removeprefix("test_")] = (row.outcome, row.code)
    assert found == {
        "relu": ("passed", ""),
        "attention_4d_causal_bf16": ("differs", "half-steps"),
        "bernoulli_double": ("differs", "random"),
        "cast_FLOAT_to_UINT2": ("excluded", "type uint2"),
        "dft_inverse": ("differs", "nearer"),
        "identity_sequence": ("excluded", "type sequence"),
        "image_decoder_decode_tiff_rgb": ("refused", "tensorflow-refused"),
        "resize_downsample_scales_cubic_align_corners": ("differs", "as-onnxruntime"),
    }


def test_numbers_that_are_just_wrong_have_no_reason(trial: Any) -> None:
    import numpy as np

    reasons = importlib.import_module("nodetests.reasons")
    case = trial.cases()["test_relu"]
    inputs = [trial.array(one) for one in case.data_sets[0][0]]
    expected = [trial.array(one) for one in case.data_sets[0][1]]
    wrong = [np.asarray(expected[0] + 1, np.float32)]
    assert reasons.reason(case, inputs, wrong, expected, lambda: wrong) is None
