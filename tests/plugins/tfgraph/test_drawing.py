"""Random numbers have the shape, type and distribution that ONNX asks for, and a seed repeats them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphs import write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import converted

TEXT = """g (float[n,400] x) => (double[3,500] a, float[n,400] b, float16[n,400] c, bool[n,400] d, int64[2,600] e) {
    a = RandomUniform<shape=[3,500], low=2.0, high=4.0, dtype=11, seed=7.0>()
    b = RandomNormalLike<mean=5.0, scale=0.5, seed=1.0>(x)
    c = RandomUniformLike<dtype=10, seed=2.0>(x)
    d = Bernoulli<dtype=9, seed=3.0>(x)
    e = Multinomial<dtype=7, sample_size=600, seed=4.0>(z)
    y = RandomNormal<shape=[2]>()
}"""


def test_distributions_and_seeds(tmp_path: Path) -> None:
    logits = np.log(np.array([[0.2, 0.8], [1e-9, 3.0]], np.float32))
    made = converted(write(tmp_path / "m.onnx", TEXT, z=logits))
    runs = []
    for _ in range(2):
        with TfRunner(made) as runner:
            runs.append(runner.run({"x": np.full((2, 400), 0.3, np.float32)}))
    first, second = runs
    for name in "abcde":
        np.testing.assert_array_equal(first[name], second[name])
    assert (first["a"].dtype, first["a"].shape, first["c"].dtype) == (np.float64, (3, 500), np.float16)
    assert 2 <= first["a"].min() < 2.02 < 3.98 < first["a"].max() < 4
    assert abs(first["b"].mean() - 5) < 0.1
    assert abs(first["b"].std() - 0.5) < 0.05
    assert abs(first["d"].mean() - 0.3) < 0.05
    assert abs(first["e"][0].mean() - 0.8) < 0.05
    assert first["e"][1].min() == 1
