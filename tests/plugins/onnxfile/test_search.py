"""The search for the first bad node, on graphs that lead it astray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs import model, write
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.localising import suspect
from mlconvert_plugins.onnxfile.search import Finding, Search

X = np.random.default_rng(0).standard_normal((4, 8)).astype(np.float32)
ONE = np.ones(8, np.float32)
HEAD = "g (float[N,8] x) => (float[N,8] y) { "


@dataclass
class Counted(OnnxFile):
    """An ONNX file that counts how often it is asked, and can lack tensors and patience."""

    path: Path
    scratch: Path
    without: Sequence[str] = ()
    rounds: int = 1000
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.path, {"x": X}, self.scratch)
        self.names = [name for name in self.names if name not in self.without]

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        self.asked.append(len(names))
        return super().values(names)


@dataclass
class Bench:
    """Searches in a file made of one text and weights against one made of others."""

    folder: Path
    artifact: Any = None

    def search(
        self,
        good: str,
        bad: str,
        weights: Mapping[str, Any],
        wrong: Mapping[str, Any],
        tolerance: Tolerance,
        **given: Any,
    ) -> Finding | None:
        source, self.artifact = self.sides(good, bad, weights, wrong, **given)
        return Search(source.graph, source, self.artifact, {"x": X}, tolerance, lambda text: None).run()

    def sides(
        self, good: str, bad: str, weights: Mapping[str, Any], wrong: Mapping[str, Any], **given: Any
    ) -> tuple[OnnxFile, Counted]:
        one = write(self.folder / "one.onnx", HEAD + good + " }", **weights)
        other = write(self.folder / "other.onnx", HEAD + bad + " }", **{**weights, **wrong})
        return OnnxFile(one, {"x": X}, self.folder), Counted(other, self.folder, **given)

    def tensor(self, text: str, weights: Mapping[str, Any], wrong: Mapping[str, Any], **given: Any) -> str:
        """The tensor that the search names, where both sides have the same graph."""
        found = self.search(text, text, weights, wrong, Tolerance(), **given)
        assert found is not None
        return found.name


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def chain(length: int) -> tuple[str, dict[str, np.ndarray]]:
    """Additions one after the other, each of a weight of its own."""
    names = ["x", *(f"t{number}" for number in range(length - 1)), "y"]
    text = "  ".join(f"{names[n + 1]} = Add({names[n]}, w{n})" for n in range(length))
    return text, {f"w{number}": ONE for number in range(length)}


@pytest.mark.parametrize("place", [0, 1, 157, 298, 299])
def test_a_long_chain_takes_few_runs_of_few_tensors(bench: Bench, place: int) -> None:
    text, weights = chain(300)
    assert bench.tensor(text, weights, {f"w{place}": 2 * ONE}) == ("y" if place == 299 else f"t{place}")
    assert max(bench.artifact.asked) <= 16
    assert len(bench.artifact.asked) <= 8


def test_two_faults_give_one_of_them(bench: Bench) -> None:
    text, weights = chain(100)
    assert bench.tensor(text, weights, {"w20": 2 * ONE, "w60": 2 * ONE}) in ("t20", "t60")


def test_a_good_branch_that_stands_later_does_not_hide_the_bad_one(bench: Bench) -> None:
    text = "a = Mul(x, w)  b = Relu(a)  c = Mul(x, v)  d = Tanh(c)  e = Neg(d)  y = Add(b, e)"
    assert bench.tensor(text, {"w": ONE, "v": ONE}, {"w": 2 * ONE}) == "a"
    assert bench.tensor(text, {"w": ONE, "v": ONE}, {"v": 2 * ONE}) == "c"


def test_an_error_that_vanishes_again_is_not_the_cause(bench: Bench) -> None:
    text = "m = Mul(x, w)  n = Abs(m)  p = Exp(x)  q = Add(p, n)  y = Mul(q, v)"
    assert bench.tensor(text, {"w": ONE, "v": ONE}, {"w": -ONE, "v": 2 * ONE}) == "y"


def test_what_the_artifact_has_fused_is_said(bench: Bench) -> None:
    good = "a = Mul(x, w)  b = Add(a, v)  c = Relu(b)  y = Neg(c)"
    bad = "c = HardSigmoid<alpha = 0.5>(x)  y = Neg(c)"
    found = said(bench, good, bad, {"w": ONE, "v": ONE}, {})
    assert found.op == "Relu" and "fused: the artifact has no tensors between x and c (Mul, Add, Relu)" in found.note
    assert "its weights: w, v" in found.note


def test_errors_that_add_up_are_said(bench: Bench) -> None:
    text = "a = Mul(x, w)  b = Mul(a, w)  c = Mul(b, w)  d = Mul(c, w)  y = Mul(d, w)"
    found = said(bench, text, text, {"w": ONE}, {"w": 1.00004 * ONE})
    assert found.op == "Mul" and "errors add up over" in found.note


def test_a_fault_whose_error_fades_is_found_where_it_grows_again(bench: Bench) -> None:
    # Beside x, which is large, the error of `a` is small, and `d` takes the large part away again.
    text = "a = Mul(x, w)  l = Mul(x, k)  b = Add(a, l)  d = Sub(b, l)  y = Mul(d, w2)"
    weights = {"w": ONE, "k": 1e3 * ONE, "w2": ONE}
    assert bench.tensor(text, weights, {"w": 1.01 * ONE}) == "a"


def test_a_search_that_may_not_ask_often_says_what_it_has(bench: Bench) -> None:
    text, weights = chain(300)
    found = bench.tensor(text, weights, {"w10": 2 * ONE}, rounds=2)
    assert found.startswith("t") and len(bench.artifact.asked) <= 6


def test_tensors_that_one_side_lacks_are_passed_over(bench: Bench) -> None:
    text, weights = chain(20)
    without = [f"t{number}" for number in range(2, 9)]
    found = bench.search(text, text, weights, {"w5": 2 * ONE}, Tolerance(), without=without)
    assert found is not None and found.name == "t9" and found.part is not None
    assert list(found.part.given) == ["t1"]


def test_a_right_artifact_has_no_bad_node(bench: Bench) -> None:
    text, weights = chain(20)
    assert bench.search(text, text, weights, {}, Tolerance()) is None


def test_a_users_tolerance_counts_for_inner_tensors_by_their_size(bench: Bench) -> None:
    text = "a = Mul(x, w)  b = Mul(a, k)  y = Add(b, v)"
    weights = {"w": ONE, "k": 1e-3 * ONE, "v": ONE}
    wrong = {"w": 1.02 * ONE, "v": 1.5 * ONE}
    found = bench.search(text, text, weights, wrong, Tolerance(rtol=0, atol=0.1))
    assert found is not None and found.name == "y"


def test_rounding_alone_blames_no_node(bench: Bench) -> None:
    good = "a = Mul(x, w)  b = Transpose(a)  c = Transpose(b)  y = Mul(c, c)"
    bad = "h = Cast<to = 10>(x)  a = Mul(h, w)  b = Transpose(a)  c = Transpose(b)  d = Mul(c, c)  y = Cast<to = 1>(d)"
    found = said(bench, good, bad, {"w": ONE}, {"w": ONE.astype(np.float16)})
    assert (found.node, found.op) == ("", "") and "float16" in found.note


def test_names_of_any_kind_reach_the_reproducer(bench: Bench, tmp_path: Path) -> None:
    name = "/layer.0/file output"
    paths = []
    for label, weight in (("good", ONE), ("bad", 2 * ONE)):
        proto = model(HEAD + "a = Mul(x, w)  y = Neg(a) }", w=weight)
        proto.graph.node[0].output[0] = proto.graph.node[1].input[0] = name
        paths.append(tmp_path / f"{label}.onnx")
        paths[-1].write_bytes(proto.SerializeToString())
    source, artifact = (OnnxFile(path, {"x": X}, tmp_path) for path in paths)
    ctx = Context(tmp_path, tmp_path, reproducer=tmp_path / "reproducer")
    found = suspect(source.graph, source, artifact, {"x": X}, ctx, Tolerance())
    assert found is not None and (found.node, found.reproducer) == (name, "reproducer")
    with np.load(tmp_path / "reproducer" / "got.npz") as got:
        np.testing.assert_array_equal(got[name], 2 * X)


def said(bench: Bench, good: str, bad: str, weights: Mapping[str, Any], wrong: Mapping[str, Any]) -> Suspect:
    source, artifact = bench.sides(good, bad, weights, wrong)
    found = suspect(source.graph, source, artifact, {"x": X}, Context(bench.folder, bench.folder), Tolerance())
    assert found is not None
    return found
