"""Strings of a serialized program that torch would evaluate."""

from __future__ import annotations

import json

import pytest

from mlconvert_plugins.pytorch.program import objection


def _with(key: str, value: object) -> bytes:
    return json.dumps({"graph": [{key: value}]}).encode()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target", "torch.ops.aten.conv2d.default"),
        ("target", "torch.ops.aten.__and__.Tensor"),
        ("target", "torch.ops.aten._native_batch_norm_legit_no_training.default"),
        ("target", "torch.ops.higher_order.cond"),
        ("target", "torch.sym_max"),
        ("target", "_operator.floordiv"),
        ("target", "math.ceil"),
        ("expr_str", "Add(FloorDiv(Symbol('s0', positive=True, integer=True), Integer(2)), Integer(-1))"),
        ("guards_code", ["L['x'].size()[0] == 2*L['d']['a'].size()[1]", "Max(1, L['x'][0].stride()[1]) <= 7"]),
        ("parameter_name", "layers.conv-1.weight"),
        ("as_string", "__import__('os').system('true')"),  # a string stays a string
        ("in_spec", json.dumps([1, {"type": "builtins.tuple", "context": "null", "children_spec": []}])),
    ],
)
def test_what_torch_writes_passes(key: str, value: object) -> None:
    assert objection(_with(key, value)) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target", "torch.serialization.os.system"),
        ("target", "torch.ops.load_library"),
        ("target", "torch.ops.aten.from_file.default"),
        ("target", "torch.ops.aten.__class__.mro"),
        ("target", "torch.ops.mylib.op.default"),
        ("target", "_operator.methodcaller"),
        ("as_operator", "torch.hub.load"),
        ("expr_str", "__import__('os').system('true')"),
        ("expr_str", "Symbol('s0').__class__"),
        ("expr_str", "Max('__import__(1)')"),
        ("expr_str", "(lambda: 0)()"),
        ("guards_code", ["exec('1')"]),
        ("guards_code", ["L['x\" + f() + \"'].size()[0] == 1"]),
        ("guards_code", ["L['x'].__class__ == 1"]),
        ("guards_code", ["[f for f in L]"]),
        ("name", "x=f()"),
        ("as_name", "x, y"),
        ("parameter_name", 'w"), f(), ("'),
        ("tensor_values", {"x=f()": {}}),
        ("out_spec", json.dumps([1, {"type": "collections.defaultdict", "context": "{}", "children_spec": []}])),
        ("out_spec", json.dumps([1, {"type": "my.Type", "context": "null", "children_spec": []}])),
        ("in_spec", "no json"),
    ],
)
def test_what_torch_would_evaluate_is_found(key: str, value: object) -> None:
    assert objection(_with(key, value)) is not None


def test_what_is_no_json_is_an_error() -> None:
    for document in (b"{", b"[" * 100_000):
        with pytest.raises(ValueError):
            objection(document)
