"""Sequences inside a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.errors import ConversionError
from savedmodels import check, converted

X = np.arange(12, dtype=np.float32).reshape(2, 6)


def test_sequences_are_made_changed_and_joined(tmp_path: Path) -> None:
    text = """g (float[n,6] x) => (float[n,k] y, float[m,p,3] z, float[n,3] last, int64 count) {
        one = Constant<value_int=1>()
        minus = Constant<value_int=-1>()
        three = Constant<value_int=3>()
        halves = SplitToSequence<axis=1>(x, three)
        more = SequenceInsert(halves, b, one)
        count = SequenceLength(more)
        z = ConcatFromSequence<axis=0, new_axis=1>(more)
        last = SequenceAt(more, minus)
        fewer = SequenceErase(more, one)
        y = ConcatFromSequence<axis=-1>(fewer)
    }"""
    check(tmp_path, text, {"x": X}, b=np.ones((2, 3), np.float32))


def test_each_entry_is_a_tensor(tmp_path: Path) -> None:
    text = """g (float[2,n] x) => (float[n] y, float[1,n] z) {
        zero = Constant<value_int=0>()
        rows = SplitToSequence<keepdims=0>(x)
        y = SequenceAt(rows, zero)
        made = SequenceConstruct(x, x)
        empty = SequenceEmpty()
        filled = SequenceInsert(empty, x)
        again = SequenceAt(filled, zero)
        sizes = Constant<value_ints=[1,1]>()
        wide = SplitToSequence(again, sizes)
        z = SequenceAt(wide, zero)
    }"""
    check(tmp_path, text, {"x": X})


def test_a_position_that_only_the_run_knows_is_refused(tmp_path: Path) -> None:
    text = "g (float[2,6] x, int64 i) => (float[2,6] y) { s = SequenceConstruct(x, x) y = SequenceAt(s, i) }"
    with pytest.raises(ConversionError, match=r"SequenceAt node 'y'.* must be constant"):
        converted(write(tmp_path / "m.onnx", text))
