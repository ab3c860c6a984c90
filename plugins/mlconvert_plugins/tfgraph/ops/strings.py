"""Texts."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("StringConcat", since=(20,))
def string_concat(a: Value, b: Value) -> Value:
    """One behind the other; TensorFlow's older Add is the one that takes texts."""
    return elementwise(lambda x, y: tf.raw_ops.Add(x=x, y=y), a, b)


@op("RegexFullMatch", since=(20,))
def regex_full_match(x: Value, *, pattern: str) -> Value:
    """Whether the whole text matches; both sides have RE2's syntax."""
    return x.map(lambda t: tf.strings.regex_full_match(t, pattern))


@op("StringSplit", since=(20,))
def string_split(
    x: Value, *, node: Node, delimiter: str = "", maxsplit: int | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The parts of each text along a new axis, filled up with empty ones, and how many there are.

    Python's rules, but for an empty text: with a delimiter it is one part in Python and none in ONNX Runtime.
    """
    if maxsplit == 0:
        raise node.refusal("maxsplit=0 splits nothing, and TensorFlow takes it for no limit")
    flat = tf.reshape(x.tensor, [-1])
    parts = tf.strings.split(flat, delimiter or None, -1 if maxsplit is None else maxsplit)
    # Without one, and with a limit, TensorFlow adds what is left behind the last part, though it be nothing.
    kept = parts.with_values(tf.repeat(flat != "", parts.row_lengths())) if delimiter else parts != ""
    parts = tf.ragged.boolean_mask(parts, kept)
    padded, counts = parts.to_tensor(""), parts.row_lengths()
    shape = tf.shape(x.tensor, tf.int64)
    longest = tf.shape(padded, tf.int64)[1:]
    wide = tf.ensure_shape(tf.reshape(padded, tf.concat([shape, longest], 0)), [*x.shape, None])
    return wide, tf.reshape(counts, shape)


@op(
    "StringNormalizer",
    since=(10,),
    ignores=("locale",),
    only={"case_change_action": ("NONE", "LOWER", "UPPER")},
)
def string_normalizer(
    x: Value, *, case_change_action: str = "NONE", is_case_sensitive: int = 0, stopwords: Sequence[str] = ()
) -> tf.Tensor:
    """The texts of a vector, or of a matrix of one row, without some words; a single empty one where none is left."""
    flat = tf.reshape(x.tensor, [-1])
    words = list(stopwords) if is_case_sensitive else [word.lower() for word in stopwords]
    if words:
        seen = flat if is_case_sensitive else tf.strings.lower(flat, "utf-8")
        flat = tf.boolean_mask(flat, tf.logical_not(tf.reduce_any(seen[:, None] == tf.constant(words), 1)))
    changed = {"LOWER": tf.strings.lower, "UPPER": tf.strings.upper}.get(case_change_action)
    flat = flat if changed is None else changed(flat, "utf-8")
    missing = tf.maximum(1 - tf.shape(flat), 0)
    found = tf.concat([flat, tf.fill(missing, "")], 0)
    return found if x.rank == 1 else found[None]
