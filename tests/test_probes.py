from __future__ import annotations

import numpy as np
import pytest

from mlconvert.errors import ConversionError
from mlconvert.probes import draw, draw_tensor, shape_of, single
from mlconvert.signature import DTYPES, DimRange, Signature, Tensor


def signature(*words: str, **dims: tuple[int, int, int | None]) -> Signature:
    from mlconvert.signature import parse_tensor

    return Signature(tuple(map(parse_tensor, words)), (), {name: DimRange(*sizes) for name, sizes in dims.items()})


def corners(found: Signature) -> list[tuple[str, dict[str, int]]]:
    return [(probe.label, dict(probe.sizes)) for probe in draw(found, 0)]


def test_every_dim_stands_at_its_ends() -> None:
    found = corners(signature("x:float32[batch,seq,2*seq]", batch=(1, 4, 16), seq=(2, 8, 32)))
    assert found == [
        ("opt", {"batch": 4, "seq": 8}),
        ("opt again", {"batch": 4, "seq": 8}),
        ("min", {"batch": 1, "seq": 2}),
        ("max", {"batch": 16, "seq": 32}),
        ("batch at min", {"batch": 1, "seq": 8}),
        ("batch at max", {"batch": 16, "seq": 8}),
        ("seq at min", {"batch": 4, "seq": 2}),
        ("seq at max", {"batch": 4, "seq": 32}),
    ]


def test_an_open_dim_is_tried_beyond_opt() -> None:
    assert corners(signature("x:float32[batch]", batch=(2, 3, None)))[-1] == ("max", {"batch": 7})
    assert corners(signature("x:float32[batch]"))[-1] == ("max", {"batch": 3})


def test_sizes_are_not_tried_twice() -> None:
    assert [label for label, _ in corners(signature("x:float32[batch,4]", batch=(8, 8, 8)))] == ["opt", "opt again"]
    assert [label for label, _ in corners(signature("x:float32[2,4]"))] == ["opt", "opt again"]


def test_the_same_seed_draws_the_same_values() -> None:
    found = signature("x:float32[batch,4]")
    one, other, third = (list(draw(found, seed)) for seed in (0, 0, 1))
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(first.inputs["x"], second.inputs["x"])
    assert not np.array_equal(one[0].inputs["x"], third[0].inputs["x"])
    assert not np.array_equal(one[0].inputs["x"], one[1].inputs["x"])


def test_sizes_come_down_within_memory() -> None:
    found = signature("x:float32[batch,1000]", batch=(1, 2, 10**9))
    probes = list(draw(found, 0, budget=10**6))
    assert [probe.label for probe in probes] == ["opt", "opt again", "min", "max (within memory)"]
    assert 2 < probes[-1].sizes["batch"] <= 125
    assert probes[-1].inputs["x"].shape == (probes[-1].sizes["batch"], 1000)


def test_nothing_goes_below_its_min() -> None:
    (probe, *_) = draw(signature("x:uint8[batch,1000]", batch=(500, 500, 500)), 0, budget=10)
    assert probe.sizes == {"batch": 500}


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_every_dtype_can_be_drawn(dtype: str) -> None:
    array = draw_tensor(Tensor("x", dtype, (2, 3)), {}, np.random.default_rng(0))
    assert array.shape == (2, 3)
    assert array.dtype.name == ("object" if dtype == "string" else dtype)


@pytest.mark.parametrize("word", ["ids:int64[1000]=5..9", "x:float32[1000]=-2..-1", "x:float64[1000]=0.25..0.25"])
def test_values_stay_in_their_range(word: str) -> None:
    (tensor,) = signature(word).inputs
    array = draw_tensor(tensor, {}, np.random.default_rng(0))
    assert tensor.range is not None
    assert array.min() >= tensor.range[0]
    assert array.max() <= tensor.range[1]
    if array.dtype.kind == "i":
        assert set(array.tolist()) == {5, 6, 7, 8, 9}


@pytest.mark.parametrize(("word", "reason"), [("x:float32[?,3]", "x:float32"), ("x:float32[batch-2]", "batch-2")])
def test_a_shape_that_nobody_knows(word: str, reason: str) -> None:
    (tensor,) = signature(word).inputs
    with pytest.raises(ConversionError, match=reason) as caught:
        shape_of(tensor, {"batch": 1})
    assert (caught.value.code, caught.value.where) == ("unknown-shape", "x")
    assert "--input" in caught.value.fix


def test_one_probe_by_its_label() -> None:
    found = single(signature("x:float32[batch]", batch=(1, 2, 3)), 0, "max")
    assert found is not None
    assert found.sizes == {"batch": 3}
    assert single(Signature(), 0, "nowhere") is None
