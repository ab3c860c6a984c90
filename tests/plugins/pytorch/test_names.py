"""Names of nested outputs and inputs."""

from __future__ import annotations

import collections
import dataclasses

import pytest

from mlconvert.errors import ConversionError
from mlconvert_plugins.pytorch.names import flatten, nest

Pair = collections.namedtuple("Pair", "left right")


@dataclasses.dataclass
class Answer:
    logits: int
    rest: tuple[int, ...]
    absent: int | None = None


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (1, ["output"]),
        ((1, 2), ["output_0", "output_1"]),
        ([1, None, 3], ["output_0", "output_2"]),
        ((1, {"a": 2, "b": [3]}), ["output_0", "output_1.a", "output_1.b.0"]),
        ({"y": 1, "z": (2, 3)}, ["y", "z.0", "z.1"]),
        (Pair(1, [2]), ["left", "right.0"]),
        (Answer(1, (2, 3)), ["logits", "rest.0", "rest.1"]),
        (None, []),
        ((), []),
    ],
)
def test_flatten(value: object, names: list[str]) -> None:
    assert list(flatten(value, lambda leaf: isinstance(leaf, int))) == names


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(ConversionError) as caught:
        flatten({"a.b": 1, "a": {"b": 2}}, lambda leaf: isinstance(leaf, int))
    assert caught.value.code == "ambiguous-output"


def test_nest_undoes_dotted_names() -> None:
    flat = {"x": 1, "d.a": 2, "d.b.0": 3, "t.0": 4, "t.1": 5}
    assert nest(flat) == {"x": 1, "d": {"a": 2, "b": (3,)}, "t": (4, 5)}
