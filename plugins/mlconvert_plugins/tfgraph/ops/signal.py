"""Signals: Fourier transforms, and the filters of spectrograms."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Value, static_ints


@op("DFT", since=(17,))
def dft_17(
    x: Value, length: Value | None = None, *, node: Node, axis: int = 1, inverse: int = 0, onesided: int = 0
) -> Value:
    """Axis by attribute."""
    return _dft(x, length, Value(constant=np.asarray(axis)), node, bool(inverse), bool(onesided))


@op("DFT", since=(20,))
def dft(
    x: Value,
    length: Value | None = None,
    axis: Value | None = None,
    *,
    node: Node,
    inverse: int = 0,
    onesided: int = 0,
) -> Value:
    """Axis by input."""
    return _dft(x, length, axis or Value(constant=np.asarray(-2)), node, bool(inverse), bool(onesided))


def _dft(x: Value, length: Value | None, axis: Value, node: Node, inverse: bool, onesided: bool) -> Value:
    """Along an axis of real numbers [..., 1], or of complex ones [..., 2]."""
    if x.shape[-1] not in (1, 2):
        raise node.refusal("whether it is real or complex is known only at run time")
    # In float64: in float32 a sum of zero comes out as 1e-6.
    signal = _complex(tf.cast(x.tensor, tf.float64))
    forth, back = _to_last(signal, x.rank, axis)
    signal = tf.transpose(signal, forth)
    own = tf.shape(signal)[-1]
    halved = inverse and onesided
    size = 2 * (own - 1) if halved else own
    if length is not None:
        size = tf.cast(tf.reshape(length.tensor, []), tf.int32)
    signal = _sized(signal, size // 2 + 1 if halved else size)
    if halved:
        real = tf.signal.irfft(signal, [size])
        return Value.of(tf.cast(tf.transpose(real, back)[..., None], x.dtype))
    found = tf.signal.ifft(signal) if inverse else tf.signal.fft(signal)
    if onesided:
        found = found[..., : size // 2 + 1]
    return Value.of(tf.cast(_parts(tf.transpose(found, back)), x.dtype))


def _complex(x: tf.Tensor) -> tf.Tensor:
    """[..., 1] or [..., 2] as complex numbers."""
    wide = x if x.dtype == tf.float64 else tf.cast(x, tf.float32)
    imaginary = tf.zeros_like(wide[..., 0]) if x.shape[-1] == 1 else wide[..., 1]
    return tf.complex(wide[..., 0], imaginary)


def _parts(x: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.math.real(x), tf.math.imag(x)], -1)


def _to_last(signal: tf.Tensor, rank: int, axis: Value) -> tuple[Any, Any]:
    """The permutation that brings the axis of a tensor of this rank, less its last axis, to the end; and back."""
    if axis.constant is not None:
        number = static_ints(axis, "axis")[0] % rank
        forth = [place for place in range(rank - 1) if place != number] + [number]
        return forth, np.argsort(forth).tolist()
    chosen = tf.cast(tf.reshape(axis.tensor, []), tf.int32) % rank
    places = tf.range(rank - 1)
    moved = tf.concat([tf.boolean_mask(places, places != chosen), chosen[None]], 0)
    return moved, tf.math.invert_permutation(moved)


def _sized(signal: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The last axis cut off, or filled up with zeros."""
    cut = signal[..., :size]
    missing = size - tf.shape(cut)[-1]
    edges = tf.concat([tf.zeros([tf.rank(cut) - 1, 2], tf.int32), [tf.stack([0, missing])]], 0)
    return tf.pad(cut, edges)


@op("STFT", since=(17,))
def stft(
    signal: Value,
    step: Value,
    window: Value | None = None,
    length: Value | None = None,
    *,
    node: Node,
    onesided: int = 1,
) -> Value:
    """Frames of a signal [batch, length, 1 or 2], each weighed by the window and transformed."""
    if signal.rank == 3 and signal.shape[-1] not in (1, 2):
        raise node.refusal("whether it is real or complex is known only at run time")
    if length is not None:
        size = tf.cast(tf.reshape(length.tensor, []), tf.int32)
    else:
        size = tf.shape((window or signal).tensor)[0 if window else 1]
    stride = tf.cast(tf.reshape(step.tensor, []), tf.int32)
    numbers = _complex(signal.tensor if signal.rank == 3 else signal.tensor[..., None])
    frames = (tf.shape(numbers)[1] - size) // stride + 1
    places = tf.range(frames)[:, None] * stride + tf.range(size)
    cut = tf.gather(numbers, places, axis=1)
    if window is not None:
        cut *= _complex(window.tensor[:, None])
    found = tf.signal.fft(cut)
    if onesided:
        found = found[..., : size // 2 + 1]
    return Value.of(tf.cast(_parts(found), signal.dtype))


@op("MelWeightMatrix", since=(17,))
def mel_weight_matrix(
    bins: Value, length: Value, rate: Value, low: Value, high: Value, *, output_datatype: int = 1
) -> Value:
    """Triangles over a spectrum, at even distances on the mel scale: [length // 2 + 1, bins]."""
    count, size = (tf.cast(tf.reshape(one.tensor, []), tf.int32) for one in (bins, length))
    first, last = _mels(low), _mels(high)
    steps = tf.cast(tf.range(count + 2), tf.float64)
    mels = first + steps * ((last - first) / tf.cast(count + 2, tf.float64))
    hertz = 700 * tf.math.expm1(mels / 2595 * tf.math.log(tf.constant(10, tf.float64)))
    edges = tf.floor(tf.cast(size + 1, tf.float64) * hertz / tf.cast(tf.reshape(rate.tensor, []), tf.float64))
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    spectrum = tf.cast(tf.range(size // 2 + 1), tf.float64)[:, None]
    rising = tf.where(left == middle, tf.ones_like(left), tf.math.divide_no_nan(spectrum - left, middle - left))
    falling = tf.math.divide_no_nan(right - spectrum, right - middle)
    zero = tf.zeros_like(falling)
    found = tf.where((spectrum >= left) & (spectrum <= middle), rising, zero)
    found = tf.where((spectrum >= middle) & (spectrum < right), falling, found)
    return Value.of(tf.cast(found, dtype_of(output_datatype)))


def _mels(hertz: Value) -> tf.Tensor:
    wide = tf.cast(tf.reshape(hertz.tensor, []), tf.float64)
    return 2595 * tf.math.log1p(wide / 700) / tf.math.log(tf.constant(10, tf.float64))
