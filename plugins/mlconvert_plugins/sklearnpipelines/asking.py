"""From the inputs of a signature to the table that an estimator takes, and from its answers to the outputs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert_plugins.sklearnpipelines.columns import Known, is_text_alone, own_names

if TYPE_CHECKING:
    import numpy as np

# A category that no encoder knows.
UNSEEN = "no such category"


def checked(inputs: Mapping[str, np.ndarray], signature: Signature) -> dict[str, np.ndarray]:
    """The inputs of the signature, all of one length. Raises ConversionError (`bad-input`)."""
    from mlconvert_plugins.trees.rows import rows

    named = {tensor.name: tensor for tensor in signature.inputs}
    texts = {name: values for name, values in inputs.items() if name in named and named[name].dtype == "string"}
    tables = tuple(tensor for tensor in signature.inputs if tensor.dtype != "string")
    others = {name: values for name, values in inputs.items() if name not in texts}
    found = {"x": rows(others, replace(signature, inputs=tables)), **texts} if tables else {**texts, **others}
    lengths = {len(values) for values in found.values()}
    if found.keys() != named.keys() or len(lengths) != 1 or any(values.ndim != 1 for values in texts.values()):
        raise ConversionError(
            f"it takes {', '.join(map(str, signature.inputs))}, all of one length", code="bad-input", where="inputs",
            fix="give a table of numbers for x, and one array of str for each text",
        )  # fmt: skip
    return found


def table(estimator: Any, columns: Sequence[Known], inputs: Mapping[str, np.ndarray]) -> Any:
    """The rows of `x`, float64[n, columns that are not text], and the texts by name, as the estimator was fitted on.

    That is a DataFrame where it knows names, an array where it does not, texts alone where it takes no table.
    """
    if is_text_alone(estimator):
        return inputs[columns[0].column.name]
    numbers = iter(inputs["x"].T if "x" in inputs else ())
    found = [
        inputs[known.column.name] if known.column.type == "text" else _values(next(numbers), known) for known in columns
    ]
    names = own_names(estimator)
    return _array(found) if names is None else _frame(found, names)


def _frame(found: list[np.ndarray], names: Sequence[str]) -> Any:
    import pandas as pd

    # The dtype is named, or pandas would choose one for texts.
    series = [pd.Series(values, name=name, dtype=values.dtype) for name, values in zip(names, found, strict=True)]
    return pd.concat(series, axis=1)


def _array(found: list[np.ndarray]) -> np.ndarray:
    """One array for all columns: of objects where one holds any."""
    import numpy as np

    if all(values.dtype.kind == "f" for values in found):
        return np.column_stack(found)
    made = np.empty((len(found[0]), len(found)), dtype=object)
    for index, values in enumerate(found):
        made[:, index] = values
    return made


def _values(numbers: np.ndarray, known: Known) -> np.ndarray:
    """A column's own values: categories in the place of their codes, booleans for 0 and 1."""
    import numpy as np

    column = known.column
    if column.type == "boolean":
        listed = [known.absent if value != value else bool(value) for value in numbers.tolist()]
        return np.array(listed, dtype=object if np.isnan(numbers).any() else bool)
    if column.categories is None:
        return numbers
    listed = [_category(code, column.categories, known.absent) for code in numbers.tolist()]
    if known.absent is not None and not any(isinstance(value, str) for value in column.categories):
        return np.array(listed, dtype=np.float64)
    values = np.empty(len(listed), dtype=object)
    values[:] = listed
    return values


def _category(code: float, categories: tuple[Any, ...], absent: Any) -> Any:
    if code != code:
        return absent
    if 0 <= code < len(categories):
        return categories[int(code)]
    texts = [value for value in categories if isinstance(value, str)]
    if not texts:
        # One more than a large float is the same float.
        whole = all(isinstance(value, int) for value in categories)
        return max(categories) + 1 if whole else 2 * max(map(abs, categories)) + 1
    return UNSEEN if UNSEEN not in texts else max(texts) + UNSEEN


def answers(estimator: Any, rows: Any, *, single: bool = False) -> dict[str, np.ndarray]:
    """What it says of a table: `label`, and `margin` and `probability` where it has them; or `prediction`.

    Numbers are float64[n, k], or float32 where `single` says that it computes in it.
    """
    import numpy as np

    # Its checks of the rows add them all up, and links overflow where the library lets them.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = _classes(estimator, rows) if hasattr(estimator, "classes_") else _numbers(estimator, rows)
    dtype = np.float32 if single else np.float64
    return {name: v if name == "label" else np.reshape(v, (len(v), -1)).astype(dtype) for name, v in found.items()}


def _classes(estimator: Any, rows: Any) -> dict[str, np.ndarray]:
    import numpy as np

    label = np.asarray(estimator.predict(rows))
    found = {"label": label.astype(object) if label.dtype.kind == "U" else label}
    for name, method in (("margin", "decision_function"), ("probability", "predict_proba")):
        if hasattr(estimator, method):
            found[name] = np.asarray(getattr(estimator, method)(rows))
    return found


def _numbers(estimator: Any, rows: Any) -> dict[str, np.ndarray]:
    """A model of outliers says in `decision_function` what its `predict` cuts at 0."""
    import numpy as np

    is_outlier_detector = type(estimator).__name__ in ("IsolationForest", "OneClassSVM", "SGDOneClassSVM")
    return {"prediction": np.asarray((estimator.decision_function if is_outlier_detector else estimator.predict)(rows))}
