"""ImageDecoder gives Pillow's bytes, which are what ONNX's reference gives."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphs import write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import converted


@pytest.mark.parametrize("pixel_format", ["RGB", "BGR", "Grayscale"])
def test_bytes(pixel_format: str, tmp_path: Path) -> None:
    channels = 1 if pixel_format == "Grayscale" else 3
    text = f'g (uint8[n] x) => (uint8[h,w,{channels}] y) {{ y = ImageDecoder<pixel_format="{pixel_format}">(x) }}'
    drawn = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8).repeat(5, 0).repeat(5, 1)
    with TfRunner(converted(write(tmp_path / "m.onnx", text, opset=20, ir_version=9))) as runner:
        for kind in ("png", "jpeg", "bmp", "webp"):
            file = io.BytesIO()
            Image.fromarray(drawn).save(file, kind, lossless=True)
            seen = Image.open(file)
            expected = np.array(seen.convert("L"))[..., None] if channels == 1 else np.array(seen)
            expected = expected[..., ::-1] if pixel_format == "BGR" else expected
            found = runner.run({"x": np.frombuffer(file.getvalue(), np.uint8)})["y"]
            np.testing.assert_array_equal(found, expected, kind)
