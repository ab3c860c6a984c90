"""Counts of n-grams."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("TfIdfVectorizer", since=(9,), only={"mode": ("TF", "IDF", "TFIDF")})
def tf_idf_vectorizer(
    x: Value,
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: str,
    ngram_counts: Sequence[int],
    ngram_indexes: Sequence[int],
    pool_int64s: Sequence[int] = (),
    pool_strings: Sequence[str] = (),
    weights: Sequence[float] = (),
) -> tf.Tensor:
    """How often each n-gram of the pool stands in a row, at the place that `ngram_indexes` has for it."""
    rows = x.tensor if x.dtype in (tf.string, tf.int64) else tf.cast(x.tensor, tf.int64)
    rows = rows[None] if x.rank == 1 else rows
    counts = [
        _counted(rows, pool, range(1, 2 if length == 1 else max_skip_count + 2))
        if min_gram_length <= length <= max_gram_length
        else tf.zeros(tf.stack([tf.shape(rows)[0], len(pool)]))
        for length, pool in _pools(pool_strings or pool_int64s, ngram_counts)
    ]
    by_gram = tf.transpose(_weighted(tf.concat(counts, 1), mode, weights))
    found = tf.transpose(tf.math.unsorted_segment_sum(by_gram, list(ngram_indexes), max(ngram_indexes) + 1))
    return found[0] if x.rank == 1 else found


def _pools(pool: Sequence[object], starts: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """For each length its n-grams, one in each row."""
    ends = [*starts[1:], len(pool)]
    for length, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        if end > start:
            part = np.array(pool[start:end], object if isinstance(pool[0], str) else np.int64)
            yield length, part.reshape(-1, length)


def _counted(rows: tf.Tensor, pool: np.ndarray, steps: Sequence[int]) -> tf.Tensor:
    """How often each n-gram stands in each row, its items one or several places apart."""
    length = pool.shape[1]
    found = []
    for step in steps:
        width = tf.maximum(tf.shape(rows)[1] - (length - 1) * step, 0)
        places = [rows[:, item * step : item * step + width, None] == pool[:, item] for item in range(length)]
        hits = functools.reduce(tf.logical_and, places)
        found.append(tf.reduce_sum(tf.cast(hits, tf.float32), 1))
    return tf.add_n(found)


def _weighted(counts: tf.Tensor, mode: str, weights: Sequence[float]) -> tf.Tensor:
    """Counts of the pool's n-grams, each with its own weight."""
    if mode == "IDF":
        counts = tf.minimum(counts, 1)
    return counts if mode == "TF" or not weights else counts * tf.constant(list(weights), tf.float32)
