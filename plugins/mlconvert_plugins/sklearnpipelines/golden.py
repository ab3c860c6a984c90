"""The estimator's own answers to some rows, for a document to be verified with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert_plugins.pmmlfile.verification import Golden

if TYPE_CHECKING:
    from mlconvert_plugins.sklearnpipelines.model import Model


def rows(estimator: Any, count: int, seed: int) -> Golden:
    """Usual values, edges, and missing values where it takes them."""
    from mlconvert_plugins.sklearnpipelines.model import Model

    return of(Model(estimator), count, seed)


def of(model: Model, count: int, seed: int) -> Golden:
    """As `rows`, for a model that is open."""
    from mlconvert_plugins.sklearnpipelines import probing

    inputs = probing.few(model, count, seed)
    answer = model.answer(inputs)
    single = any(values.dtype.name == "float32" for values in answer.values())
    return Golden(inputs, {name: values for name, values in answer.items() if name != "margin"}, single)
