"""A fitted estimator of any kind: its signature, and what it answers."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert.text import for_terminal
from mlconvert_plugins.sklearnpipelines import asking, knowledge
from mlconvert_plugins.sklearnpipelines import columns as reading
from mlconvert_plugins.sklearnpipelines.walking import estimators, parts

if TYPE_CHECKING:
    import numpy as np

_ROWS = "n"
Inputs = Mapping[str, "np.ndarray"]


class Model:
    """An estimator, asked by the inputs of its `signature`. Raises ConversionError for what is none that predicts.

    What an estimator does not say of itself it shows: which of its columns may be missing (`signature.columns`) or hold
    an unseen category (`unseen`, bool by column of `x`), and how wide its answers are, are learned from a few rows.
    `seconds` is the time of its last answer, the making of its table left out. `columns` are given where somebody else
    has read the estimator: what they call refused is not tried.
    """

    def __init__(self, estimator: Any, columns: Sequence[Column] = ()) -> None:
        _check(estimator)
        self.estimator = estimator
        self.seconds = math.nan
        with _guarded(estimator):
            self.known = reading.read(estimator)
            # XGBoost computes in float32, and whatever is made of its answers is no better.
            self._single = any(hasattr(step, "get_booster") for step in estimators(estimator))
            _one_thread(estimator, len(self.known))
            self.numeric = [known.column for known in self.known if known.column.type != "text"]
            self.base, answer = self._base()
            missing = self._accepts([math.nan] * len(self.numeric), self.numeric)
            beyond = [float(len(column.categories or ())) for column in self.numeric]
            self.unseen = self._accepts(beyond, [column for column in self.numeric if column.categories])
            found = self._signed(missing, answer)
            self.signature = replace(
                found, columns=tuple(columns) if len(columns) == len(self.known) else found.columns
            )

    def answer(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """Its outputs by name. Raises ConversionError (`bad-input`); what scikit-learn raises comes through."""
        return self._answer(asking.checked(inputs, self.signature))

    def _answer(self, inputs: Inputs) -> dict[str, np.ndarray]:
        table = asking.table(self.estimator, self.known, inputs)
        start = time.perf_counter()
        outputs = asking.answers(self.estimator, table, single=self._single)
        self.seconds = time.perf_counter() - start
        return outputs

    def takes(self, inputs: Inputs) -> bool:
        """Whether it answers, and does not raise."""
        try:
            self._answer(inputs)
        except Exception:  # noqa: BLE001  # that it refuses, in whatever way, is what is asked
            return False
        return True

    def taken(self, inputs: Inputs) -> np.ndarray:
        """Which rows it takes, bool[n]: all at once, then by halves."""
        import numpy as np

        count = len(next(iter(inputs.values())))
        if count == 0 or self.takes(inputs):
            return np.ones(count, dtype=bool)
        if count == 1:
            return np.zeros(1, dtype=bool)
        halves = (slice(None, count // 2), slice(count // 2, None))
        return np.concatenate([self.taken({name: v[half] for name, v in inputs.items()}) for half in halves])

    def repeated(self, count: int) -> dict[str, np.ndarray]:
        """So many rows that are all the base, to be changed."""
        import numpy as np

        return {name: np.repeat(values, count, axis=0) for name, values in self.base.items()}

    def _base(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """A row that it takes, of typical values, and its answer. Raises ConversionError where there is none."""
        reason: Exception | None = None
        for row in knowledge.typical(self.estimator, self.known):
            try:
                return row, self._answer(row)
            except Exception as error:  # noqa: BLE001  # another row may do
                reason = reason or error
        raise ConversionError(
            f"it takes no row that was tried: {for_terminal(reason, 200)}", code="unsupported-estimator",
            where=type(self.estimator).__name__, fix="fit it on numbers, categories that an encoder knows, or texts",
        ) from reason  # fmt: skip

    def _accepts(self, values: Sequence[float], of: Sequence[Column]) -> list[bool]:
        """For each column of `x`, whether it is one of these and may hold its value."""
        import numpy as np

        tried = [index for index, column in enumerate(self.numeric) if column in of]
        if not tried:
            return [False] * len(self.numeric)
        rows = self.repeated(len(tried))
        for row, index in enumerate(tried):
            rows["x"][row, index] = values[index]
        found = dict(zip(tried, np.asarray(self.taken(rows)).tolist(), strict=True))
        return [found.get(index, False) for index in range(len(self.numeric))]

    def _signed(self, missing: Sequence[bool], answer: Mapping[str, np.ndarray]) -> Signature:
        from mlconvert_plugins.sklearntrees.forest import labels_of
        from mlconvert_plugins.trees.model import label_dtype

        rules = iter(missing)
        named = [
            column if column.type == "text" else replace(column, missing="nan" if next(rules) else "refused")
            for column in (known.column for known in self.known)
        ]
        labels = labels_of(self.estimator)
        outputs = [
            Tensor(name, label_dtype(labels), (_ROWS,))
            if name == "label"
            else Tensor(name, answer[name].dtype.name, (_ROWS, answer[name].shape[1]))
            for name in ("margin", "probability", "label", "prediction")
            if name in answer
        ]
        tables = (Tensor("x", "float64", (_ROWS, len(self.numeric))),) if self.numeric else ()
        texts = tuple(Tensor(column.name, "string", (_ROWS,)) for column in named if column.type == "text")
        return Signature((*tables, *texts), tuple(outputs), {_ROWS: DimRange(1, 1, None)}, tuple(named), labels)


def _check(estimator: Any) -> None:
    """Raise ConversionError for what is not fitted, or predicts nothing that a signature has words for."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    kind = type(estimator).__name__
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise _refused("the estimator is not fitted", kind, "call fit before the conversion", "not-fitted") from None
    except TypeError:
        raise _refused("it is no estimator", kind, "save a fitted estimator or pipeline") from None
    if not hasattr(estimator, "predict"):
        raise _refused("it transforms, and predicts nothing", kind, "add the model as the last step of the pipeline")
    last = estimator._final_estimator if hasattr(estimator, "_final_estimator") else estimator
    if hasattr(last, "labels_") or hasattr(last, "cluster_centers_"):
        raise _refused("it numbers clusters, which are neither classes nor figures", type(last).__name__, "")
    if isinstance(getattr(estimator, "classes_", None), list):
        raise _refused("a classifier of several outputs has no one set of classes", kind, "")


def _one_thread(estimator: Any, count: int) -> None:
    """Parts are asked one after the other: from several threads, sums of trees would have no order."""
    for part in parts(estimator, count):
        if getattr(part.step, "n_jobs", None) is not None:
            part.step.n_jobs = 1


@contextlib.contextmanager
def _guarded(estimator: Any) -> Iterator[None]:
    """Attributes that are not what scikit-learn puts there can raise anything."""
    try:
        yield
    except ConversionError:
        raise
    except Exception as error:
        raise _refused(
            f"the estimator is damaged: {type(error).__name__}: {for_terminal(error, 200)}", type(estimator).__name__,
            "fit it again, and save it with the scikit-learn that loads it", "bad-sklearn",
        ) from error  # fmt: skip


def _refused(message: str, where: str, fix: str, code: str = "unsupported-estimator") -> ConversionError:
    return ConversionError(message, code=code, where=where, fix=fix)
