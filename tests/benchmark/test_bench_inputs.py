"""What subjects are timed on: one batch for all, rows in turns, and what cannot be had is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlconvert.artifact import Artifact
from mlconvert.benchmark import inputs
from mlconvert.errors import ConversionError
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert_toys import line


def subject(*shape: Any, name: str = "m.alpha", **dims: DimRange) -> Artifact:
    return Artifact(Path(name), "alpha", signature=Signature((Tensor("x", "float32", shape),), dims=dims))


@pytest.mark.parametrize(
    ("models", "smallest"),
    [
        ([subject("batch", 3)], 1),
        ([subject(None, 3)], 1),
        ([subject()], 1),
        ([subject("n", 3, n=DimRange(2, 4, 8)), subject("batch", 3)], 2),
        ([subject("batch", 3), subject(8, 3)], 8),
    ],
)
def test_the_smallest_batch_that_all_take(models: list[Artifact], smallest: int) -> None:
    assert inputs.smallest(models) == smallest


@pytest.mark.parametrize(
    ("model", "batch", "message"),
    [
        (subject(8, 3), 1, "m.alpha takes batches of 8 alone, not of 1"),
        (subject("n", 3, n=DimRange(2, 4, 8)), 9, "batches of 2 to 8, not of 9"),
        (subject("n", 3, n=DimRange(2, 4, None)), 1, "batches of 2 and up, not of 1"),
    ],
)
def test_a_batch_that_is_not_taken_is_refused_in_one_line(model: Artifact, batch: int, message: str) -> None:
    with pytest.raises(ConversionError, match=message) as caught:
        inputs.require(model, batch)
    assert caught.value.code == "bad-batch" and "--batch" in caught.value.fix
    inputs.require(model, inputs.smallest([model]))


def test_a_network_gets_one_draw_of_each_batch() -> None:
    model = subject("n", "width", 3, width=DimRange(2, 5, 9))
    found = inputs.make(model, [], [1, 4], seed=0)
    assert [[one["x"].shape for one in sets] for sets in found] == [[(1, 5, 3)], [(4, 5, 3)]]
    again = inputs.make(model, [], [4], seed=0)
    np.testing.assert_array_equal(found[1][0]["x"], again[0][0]["x"])


def test_rows_of_a_table_take_turns(tmp_path: Path) -> None:
    """At a batch of one, sixteen of them; at a large one, those that there are, again and again."""
    signature = Signature((Tensor("x", "float32", ("batch", 3)),), columns=(Column("a", "numeric"),) * 3)
    model = Artifact(line.alpha(tmp_path / "m.alpha"), "alpha", signature=signature)
    one, many = inputs.make(model, [], [1, 40], seed=0)
    assert [array["x"].shape for array in one] == [(1, 3)] * 16
    assert [array["x"].shape for array in many] == [(40, 3)]


def test_the_users_own_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(15, dtype=np.float32).reshape(5, 3))
    sets, whole = inputs.make(subject("batch", 3), [], [2, 7], seed=0, data=str(tmp_path / "x.npy"))
    assert [one["x"][:, 0].tolist() for one in sets[:3]] == [[0, 3], [6, 9], [12, 0]]
    assert whole[0]["x"][:, 0].tolist() == [0, 3, 6, 9, 12, 0, 3]


def test_no_rows_are_none_to_time(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((0, 3), np.float32))
    with pytest.raises(ConversionError):
        inputs.make(subject("batch", 3), [], [1], seed=0, data=str(tmp_path / "x.npy"))
