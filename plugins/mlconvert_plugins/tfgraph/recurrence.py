"""What RNN, GRU and LSTM share: activations by name, directions, lengths of sequences, and steps through time.

Inside, sequences are [time, batch, features], and states [batch, hidden].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph.kernels import WIDE_FLOATS, wide_enough
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.loops import Turn, repeated
from mlconvert_plugins.tfgraph.values import Value, as_shape, reshaped

Activation = Callable[[Any], Any]
Tensors = list[Any]
# The states after a step, from its inputs and the states before it.
Step = Callable[[Sequence[Any], Tensors], Tensors]
# All states after each step, from inputs and the first states of one direction.
Run = Callable[[Any, Tensors], Tensors]

# Steps in one turn of the loop: a loop's own operations cost as much as a small cell's.
_STEPS = 8
# Sequences that are no longer are written out, and longer ones of a known length take as many steps a turn at most.
_WRITTEN_OUT = 32

# By ONNX's names in small letters: the function, and its defaults for alpha and beta.
_ACTIVATIONS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "relu": (lambda t: tf.nn.relu(t), ()),
    "tanh": (lambda t: tf.math.tanh(t), ()),
    "sigmoid": (lambda t: tf.math.sigmoid(t), ()),
    "softsign": (lambda t: tf.nn.softsign(t), ()),
    "softplus": (lambda t: tf.math.softplus(t), ()),
    "affine": (lambda t, alpha, beta: alpha * t + beta, (1.0, 0.0)),
    "leakyrelu": (lambda t, alpha: tf.where(t < 0, alpha * t, t), (0.01,)),
    "thresholdedrelu": (lambda t, alpha: tf.where(t > alpha, t, tf.zeros_like(t)), (1.0,)),
    "scaledtanh": (lambda t, alpha, beta: alpha * tf.math.tanh(beta * t), (1.0, 1.0)),
    "hardsigmoid": (lambda t, alpha, beta: tf.clip_by_value(alpha * t + beta, 0, 1), (0.2, 0.5)),
    "elu": (lambda t, alpha: tf.where(t < 0, alpha * tf.math.expm1(tf.minimum(t, 0)), t), (1.0,)),
}


def activations_of(names: Sequence[str], alphas: Sequence[float], betas: Sequence[float]) -> list[Activation]:
    """The functions; those that take an alpha or a beta take the next one that is given, or ONNX's default."""
    left = iter(alphas), iter(betas)
    return [_activation(name, *left) for name in names]


def _activation(name: str, alphas: Iterator[float], betas: Iterator[float]) -> Activation:
    if name.lower() not in _ACTIVATIONS:
        raise ConversionError(f"activation {name!r} is not supported", code="unsupported-op")
    function, defaults = _ACTIVATIONS[name.lower()]
    numbers = [next(given, default) for given, default in zip((alphas, betas), defaults, strict=False)]
    return lambda t: function(t, *numbers)


def bounded(clip: float) -> Activation:
    """What comes before each activation: a bound on both sides, or nothing."""
    return (lambda t: tf.clip_by_value(t, -clip, clip)) if clip else (lambda t: t)


@dataclass(frozen=True)
class Weights:
    """One direction's as ONNX has them: `w` [gates, input], `r` [gates, hidden], `b` [2 gates], `p` [3 hidden]."""

    w: Value
    r: Value
    b: Value
    p: Value

    @property
    def hidden(self) -> int:
        """The size of a state."""
        return int(self.r.shape[1] or 0)

    @property
    def of_state(self) -> tf.Tensor:
        """What a state is multiplied with, [hidden, gates]."""
        return prepared(tf.transpose, self.r)

    @property
    def of_input(self) -> tf.Tensor:
        """What the input is multiplied with, [input, gates]."""
        return prepared(tf.transpose, self.w)

    @property
    def bias(self) -> tf.Tensor:
        """Of input and state together, [gates]."""
        return prepared(lambda b: tf.add(*tf.split(b, 2)), self.b)


def projected(x: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """What the gates see of the input [time, batch, input], for all steps at once; weights [input, gates]."""
    sizes = Value(x).sizes
    found = tf.matmul(tf.reshape(x, as_shape([-1, sizes[2]])), weights)
    # Behind a reshape, where TensorFlow does not fuse it: oneDNN's fused product packs the weights at each call.
    return reshaped(found, [*sizes[:2], int(found.shape[1])]) + bias


def prepared(function: Callable[..., Any], *weights: Value) -> tf.Tensor:
    """What the function makes of weights, computed at conversion where they are known."""
    if any(value.constant is None for value in weights):
        return function(*(value.tensor for value in weights))
    with tf.init_scope():
        found = Value.of(function(*(value.tensor for value in weights)))
    return found.tensor


@dataclass(frozen=True)
class Layer:
    """The inputs and attributes that RNN, GRU and LSTM have in common, and what becomes of them."""

    x: Value
    w: Value
    r: Value
    b: Value | None
    lengths: Value | None
    direction: str
    layout: int
    p: Value | None = None

    @property
    def dtype(self) -> tf.DType:
        """The type to compute in."""
        return wide_enough(self.x.dtype, WIDE_FLOATS)

    @property
    def backward(self) -> list[bool]:
        """For each direction whether it begins at the end."""
        return {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[self.direction]

    def weights(self, direction: int) -> Weights:
        """Those of one direction; what is left out is 0."""
        gates, hidden = self.r.shape[1:]
        given = (self.w, self.r, self.b or _zeros(2 * (gates or 0)), self.p or _zeros(3 * (hidden or 0)))
        return Weights(*(self._of(one, direction) for one in given))

    def _of(self, value: Value, direction: int) -> Value:
        if value.constant is None:
            return Value(tf.cast(value.tensor[direction], self.dtype))
        return Value(
            constant=value.constant[direction % len(value.constant)].astype(self.dtype.as_numpy_dtype, copy=False)
        )

    def outputs(self, states: Sequence[Value | None], run: Callable[[int], Run]) -> list[Value]:
        """Y [time, directions, batch, hidden] and the last states [directions, batch, hidden], or with layout 1
        [batch, time, directions, hidden] and [batch, directions, hidden]; `run` makes each direction's."""
        x = tf.cast((self.x.transposed((1, 0, 2)) if self.layout else self.x).tensor, self.dtype)
        lengths = None if self.lengths is None else self.lengths.tensor
        found = [
            directed(run(number), x, [self._first(state, x, number) for state in states], lengths, backward)
            for number, backward in enumerate(self.backward)
        ]
        y = Value(tf.cast(tf.stack([one for one, _ in found], 1), self.x.dtype))
        last = [
            Value(tf.cast(tf.stack(some), self.x.dtype)) for some in zip(*(finals for _, finals in found), strict=True)
        ]
        if self.layout:
            return [y.transposed((2, 0, 1, 3)), *(one.transposed((1, 0, 2)) for one in last)]
        return [y, *last]

    def _first(self, state: Value | None, x: tf.Tensor, direction: int) -> tf.Tensor:
        if state is None:
            return tf.zeros(as_shape([Value(x).size(1), self.r.shape[2]]), self.dtype)
        ordered = state.transposed((1, 0, 2)) if self.layout else state
        return tf.cast(ordered.tensor[direction], self.dtype)


def _zeros(size: int) -> Value:
    """For every direction the same."""
    return Value(constant=np.zeros((1, size), np.float32))


def directed(run: Run, x: tf.Tensor, states: Tensors, lengths: tf.Tensor | None, backward: bool) -> tuple[Any, Tensors]:
    """All outputs and the last states of one direction; `lengths` [batch] says where sequences end, None at the end."""
    histories = run(_turned(x, lengths) if backward else x, states)
    finals = [_last(history, start, lengths) for history, start in zip(histories, states, strict=True)]
    outputs = histories[0]
    if lengths is not None:
        inside = tf.transpose(tf.sequence_mask(lengths, tf.shape(x)[0]))[:, :, None]
        outputs = tf.where(inside, outputs, tf.zeros_like(outputs))
    return _turned(outputs, lengths) if backward else outputs, finals


def _turned(x: tf.Tensor, lengths: tf.Tensor | None) -> tf.Tensor:
    return tf.reverse(x, [0]) if lengths is None else tf.reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)


def _last(history: tf.Tensor, start: tf.Tensor, lengths: tf.Tensor | None) -> tf.Tensor:
    if lengths is None:
        return history[-1]
    places = tf.stack([tf.maximum(lengths - 1, 0), tf.range(tf.shape(history)[1])], 1)
    return tf.where((lengths > 0)[:, None], tf.gather_nd(history, places), start)


def through_time(step: Step, x: Tensors, states: Tensors) -> Tensors:
    """All states after each step, each [time, batch, hidden]; `x` are a step's inputs, each [time, batch, ...]."""
    count = x[0].shape[0]
    if count is not None and 0 < count <= _WRITTEN_OUT:
        return _steps(step, x, states)
    # Steps after the last one change nothing before it, and are cut off.
    blocks = [_blocks(one, _block(count)) for one in x]

    def turn(number: tf.Tensor, given: Sequence[tf.Tensor]) -> Turn:
        histories = _steps(step, [tf.gather(one, number) for one in blocks], list(given))
        return Turn([history[-1] for history in histories], histories)

    _, found = repeated(turn, states, tf.shape(blocks[0], out_type=tf.int64)[0])
    made = [tf.reshape(one, as_shape([-1, *Value(one).sizes[2:]]))[: tf.shape(x[0])[0]] for one in found]
    for one in made:
        one.set_shape([count, *one.shape[1:]])
    return made


def _block(count: int | None) -> int:
    """How many steps a turn has: where the length is known so many that nothing has to be filled up, if that is so."""
    known = [steps for steps in range(_STEPS, _WRITTEN_OUT + 1) if count and count % steps == 0]
    return max(known, default=_STEPS)


def _blocks(x: tf.Tensor, steps: int) -> tf.Tensor:
    """[time, ...] as [turns, steps, ...], filled up with zeros."""
    missing = -tf.shape(x)[0] % steps
    filled = tf.pad(x, [[0, missing], [0, 0], [0, 0]])
    return tf.reshape(filled, as_shape([-1, steps, *Value(x).sizes[1:]]))


def _steps(step: Step, x: Tensors, states: Tensors) -> Tensors:
    """One step after the other."""
    made = []
    for rows in zip(*map(tf.unstack, x), strict=True):
        states = step(rows, states)
        made.append(states)
    return [tf.stack(history) for history in zip(*made, strict=True)]
