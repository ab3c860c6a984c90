"""Pads and crops are ONNX Runtime's in every mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

X = np.random.default_rng(0).standard_normal((1, 2, 4, 3)).astype(np.float32)
PADS = np.array([0, 1, 2, -1, 0, 0, -1, 2])
SMALL = np.array([0, 1, 2, 1, 0, 0, 3, 2])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_every_mode(mode: str, tmp_path: Path) -> None:
    some = {"constant": PADS, "reflect": SMALL}.get(mode, np.abs(PADS) * 2)
    sizes = ",".join(map(str, np.array(X.shape[1:]) + some[1:4] + some[5:]))
    text = f"""g (float[n,2,4,3] x, int64[8] p, int64[m] q, int64[k] axes) => (float[n,{sizes}] v,
        float[a,b,c,d] w, float[e,f,g,h] y, float[n,2,6,5] z) {{
        v = Pad<mode="{mode}">(x, pads)
        w = Pad<mode="{mode}">(x, p)
        y = Pad<mode="{mode}">(x, q, , axes)
        top = MaxPool<kernel_shape=[1,1]>(x)
        z = Pad<mode="{mode}">(top, last, , two)
    }}"""
    inputs = {"x": X, "p": some, "q": np.array([1, 1, 2, 0]), "axes": np.array([-1, 1])}
    check(tmp_path, text, inputs, opset=19, ir_version=9, pads=some, last=np.array([1, 2, 1, 0]), two=np.array([3, 2]))


def test_values_and_attributes(tmp_path: Path) -> None:
    text = "g (float[n,2] x, float v) => (float[a,4] y, int64[b,4] z, bool[c,4] w) { %s }"
    nodes = "y = Pad(x, p, v) i = Cast<to=7>(x) z = Pad(i, p, seven) b = Cast<to=9>(x) w = Pad(b, p)"
    inputs = {"x": X[0, :, 0, :2], "v": np.array(2.5, np.float32)}
    check(tmp_path, text % nodes, inputs, p=np.array([1, 0, -1, 2]), seven=np.array(7))
    text = """g (float[n,3] x) => (float[a,5] y, float[n,6] z) {
        y = Pad<pads=[0,1,1,1], value=2.0>(x)
        z = Pad<pads=[0,1,0,2], mode="reflect">(x)
    }"""
    check(tmp_path, text, {"x": X[0, 0]}, opset=10)


def test_center_crop_pad(tmp_path: Path) -> None:
    text = """g (float[1,2,h,3] x, int64[2] s) => (float[1,2,a,b] y, float[1,2,2,6] z) {
        y = CenterCropPad<axes=[2,3]>(x, s)
        z = CenterCropPad<axes=[-1,-2]>(x, t)
    }"""
    check(tmp_path, text, {"x": X, "s": np.array([1, 6])}, opset=18, t=np.array([6, 2]))
