"""A scikit-learn estimator as a forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert.signature import Signature
from mlconvert_plugins.sklearntrees import columns, ensembles
from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.trees.assembly import leaf_rows
from mlconvert_plugins.trees.model import Forest, tabular

if TYPE_CHECKING:
    import numpy as np


def read(estimator: Any) -> Forest:
    """The forest of a fitted estimator. Raises ConversionError that names what is not known."""
    import numpy as np
    import sklearn

    found = ensembles.read(estimator)
    own_columns = columns.read(estimator)
    trees = found.trees
    if any(not 0 <= column < len(own_columns) for column in trees.splits.column):
        raise refused("a node names a column that there is not", type(estimator).__name__)
    nodes, tables = trees.splits.tables(len(own_columns))
    value = np.concatenate(trees.values).astype(np.float64)
    if not np.isfinite(value).all():
        raise refused("a leaf is not finite", type(estimator).__name__)
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


def signature(estimator: Any) -> Signature:
    """What an estimator takes and gives, as the forest of it will."""
    return tabular(columns.read(estimator), ensembles.read(estimator).outputs, labels_of(estimator))


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
