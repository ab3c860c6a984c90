from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.artifact import Artifact
from mlconvert_plugins.onnx import Onnx

TABLE = np.ones((100, 4), np.float32)


def ranges(folder: Path, inputs: str, nodes: str, **weights: np.ndarray) -> dict[str, tuple[float, float] | None]:
    listed = [f"float[{','.join(map(str, weight.shape))}] {name}" for name, weight in weights.items()]
    text = f"g ({inputs}) => (float[a,b,c] y) <{', '.join(listed)}> {{ {nodes} }}"
    path = write(folder / "m.onnx", text, **weights)
    return {tensor.name: tensor.range for tensor in Onnx().signature(Artifact(path, "onnx")).inputs}


@pytest.mark.parametrize(
    ("nodes", "high"),
    [
        ("y = Gather(table, ids)", 99),
        ("y = Gather<axis = 0>(table, ids)", 99),
        ("wide = Cast<to = 7>(ids)  same = Identity(table)  y = Gather(same, wide)", 99),
        ("a = Gather(table, ids)  b = Gather(small, ids)  y = Add(a, b)", 6),
        ("t = Constant<value = float[3,4] {1,2,3,4,5,6,7,8,9,10,11,12}>()  y = Gather(t, ids)", 2),
        ("y = Gather<axis = 1>(table, ids)", None),
        ("more = Add(ids, ids)  y = Gather(table, more)", None),
        ("f = Cast<to = 1>(ids)  y = MatMul(f, table)", None),
    ],
)
def test_ids_stay_within_their_table(tmp_path: Path, nodes: str, high: int | None) -> None:
    found = ranges(tmp_path, "int32[a,b] ids", nodes, table=TABLE, small=TABLE[:7])
    assert found == {"ids": None if high is None else (0, high)}


def test_each_input_has_its_own_table(tmp_path: Path) -> None:
    nodes = "a = Gather(table, ids)  b = Gather(small, kinds)  c = Add(a, b)  f = Cast<to = 1>(mask)  y = Mul(c, f)"
    found = ranges(tmp_path, "int64[a,b] ids, int64[a,b] kinds, int64[a,b,1] mask", nodes, table=TABLE, small=TABLE[:2])
    assert found == {"ids": (0, 99), "kinds": (0, 1), "mask": None}
