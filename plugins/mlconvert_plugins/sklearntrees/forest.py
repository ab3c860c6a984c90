"""A scikit-learn estimator as a forest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert.text import for_terminal
from mlconvert_plugins.sklearntrees import columns, ensembles
from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.trees.assembly import leaf_rows
from mlconvert_plugins.trees.checks import vouched
from mlconvert_plugins.trees.model import Forest, tabular

if TYPE_CHECKING:
    import numpy as np

_Read = TypeVar("_Read")


def read(estimator: Any) -> Forest:
    """The forest of a fitted estimator. Raises ConversionError that names what is not known."""
    where = type(estimator).__name__
    with _guarded(where):
        return vouched(_forest(estimator), lambda what: refused(what, where, code="bad-sklearn"))


def signature(estimator: Any) -> Signature:
    """What an estimator takes and gives, as the forest of it will. Raises ConversionError."""
    with _guarded(type(estimator).__name__):
        outputs = ensembles.read(estimator).outputs
        return tabular(columns.read(estimator), outputs, labels_of(estimator))


def attempt(read: Callable[[Any], _Read], estimator: Any) -> _Read | None:
    """What `read` or `signature` makes of an estimator; None for one that is no forest here."""
    try:
        return read(estimator)
    except ConversionError as error:
        if error.code != "unsupported-estimator":
            raise
        return None


@contextlib.contextmanager
def _guarded(where: str) -> Iterator[None]:
    """Attributes that are not what scikit-learn puts there can raise anything."""
    try:
        yield
    except ConversionError:
        raise
    except Exception as error:
        raise refused(
            f"the estimator is damaged: {type(error).__name__}: {for_terminal(error, 200)}", where,
            "fit it again, and save it with the scikit-learn that loads it", "bad-sklearn",
        ) from error  # fmt: skip


def _forest(estimator: Any) -> Forest:
    import numpy as np
    import sklearn

    found = ensembles.read(estimator)
    own_columns = columns.read(estimator)
    trees = found.trees
    if any(not 0 <= column < len(own_columns) for column in trees.splits.column):
        raise refused("a node names a column that there is not", type(estimator).__name__, code="bad-sklearn")
    nodes, tables = trees.splits.tables(len(own_columns))
    value = np.concatenate(trees.values).astype(np.float64)
    return Forest(
        columns=own_columns,
        labels=labels_of(estimator),
        outputs=found.outputs,
        width=found.width,
        decisions=trees.decisions.decisions(),
        tree_leaves=np.array(trees.leaves, dtype=np.int64),
        tree_output=_tree_output(found),
        nodes=nodes,
        tables=tables,
        leaf_value=value,
        base=np.zeros(found.outputs) if found.base is None else np.asarray(found.base, dtype=np.float64),
        leaf_label=np.array(trees.labels, dtype=np.int64),
        leaf_rows=leaf_rows(trees.leaves, trees.rows),
        read=found.read,
        divisor=found.divisor,
        link=found.link,
        label=found.label,
        labelling="listed",
        source={"format": "sklearn", "version": sklearn.__version__, "class": type(estimator).__name__},
    )


def labels_of(estimator: Any) -> tuple[Any, ...]:
    """A classifier's labels. Raises ConversionError for one that has known but a single class."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return ()
    listed = tuple(classes.tolist())
    if len(listed) < 2:
        raise refused("a classifier of a single class", "classes_", "fit it on more classes")
    if not all(isinstance(label, (str, int, float)) for label in listed):
        raise refused(f"classes of the type {type(listed[0]).__name__}", "classes_", "train on text or numbers")
    return listed


def _tree_output(found: Ensemble) -> np.ndarray:
    import numpy as np

    count = len(found.trees.leaves)
    return np.zeros(count, dtype=np.int64) if found.width > 1 else np.arange(count) % found.outputs
