"""Recurrent networks: RNN, GRU and LSTM."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.recurrence import (
    Activation,
    Layer,
    Run,
    Step,
    Tensors,
    Weights,
    activations_of,
    bounded,
    prepared,
    projected,
    through_time,
)
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_SINCE = (7, 14, 22)
_IGNORED = ("hidden_size",)
_ONLY = {"direction": ("forward", "reverse", "bidirectional")}


@op("RNN", _SINCE, ignores=_IGNORED, only=_ONLY, folds=False)
def rnn(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    lengths: Value | None = None,
    h: Value | None = None,
    *,
    activations: Sequence[str] = ("Tanh", "Tanh"),
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    clip: float = 0.0,
    direction: str = "forward",
    layout: int = 0,
) -> list[Value]:
    """h' = f(x w + h r + b)."""
    functions = activations_of(activations, activation_alpha, activation_beta)
    layer = Layer(x, w, r, b, lengths, direction, layout)

    def run(number: int) -> Run:
        weights, bound, activate = layer.weights(number), bounded(clip), functions[number]
        of_state = weights.of_state

        def step(rows: Sequence[tf.Tensor], states: Tensors) -> Tensors:
            return [activate(bound(rows[0] + tf.matmul(states[0], of_state)))]

        return lambda x, states: through_time(step, [projected(x, weights.of_input, weights.bias)], states)

    return layer.outputs([h], run)


@op("GRU", _SINCE, ignores=_IGNORED, only=_ONLY, folds=False)
def gru(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    lengths: Value | None = None,
    h: Value | None = None,
    *,
    activations: Sequence[str] = ("Sigmoid", "Tanh") * 2,
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    clip: float = 0.0,
    direction: str = "forward",
    layout: int = 0,
    linear_before_reset: int = 0,
) -> list[Value]:
    """h' = (1 - z) c + z h: gates z and r, and a candidate c to which r lets the state through."""
    functions = activations_of(activations, activation_alpha, activation_beta)
    layer = Layer(x, w, r, b, lengths, direction, layout)
    make = _gru_after if linear_before_reset else _gru_before

    def run(number: int) -> Run:
        first, second = functions[2 * number : 2 * number + 2]
        bound = bounded(clip)
        return make(layer.weights(number), lambda t: first(bound(t)), lambda t: second(bound(t)))

    return layer.outputs([h], run)


def _gru_after(weights: Weights, gate: Activation, candidate: Activation) -> Run:
    """c = g(x w + r (h r + b)), as torch has it."""
    hidden, of_state = weights.hidden, weights.of_state

    def with_own(of_input: tf.Tensor, of_own: tf.Tensor) -> tf.Tensor:
        return tf.concat([of_input[: 2 * hidden], of_own, of_input[2 * hidden :]], 0)

    # The state's own bias of the candidate comes as if it were the input's, so that one sum a step adds all three.
    whole = prepared(lambda w: tf.transpose(with_own(w, tf.zeros_like(w[:hidden]))), weights.w)
    bias = prepared(
        lambda b: with_own(b[: 3 * hidden] + tf.pad(b[3 * hidden : 5 * hidden], [[0, hidden]]), b[5 * hidden :]),
        weights.b,
    )

    def step(rows: Sequence[tf.Tensor], states: Tensors) -> Tensors:
        h = states[0]
        z, r, new = tf.split(rows[0] + tf.matmul(h, of_state), 3, 1)
        c = candidate(rows[1] + gate(r) * new)
        return [c + gate(z) * (h - c)]

    return lambda x, states: through_time(step, tf.split(projected(x, whole, bias), [3 * hidden, hidden], 2), states)


def _gru_before(weights: Weights, gate: Activation, candidate: Activation) -> Run:
    """c = g(x w + (r h) r + b)."""
    hidden = weights.hidden
    of_gates = prepared(lambda r: tf.transpose(r[: 2 * hidden]), weights.r)
    of_new = prepared(lambda r: tf.transpose(r[2 * hidden :]), weights.r)

    def step(rows: Sequence[tf.Tensor], states: Tensors) -> Tensors:
        h = states[0]
        z, r = tf.split(gate(rows[0] + tf.matmul(h, of_gates)), 2, 1)
        c = candidate(rows[1] + tf.matmul(r * h, of_new))
        return [c + z * (h - c)]

    def through(x: tf.Tensor, states: Tensors) -> Tensors:
        return through_time(
            step, tf.split(projected(x, weights.of_input, weights.bias), [2 * hidden, hidden], 2), states
        )

    return through


@op("LSTM", _SINCE, ignores=_IGNORED, only=_ONLY, folds=False)
def lstm(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    lengths: Value | None = None,
    h: Value | None = None,
    c: Value | None = None,
    p: Value | None = None,
    *,
    activations: Sequence[str] = ("Sigmoid", "Tanh", "Tanh") * 2,
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    clip: float = 0.0,
    direction: str = "forward",
    input_forget: int = 0,
    layout: int = 0,
) -> list[Value]:
    """c' = f c + i g, h' = o tanh(c'), with peepholes p by which the gates see c."""
    layer = Layer(x, w, r, b, lengths, direction, layout, p)
    plain = {name.lower() for name in activations[0::3]} == {"sigmoid"}
    plain &= {name.lower() for name in (*activations[1::3], *activations[2::3])} == {"tanh"}
    if plain and not clip and not input_forget and layer.dtype == tf.float32:
        return layer.outputs([h, c], lambda number: _lstm_kernel(layer.weights(number), p is not None))
    functions = activations_of(activations, activation_alpha, activation_beta)

    def run(number: int) -> Run:
        gate, candidate, output = functions[3 * number : 3 * number + 3]
        bound = bounded(clip)
        weights = layer.weights(number)
        gates = (lambda t: gate(bound(t)), lambda t: candidate(bound(t)), output)
        step = _lstm_step(weights, gates, bool(input_forget))
        return lambda x, states: through_time(step, [projected(x, weights.of_input, weights.bias)], states)

    return layer.outputs([h, c], run)


def _lstm_kernel(weights: Weights, peepholes: bool) -> Run:
    """TensorFlow's kernel for all steps: gates i f g o where ONNX has i o f g, and one matrix for input and state."""
    order = [0, 2, 3, 1]
    whole = prepared(lambda w, r: tf.transpose(_gates(tf.concat([w, r], 1), order)), weights.w, weights.r)
    bias = prepared(lambda b: _gates(tf.add(*tf.split(b, 2)), order), weights.b)
    i, o, f = (prepared(lambda p, n=n: tf.split(p, 3)[n], weights.p) for n in range(3))

    def run(x: tf.Tensor, states: Tensors) -> Tensors:
        found = tf.raw_ops.BlockLSTMV2(
            seq_len_max=tf.shape(x, out_type=tf.int64)[0],
            x=x,
            cs_prev=states[1],
            h_prev=states[0],
            w=whole,
            wci=i,
            wcf=f,
            wco=o,
            b=bias,
            use_peephole=peepholes,
        )
        return [found.h, found.cs]

    return run


def _gates(tensor: tf.Tensor, order: Sequence[int]) -> tf.Tensor:
    """The four gates along the first axis in another order."""
    parts = tf.split(tensor, 4)
    return tf.concat([parts[place] for place in order], 0)


def _lstm_step(weights: Weights, functions: Sequence[Activation], coupled: bool) -> Step:
    gate, candidate, output = functions
    of_state = weights.of_state
    pi, po, pf = (prepared(lambda p, n=n: tf.split(p, 3)[n], weights.p) for n in range(3))

    def step(rows: Sequence[tf.Tensor], states: Tensors) -> Tensors:
        h, c = states
        i, o, f, new = tf.split(rows[0] + tf.matmul(h, of_state), 4, 1)
        i = gate(i + pi * c)
        f = 1 - i if coupled else gate(f + pf * c)
        c = f * c + i * candidate(new)
        return [gate(o + po * c) * output(c), c]

    return step
