"""Rows that test a general estimator where its parts decide: thresholds, edges of bins, categories, words, gaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.probes import Probe
from mlconvert_plugins.sklearnpipelines import knowledge

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.sklearnpipelines.model import Model

# An engine that interprets may take ten milliseconds for a row.
_DRAWN, _LONGEST, _ALONE = 64, 256, 192
_FAR = (-1000.0, -100.0, -30.0, -10.0, 10.0, 30.0, 100.0, 1000.0)
_STRANGE = (
    "", " ", "a", "I", "x1", "2024", "3.14", "don't", "e-mail", "snake_case", "ÉCOLE", "naïve", "straße", "日本語",
    "unheard-of", "A.B.", "(brackets)", "50%",
)  # fmt: skip
_BETWEEN = (" ", "  ", ", ", ". ", "-", "\n", "\t", "; ", " / ", "'")


def probes(model: Model, seed: int) -> Iterator[Probe]:
    """Rows drawn from what the parts know, rows through all of it, and rows that leave the usual one by one column.

    Missing values and unseen categories are among them where the estimator takes them.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    pools = _pools(model)
    yield _probe("one row", model, pools, 1, generator)
    for _ in range(2):
        yield _probe("drawn", model, pools, _DRAWN, generator)
    if model.numeric:
        yield _made("every value", model, _through(pools, generator), generator)
        yield _made("one by one", model, _alone(model, pools, generator), generator)


def few(model: Model, count: int, seed: int) -> dict[str, np.ndarray]:
    """So many rows of values that a document can hold: no unseen categories."""
    import numpy as np

    generator = np.random.default_rng(seed)
    pools = [
        pool if column.categories is None else pool[~(pool >= len(column.categories))]
        for pool, column in zip(_pools(model), model.numeric, strict=True)
    ]
    return _taken(model, _inputs(model, _drawn(pools, count, generator), count, generator))


def _pools(model: Model) -> list[np.ndarray]:
    """What each column of `x` may hold: all that is known of it and the estimator takes."""
    import numpy as np

    known = knowledge.pools(model.estimator, model.known)
    rows = [(index, value) for index, pool in enumerate(known) for value in pool.tolist()]
    tried = model.repeated(len(rows))
    for row, (index, value) in enumerate(rows):
        tried["x"][row, index] = value
    kept = model.taken(tried) if rows else np.zeros(0, dtype=bool)
    taken = np.split(kept, np.cumsum([len(pool) for pool in known])[:-1]) if known else []
    tabular = [column for column in model.signature.columns if column.type != "text"]
    found = []
    for index, (pool, fits, column) in enumerate(zip(known, taken, tabular, strict=True)):
        gaps = [np.nan] * (1 + len(pool) // 8) if column.missing == "nan" else []
        unseen = [float(len(column.categories or ()))] if model.unseen[index] else []
        found.append(np.concatenate([pool[fits], gaps, unseen]))
    return _widened(model, found)


def _widened(model: Model, pools: list[np.ndarray]) -> list[np.ndarray]:
    """With values far from all that is known, where those that are known lead to one label alone."""
    import numpy as np

    generator = np.random.default_rng(0)
    inputs = _taken(model, _inputs(model, _drawn(pools, _DRAWN, generator), _DRAWN, generator))
    usual = model.answer(inputs).get("label")
    if usual is None or len(set(usual.tolist())) > 1:
        return pools
    numbers = [index for index, column in enumerate(model.numeric) if column.type == "numeric"]
    rows = model.repeated(len(_FAR) * len(numbers))
    for row, (index, value) in enumerate((index, value) for index in numbers for value in _FAR):
        rows["x"][row, index] = value
    kept = model.taken(rows) if numbers else np.zeros(0, dtype=bool)
    for number, index in enumerate(numbers):
        pools[index] = np.concatenate([pools[index], np.array(_FAR)[kept[number * len(_FAR) :][: len(_FAR)]]])
    return pools


def _probe(label: str, model: Model, pools: list[np.ndarray], count: int, generator: np.random.Generator) -> Probe:
    return _made(label, model, _drawn(pools, count, generator), generator, count)


def _made(label: str, model: Model, x: np.ndarray, generator: np.random.Generator, count: int | None = None) -> Probe:
    inputs = _taken(model, _inputs(model, x, len(x) if count is None else count, generator))
    return Probe(label, {"n": len(next(iter(inputs.values())))}, inputs)


def _taken(model: Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows that it takes: what is fine in one column need not be beside what is fine in another."""
    fits = model.taken(inputs)
    return {name: values[fits] for name, values in inputs.items()} if fits.any() else model.repeated(1)


def _inputs(model: Model, x: np.ndarray, count: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    import numpy as np

    words = knowledge.vocabularies(model.estimator, len(model.known))
    texts = {
        known.column.name: np.array([_text(words[index], generator) for _ in range(count)], dtype=object)
        for index, known in enumerate(model.known)
        if known.column.type == "text"
    }
    return {**({"x": x} if model.numeric else {}), **texts}


def _text(words: list[str], generator: np.random.Generator) -> str:
    """Known words and strange ones, with all that may stand between them."""
    chosen = [
        str(generator.choice(words if generator.random() < 0.8 else _STRANGE)) for _ in range(generator.integers(0, 12))
    ]
    forms = [word.upper() if generator.random() < 0.1 else word for word in chosen]
    return "".join(word + str(generator.choice(_BETWEEN, p=_LIKELY)) for word in forms)


_LIKELY = (0.55, *[0.05] * 9)


def _drawn(pools: list[np.ndarray], count: int, generator: np.random.Generator) -> np.ndarray:
    import numpy as np

    return np.stack([generator.choice(pool, count) for pool in pools], axis=1) if pools else np.zeros((count, 0))


def _through(pools: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Rows in which every value of every column appears, as far as there is room."""
    import numpy as np

    count = min(max(len(pool) for pool in pools), _LONGEST)
    return np.stack([np.resize(generator.permutation(pool), count) for pool in pools], axis=1)


def _alone(model: Model, pools: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """The usual row with another value in one column: what a row of extremes would drown is seen here."""
    cells = [(index, value) for index, pool in enumerate(pools) for value in pool.tolist()]
    chosen = generator.permutation(len(cells))[:_ALONE].tolist()
    rows = model.repeated(len(chosen))["x"]
    for row, cell in enumerate(chosen):
        index, value = cells[cell]
        rows[row, index] = value
    return rows
