"""The estimator's own answers to some rows, for a document to be verified with."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.pmmlfile.verification import Golden


def rows(estimator: Any, count: int, seed: int) -> Golden:
    """Usual values, edges, missing values where it takes them."""
    from mlconvert_plugins.sklearnpipelines import probing
    from mlconvert_plugins.sklearnpipelines.model import Model

    model = Model(estimator)
    inputs = probing.few(model, count, seed)
    answer = model.answer(inputs)
    single = any(values.dtype.name == "float32" for values in answer.values())
    return Golden(inputs, {name: values for name, values in answer.items() if name != "margin"}, single)
