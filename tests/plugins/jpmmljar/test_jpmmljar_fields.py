"""The signature of a jar from elsewhere: what its model says of its fields, as java/jpmml tells it."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.jpmmljar.fields import signature


def told(name: str, kind: str, optype: str = "continuous", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "optype": optype, **more}


INPUTS = [
    told("age", "double"),
    told("vip", "boolean", "categorical"),
    told("city", "string", "categorical", values=["Bern", "Zürich"]),
    told("floor", "integer", "categorical", values=["1", "2"]),
    told("note", "string", "categorical"),
]


def test_columns_by_their_types() -> None:
    found = signature({"function": "regression", "inputs": INPUTS, "targets": [told("y", "double")], "outputs": []})
    assert [(column.type, column.categories) for column in found.columns] == [
        ("numeric", None),
        ("boolean", None),
        ("categorical", ("Bern", "Zürich")),
        ("categorical", (1, 2)),
        ("text", None),
    ]
    assert [str(tensor) for tensor in found.inputs] == ["x:float64[n,4]", "note:string[n]"]
    assert [str(tensor) for tensor in found.outputs] == ["prediction:float64[n,1]"]


def test_labels_are_the_targets_categories() -> None:
    target = told("y", "integer", "categorical", values=["0", "1", "2"])
    found = signature({"function": "classification", "inputs": INPUTS[:1], "targets": [target], "outputs": []})
    assert found.labels == (0, 1, 2)
    assert [str(tensor) for tensor in found.outputs] == ["probability:float64[n,3]", "label:int64[n]"]


def test_labels_of_a_model_without_a_target_are_those_it_gives_probabilities_of() -> None:
    outputs = [
        told("p(no)", "double", feature="probability", value="no"),
        told("p(yes)", "double", feature="probability", value="yes"),
        told("other", "double", feature="predictedValue", value=None),
    ]
    found = signature({"function": "classification", "inputs": [], "targets": [], "outputs": outputs})
    assert found.labels == ("no", "yes")
    assert found.inputs == ()
