"""A LightGBM text model as a forest."""

from __future__ import annotations

from dataclasses import replace

from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature
from mlconvert_plugins.lightgbmtext import columns, objective
from mlconvert_plugins.lightgbmtext.nodes import Trees
from mlconvert_plugins.lightgbmtext.numbers import BrokenModelError, integer
from mlconvert_plugins.lightgbmtext.sections import Sections
from mlconvert_plugins.trees.assembly import leaf_rows
from mlconvert_plugins.trees.checks import vouched
from mlconvert_plugins.trees.model import LIGHTGBM_ZERO, Forest, Linear, tabular


def read(sections: Sections, start_iteration: int = 0, num_iteration: int | None = None) -> Forest:
    """The forest of a text model, of the iterations that `Booster.predict` would take.

    Raises BrokenModelError for what is broken or unknown, ConversionError (`no-iterations`) for a cut that leaves none.
    """
    import numpy as np

    own_columns = columns.read(sections)
    outputs = _outputs(sections)
    found = objective.read(sections.header.get("objective"), outputs)
    start, stop = _cut(len(sections.sizes) // outputs, start_iteration, num_iteration)
    whole = (start, stop) == (0, len(sections.sizes) // outputs)
    cut = None if whole else {"start_iteration": start, "num_iteration": stop - start}
    trees = Trees(len(own_columns))
    for number, (name, keys) in enumerate(sections.trees()):
        if start * outputs <= number < stop * outputs:
            trees.add(name, keys)
    nodes, tables = trees.splits.tables(len(own_columns))
    decisions = trees.decisions.decisions()
    made = Forest(
        columns=_with_missing(own_columns, trees),
        labels=_labels(sections, found.classes),
        outputs=outputs,
        decisions=decisions,
        tree_leaves=np.array(trees.leaves, dtype=np.int64),
        tree_output=np.arange(len(trees.leaves)) % outputs,
        nodes=nodes,
        tables=tables,
        leaf_value=np.array(trees.values, dtype=np.float64).reshape(-1, 1),
        base=np.zeros(outputs),
        linear=_linear(trees) if any(trees.linear) else None,
        leaf_label=None if trees.in_split_order else np.array(trees.labels, dtype=np.int64),
        leaf_rows=leaf_rows(trees.leaves, trees.rows),
        zero=LIGHTGBM_ZERO,
        divisor=stop - start if "average_output" in sections.header else 1,
        link=found.link,
        labelling="split" if trees.in_split_order else "listed",
        source={**_source(sections), **({} if cut is None else cut)},
    )
    return vouched(made, lambda what: BrokenModelError(what, "trees"))


def signature(sections: Sections) -> Signature:
    """What the model takes and gives, from its header alone. Raises BrokenModelError."""
    outputs = _outputs(sections)
    labels = _labels(sections, objective.read(sections.header.get("objective"), outputs).classes)
    return tabular(columns.read(sections), outputs, labels)


def _outputs(sections: Sections) -> int:
    """Trees an iteration, which is the number of margins."""
    header = sections.header
    for key in ("num_class", "label_index"):
        if key not in header:
            raise BrokenModelError(f"there is no {key}", "header")
    outputs = integer(header["num_class"], "num_class", 1)
    if integer(header.get("num_tree_per_iteration", header["num_class"]), "num_tree_per_iteration", 1) != outputs:
        raise BrokenModelError("it is not num_class", "num_tree_per_iteration")
    if len(sections.sizes) % outputs:
        raise BrokenModelError(f"{len(sections.sizes)} trees are no whole iterations of {outputs}", "tree_sizes")
    if header.get("average_output"):
        raise BrokenModelError("it has a value", "average_output")
    return outputs


def _cut(iterations: int, start: int, count: int | None) -> tuple[int, int]:
    """The first iteration and the one after the last, as `GBDT::InitPredict` takes them; no count, or 0, is all."""
    stop = iterations if count is None or count <= 0 else min(iterations, start + count)
    if iterations and not 0 <= start < stop:
        raise ConversionError(
            f"the model has {iterations} iterations, and none from {start} on",
            code="no-iterations",
            where="start_iteration",
            fix=f"take a start_iteration of 0 to {iterations - 1}",
        )
    if not iterations:
        raise ConversionError("the model has no trees", code="no-iterations", where="tree_sizes", fix="train it")
    return start, stop


def _with_missing(own: tuple[Column, ...], trees: Trees) -> tuple[Column, ...]:
    """The columns with the missing rule that their nodes follow."""
    rules: dict[int, set[str]] = {}
    decisions = trees.decisions.decisions()
    for column, decision in zip(trees.splits.column, trees.splits.decision, strict=True):
        rules.setdefault(column, set()).add(decisions[decision].missing or "nan")
    return tuple(
        replace(column, missing=next(iter(rules[index]))) if len(rules.get(index, ())) == 1 else column
        for index, column in enumerate(own)
    )


def _labels(sections: Sections, classes: int) -> tuple[object, ...]:
    if not classes:
        return ()
    if sections.classes and len(sections.classes) != classes:
        raise BrokenModelError(f"{len(sections.classes)} classes stand there, not {classes}", "classes")
    if not all(isinstance(label, (str, int, float)) for label in sections.classes):
        raise BrokenModelError("a class is neither text nor number", "classes")
    return sections.classes or tuple(range(classes))


def _linear(trees: Trees) -> Linear:
    import numpy as np

    return Linear(
        np.array(trees.linear, dtype=bool),
        np.array(trees.constants, dtype=np.float64),
        np.array(trees.terms, dtype=np.int64),
        np.array(trees.term_columns, dtype=np.int64),
        np.array(trees.weights, dtype=np.float64),
    )


def _source(sections: Sections) -> dict[str, str]:
    source = {"format": "lightgbm", "version": sections.header["version"].decode()}
    if "objective" in sections.header:
        source["objective"] = sections.header["objective"].decode("utf-8", "replace")
    return source
