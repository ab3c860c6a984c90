from __future__ import annotations

import pytest

from mlconvert.errors import UsageError
from mlconvert.probes import draw
from mlconvert.ranges import with_ranges
from mlconvert.signature import Column, Signature, parse_tensor


def signature(*words: str) -> Signature:
    return Signature(tuple(map(parse_tensor, words)), columns=(Column("age", "numeric"),))


def test_values_are_drawn_between_the_ends() -> None:
    found = with_ranges(signature("x:float32[100]", "y:0:uint8[100]=1..2"), ["x=-1e-3:2.5", "y:0=0:255"])
    assert [tensor.range for tensor in found.inputs] == [(-0.001, 2.5), (0, 255)]
    inputs = next(draw(found, 0)).inputs
    assert -0.001 <= inputs["x"].min() < 0.5 < 2 < inputs["x"].max() <= 2.5
    assert inputs["y:0"].max() > 100
    assert with_ranges(found, []) == found


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("pixel=0:1", "the model has no input 'pixel'; did you mean 'pixels'?"),
        ("age=0:1", "'age' is a column, and rows are drawn from the model's own thresholds and categories"),
        ("pixels=255:0", "the range 'pixels=255:0' is empty: 255 is above 0"),
        ("pixels=0", "'pixels=0' is no range"),
        ("pixels=0:", "'pixels=0:' is no range"),
        ("pixels=0:inf", "'pixels=0:inf' is no range"),
        ("0:1", "'0:1' is no range"),
        ("pixels=0:256", "the input 'pixels' is uint8, and 256 is none"),
        ("pixels=-1:0", "the input 'pixels' is uint8, and -1 is none"),
        ("pixels=0.5:3", "the input 'pixels' is uint8, and 0.5 is none"),
        ("text=0:3", "the input 'text' is string, which has no range"),
    ],
)
def test_ranges_that_are_none(word: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_ranges(signature("pixels:uint8[4]", "text:string[2]"), [word])
    assert (str(caught.value), caught.value.code) == (message, "bad-range")
    assert caught.value.fix
