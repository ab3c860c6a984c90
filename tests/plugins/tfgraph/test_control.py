"""Branches and loops: written out where the number of turns is known, else loops of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import reading
from savedmodels import check, converted

GROWING = """g (float[n] x, int64 trips) => (float[m] last, float[k,1] steps) {
    yes = Constant<value = bool {1}>()
    last, steps = Loop (trips, yes, x) <body = turn (int64 i, bool on, float[a] v)
        => (bool more, float[b] w, float[1] s) {
        more = Identity(on)
        number = Cast<to=1>(i)
        axis = Constant<value_ints=[0]>()
        one = Unsqueeze(number, axis)
        w = Concat<axis=0>(v, one)
        s = ReduceSum<keepdims=1>(w)
    }>
}"""

UNTIL = """g (float[n] x, float limit) => (float[n] y, int64 count) {
    none = Constant<value_int=0>()
    yes = Constant<value = bool {1}>()
    y, count = Loop ("", yes, x, none) <body = turn (int64 i, bool on, float[n] v, int64 c)
        => (bool more, float[n] w, int64 d) {
        w = Add(v, v)
        one = Constant<value_int=1>()
        d = Add(c, one)
        total = ReduceSum<keepdims=0>(w)
        more = Less(total, limit)
    }>
}"""

CHOICE = """g (float[n,3] x, bool flag) => (float[n,m] y) {
    y = If (flag) <
        then_branch = then () => (float[n,3] a) { a = Relu(x) },
        else_branch = other () => (float[n,2] b) { b = MatMul(x, w) }
    >
}"""

SCAN = """g (float[2] start, float[n,2] x) => (float[2] last, float[2,n] sums) {
    last, sums = Scan (start, x) <num_scan_inputs=1, scan_input_directions=[1], scan_output_axes=[1],
        body = turn (float[2] s, float[2] row) => (float[2] t, float[2] out) {
            t = Add(s, row)
            out = Mul(t, row)
    }>
}"""


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def operators(text: str, folder: Path, **weights: np.ndarray) -> set[str]:
    graph = reading.read(converted(write(folder / "m.onnx", text, **weights)).path).meta_graphs[0].graph_def
    return {node.op for node in graph.node}


@pytest.mark.parametrize("trips", [0, 3])
def test_a_loop_may_change_shapes_and_make_no_turn(trips: int, tmp_path: Path) -> None:
    check(tmp_path, GROWING, {"x": noise(2), "trips": np.array(trips)})


def test_a_loop_ends_where_its_condition_fails(tmp_path: Path) -> None:
    check(tmp_path, UNTIL, {"x": np.ones(2, np.float32), "limit": np.array(30, np.float32)})


def test_a_loop_whose_turns_are_known_is_written_out(tmp_path: Path) -> None:
    text = (
        GROWING.replace(", int64 trips)", ")")
        .replace("[k,1]", "[3,1]")
        .replace("yes =", "trips = Constant<value_int=3>()\n yes =")
    )
    check(tmp_path, text, {"x": noise(2)})
    assert not {"While", "StatelessWhile"} & operators(text, tmp_path)


@pytest.mark.parametrize("flag", [True, False])
def test_branches_may_differ_in_shape(flag: bool, tmp_path: Path) -> None:
    check(tmp_path, CHOICE, {"x": noise(4, 3), "flag": np.array(flag)}, w=noise(3, 2))


def test_a_branch_that_is_never_taken_vanishes(tmp_path: Path) -> None:
    text = CHOICE.replace(", bool flag) => (float[n,m]", ") => (float[n,3]").replace(
        "y = If", "flag = Constant<value = bool {1}>()\n y = If"
    )
    assert operators(text, tmp_path, w=noise(3, 2)) == {"Placeholder", "Relu", "Identity"}


@pytest.mark.parametrize("sizes", ["n", "4"])
def test_a_scan_goes_along_any_axis_in_either_direction(sizes: str, tmp_path: Path) -> None:
    check(
        tmp_path, SCAN.replace("n,2", f"{sizes},2").replace("2,n", f"2,{sizes}"), {"start": noise(2), "x": noise(4, 2)}
    )


def test_what_fails_inside_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        converted(write(tmp_path / "m.onnx", CHOICE, w=noise(4, 2)))
    assert caught.value.where == "MatMul node 'b'"
