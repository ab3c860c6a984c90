"""The values of inner tensors, as onnxruntime computes them."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from graphs import external, six, write
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.intermediate import stream, values

CHAIN = "g (float[N,6] x) => (float[N,6] y) { a = Add(x, w)  b = Mul(a, a)  c = Relu(b)  y = Neg(c) }"
X = np.float32([[1, 2, 3, 4, 5, -6]])
W = np.arange(6, dtype=np.float32)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write(tmp_path / "m.onnx", CHAIN, w=W)


def test_inner_tensors_outputs_inputs_and_weights_have_values(chain: Path) -> None:
    found = values(chain, ["c", "a", "y", "w", "x"], {"x": X})
    assert list(found) == ["c", "a", "y", "w", "x"]
    assert np.array_equal(found["a"], X + W)
    assert np.array_equal(found["c"], (X + W) ** 2)
    assert np.array_equal(found["y"], -((X + W) ** 2))
    assert np.array_equal(found["w"], W) and np.array_equal(found["x"], X)


def test_a_stream_gives_the_same_in_groups(chain: Path) -> None:
    names = ["a", "b", "c", "y"]
    whole = values(chain, names, {"x": X})
    streamed = list(stream(chain, names, {"x": X}, group=3))
    assert [name for name, _ in streamed] == names
    assert all(np.array_equal(value, whole[name]) for name, value in streamed)


def test_external_data_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    path = external(tmp_path / "m.onnx")
    before = sorted(tmp_path.iterdir())
    assert values(path, ["w", "y"], {"x": X[0]})["y"].tolist() == (X[0] + W).tolist()
    assert sorted(tmp_path.iterdir()) == before


def test_a_type_that_numpy_lacks_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { h = Cast<to = 16>(x)  y = Cast<to = 1>(h) }")
    found = values(path, ["h"], {"x": np.float32([1, 2.5, -3])})["h"]
    assert found.dtype == ml_dtypes.bfloat16 and found.astype(np.float32).tolist() == [1, 2.5, -3]


def test_no_names_give_no_values(chain: Path) -> None:
    assert values(chain, [], {"x": X}) == {}


def test_an_unknown_name_is_refused_with_the_nearest(chain: Path) -> None:
    with pytest.raises(ConversionError, match="did you mean 'w'") as caught:
        values(chain, ["ww"], {"x": X})
    assert caught.value.code == "unknown-tensor"


def test_inputs_are_checked(chain: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        values(chain, ["a"], {"z": X})
    assert {refusal.code for refusal in caught.value.refusals} == {"unknown-input", "missing-input"}
