"""Golden rows for a document that holds none: a few of parity's own, with what the document itself answers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.stage import Context
from mlconvert_plugins.pmmlfile.verification import Golden

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.jpmml.scoring import Scorer

_CELLS, _FEWEST, _MOST = 512, 2, 32
_LARGEST = 3e38


def rows(artifact: Artifact, memory: int, ctx: Context) -> Golden:
    """The rows. Raises ConversionError: JPMML's reasons, or `unproven` where the document answers none of them."""
    from mlconvert_plugins.jpmml.scoring import Scorer

    inputs = _few(_drawn(artifact, ctx.seed))
    with Scorer(artifact.path, artifact.signature, memory=memory) as scorer:
        known = _answered(scorer, inputs)
        return Golden(known, scorer.run(known), is_single(artifact))


def is_single(source: Artifact) -> bool:
    """Whether a model computes in float32: by its signature, or a document by JPMML's own attribute."""
    from mlconvert_plugins.pmmlfile import outline

    if any(tensor.dtype == "float32" for tensor in source.signature.outputs):
        return True
    return source.format == "pmml" and outline.read(source.path).attributes.get("x-mathContext") == "float"


def _drawn(artifact: Artifact, seed: int) -> dict[str, np.ndarray]:
    import numpy as np

    from mlconvert_plugins.pmml import Pmml

    pmml = Pmml()
    probes = pmml.probes(artifact, seed) or pmml.draws(artifact, seed)
    # The first may be of one row.
    taken = [probe.inputs for probe in itertools.islice(probes, 2)]
    return {name: np.concatenate([inputs[name] for inputs in taken]) for name in taken[0]}


def _few(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows from all over the probes. What a text or a float32 has no room for, infinities too, is missing in them."""
    import numpy as np

    count = len(next(iter(inputs.values())))
    width = sum(values.size // max(1, count) for values in inputs.values())
    wanted = min(count, _MOST, max(_FEWEST, _CELLS // max(1, width)))
    places = np.linspace(0, count - 1, wanted).astype(int)
    chosen = {name: values[places] for name, values in inputs.items()}
    return {
        name: np.where(np.abs(values) <= _LARGEST, values, np.nan) if values.dtype.kind == "f" else values
        for name, values in chosen.items()
    }


def _answered(scorer: Scorer, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows that the document has an answer to: its rules may refuse values, and results may be missing."""
    import numpy as np

    count, kept, last = len(next(iter(inputs.values()))), [], None
    for number in range(count):
        try:
            answer = scorer.run({name: values[[number]] for name, values in inputs.items()})
        except ConversionError as error:
            if error.code != "jpmml-refused":
                raise
            last = error
        else:
            if not any(np.isnan(values).any() for values in answer.values() if values.dtype.kind == "f"):
                kept.append(number)
    if not kept:
        why = f", and says: {last.message}" if last else ": its results are missing"
        message = f"the document answers none of {count} rows of its own constants{why}"
        fix = "give it rows that it answers, as its ModelVerification"
        raise ConversionError(message, code="unproven", where=last.where if last else "", fix=fix) from last
    return {name: values[np.array(kept, dtype=int)] for name, values in inputs.items()}
