"""Inputs of language models, drawn as a tokenizer would fill them: ids, masks, positions, segments and lengths.

What an integer input is, its name says: `input_ids`, `decoder_attention_mask`, `token_type_ids`, `src_lengths`. Ids are
drawn from the range in the signature, which is that of the embedding where a front end could tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlconvert.signature import Signature, Tensor

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray]
    Shapes = Mapping[str, tuple[int, ...]]
    Kinds = Mapping[str, tuple[str, str]]
    Masks = dict[tuple[str, tuple[int, ...]], np.ndarray]

# The first that fits the end of a name; what stands before it is the stem that a mask shares with its ids.
_KINDS = (
    ("segments", r"(input_)?(token_type|segment)(_ids?)?"),
    ("positions", r"(input_)?positions?(_ids?)?"),
    ("padding", r"(key_)?padding_mask"),
    ("mask", r"(attention|input|token|attn)?_?mask"),
    ("lengths", r"((input|token|seq|sequence)_)?(lengths?|lens?)"),
    ("ids", r"(input_|token_)?(ids?|tokens)"),
)
_KIND = re.compile("(?P<stem>|.*?[^a-z0-9])(?:" + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS) + ")")


def told_by(tensor: Tensor) -> tuple[str, str]:
    """What an input is (`ids`, `mask`, …; '' for none of them) and its stem, by its name."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tensor.name.partition(":")[0]).lower()
    match = _KIND.fullmatch(name)
    is_right = bool(tensor.shape) and ("int" in tensor.dtype or tensor.dtype == "bool")
    if match is None or not is_right:
        return "", ""
    kind = next(kind for kind, _ in _KINDS if match[kind])
    return (kind, match["stem"]) if tensor.dtype != "bool" or kind in ("mask", "padding") else ("", "")


def draw(signature: Signature, shapes: Shapes, generator: np.random.Generator) -> Arrays:
    """The inputs whose names say what they are, as int64; they fit each other.

    Rows of a mask are 1 for their own length, which is never 0, and then 0; there the ids of the same stem and shape
    are 0, too. Positions count up from 0, segments are 0, then 1.
    """
    kinds = {tensor.name: told_by(tensor) for tensor in signature.inputs}
    masks = _masks(signature, shapes, kinds, generator)
    found: Arrays = {}
    for tensor in signature.inputs:
        kind, stem = kinds[tensor.name]
        shape = shapes[tensor.name]
        mask = masks.get((stem, shape))
        if kind in ("mask", "padding"):
            found[tensor.name] = masks[stem, shape] if kind == "mask" else 1 - masks[stem, shape]
        elif kind in ("ids", "segments"):
            drawn = _ids(tensor, shape, generator) if kind == "ids" else _segments(shape, generator)
            found[tensor.name] = drawn if mask is None else drawn * mask
        elif kind == "positions":
            found[tensor.name] = _counting(shape)
        elif kind == "lengths":
            found[tensor.name] = _lengths(shape, _longest(signature, shapes, kinds, stem), generator)
    return {tensor.name: _within(found[tensor.name], tensor) for tensor in signature.inputs if tensor.name in found}


def _masks(signature: Signature, shapes: Shapes, kinds: Kinds, generator: np.random.Generator) -> Masks:
    """One for all inputs of a stem and shape, 0 and 1.

    The padding is at the right: at the left, the first places of a causal model would see nothing at all, where
    runtimes may answer what they like.
    """
    found: Masks = {}
    for tensor in signature.inputs:
        kind, stem = kinds[tensor.name]
        shape = shapes[tensor.name]
        if kind in ("mask", "padding") and (stem, shape) not in found:
            mask = (_counting(shape) < _row_lengths(shape[:-1], shape[-1], generator)[..., None]).astype(int)
            found[stem, shape] = _within(mask, tensor) if kind == "mask" else mask
    return found


def _row_lengths(shape: tuple[int, ...], longest: int, generator: np.random.Generator) -> np.ndarray:
    """Lengths from 1 up, of which no two are the same as far as there are as many."""
    import numpy as np

    count = int(np.prod(shape, dtype=np.int64))
    longest = max(1, longest)
    rounds = [generator.permutation(longest) + 1 for _ in range(0, count, longest)]
    return np.concatenate([*rounds, np.ones(0, np.int64)])[:count].reshape(shape)


def _ids(tensor: Tensor, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """By Zipf's law, as words come: the n-th id is drawn about 1/n times as often as the first. The last one is there,
    which a table that is too short does not have.
    """
    import numpy as np

    low, high = map(int, tensor.range or (0, 1))
    ranks = np.floor(np.exp(generator.random(shape) * np.log(high - low + 2))) - 1
    ids: np.ndarray = low + np.minimum(ranks, high - low).astype(np.int64)
    if ids.size > 1:
        ids.flat[generator.integers(ids.size)] = high
    return ids


def _segments(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    import numpy as np

    first = generator.integers(1, shape[-1], shape[:-1], endpoint=True) if shape[-1] else np.zeros(shape[:-1])
    return (_counting(shape) >= first[..., None]).astype(np.int64)


def _counting(shape: tuple[int, ...]) -> np.ndarray:
    import numpy as np

    return np.broadcast_to(np.arange(shape[-1]), shape)


def _lengths(shape: tuple[int, ...], longest: int, generator: np.random.Generator) -> np.ndarray:
    """The longest first, as packed sequences want it."""
    drawn = _row_lengths(shape, longest, generator)
    drawn[::-1].sort(axis=0)
    return drawn


def _longest(signature: Signature, shapes: Shapes, kinds: Kinds, stem: str) -> int:
    """The size of the sequence that lengths are of: the second dim of the input of their stem, else of any."""
    long = [tensor.name for tensor in signature.inputs if len(shapes[tensor.name]) > 1]
    own = [name for name in long if kinds[name][1] == stem]
    return max(1, min((shapes[name][1] for name in own or long), default=1))


def _within(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """In the range that the signature gives."""
    import numpy as np

    if tensor.range is None:
        return values
    low, high = map(int, tensor.range)
    clipped: np.ndarray = np.clip(values, low, high)
    return clipped
