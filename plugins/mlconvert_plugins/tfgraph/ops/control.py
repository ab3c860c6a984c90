"""Control flow: branches, and loops over subgraphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.loops import Turn, repeated
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value

if TYPE_CHECKING:
    from mlconvert_plugins.tfgraph.conversion import Subgraph

# The versions that differ in nothing but the types that they allow.
_SINCE = (11, 13, 16, 19, 21, 23, 24, 25)
# Loops of no more nodes than this, over all their turns, are written out.
_WRITTEN_OUT = 256
# A turn by its number and what is carried into it: what is carried out, what is collected, and whether to go on.
Body = Callable[[Value, Sequence[Value]], tuple[list[Value], list[Value], Value]]


@op("If", since=(1, *_SINCE), folds=False)
def if_(condition: Value, *, then_branch: Subgraph, else_branch: Subgraph, node: Node) -> list[Any]:
    """One of two graphs. Where the condition is known, the other one vanishes."""
    if condition.constant is not None:
        return (then_branch if condition.constant.item() else else_branch)()
    return list(
        tf.cond(
            tf.reshape(condition.tensor, []),
            lambda: [one.tensor for one in _values(then_branch(), node)],
            lambda: [one.tensor for one in _values(else_branch(), node)],
        )
    )


@op("Loop", since=(1, *_SINCE), folds=False)
def loop(trips: Value | None, condition: Value | None, *carried: Value, body: Subgraph, node: Node) -> list[Value]:
    """So many turns, or until the condition fails."""
    _values(carried, node)

    def turn(number: Value, given: Sequence[Value]) -> tuple[list[Value], list[Value], Value]:
        more, *made = _values(body(_as_input(body, 0, number), _as_input(body, 1, _true()), *given), node)
        return made[: len(carried)], made[len(carried) :], more

    count = trips.constant.item() if trips is not None and trips.constant is not None else None
    begins = condition is None or (condition.constant is not None and bool(condition.constant.item()))
    if begins and count is not None and _is_short(body, count):
        found = _written_out(turn, carried, count)
        if found is not None:
            return found
    limit = None if trips is None else tf.cast(tf.reshape(trips.tensor, []), tf.int64)
    more = True if condition is None else tf.reshape(condition.tensor, [])
    return _looped(turn, carried, limit, more)


@op("Scan", since=(9, 11, 16, 19, 21, 23, 24, 25), folds=False)
def scan(
    *inputs: Value,
    body: Subgraph,
    num_scan_inputs: int,
    scan_input_axes: Sequence[int] = (),
    scan_input_directions: Sequence[int] = (),
    scan_output_axes: Sequence[int] = (),
    scan_output_directions: Sequence[int] = (),
    node: Node,
) -> list[Value]:
    """One turn for each entry of the scanned inputs along their axes; direction 1 goes backward."""
    _values(inputs, node)
    states, scanned = inputs[: len(inputs) - num_scan_inputs], inputs[len(inputs) - num_scan_inputs :]
    axes = scan_input_axes or [0] * len(scanned)
    count = scanned[0].size(axes[0])
    rows = [_forward(_axis_first(x, axis), back) for x, axis, back in _zipped(scanned, axes, scan_input_directions)]
    found = _scanned(body, states, rows, count, node)
    finals, outputs = found[: len(states)], found[len(states) :]
    axes = scan_output_axes or [0] * len(outputs)
    return finals + [
        _axis_placed(_forward(y, back), axis) for y, axis, back in _zipped(outputs, axes, scan_output_directions)
    ]


@op("Scan", since=(8,), folds=False)
def scan_8(
    lengths: Value | None,
    *inputs: Value,
    body: Subgraph,
    num_scan_inputs: int,
    directions: Sequence[int] = (),
    node: Node,
) -> list[Value]:
    """For each element of a batch of its own: axis 0 is the batch, axis 1 is scanned."""
    if lengths is not None:
        raise node.refusal("sequence_lens is not supported", "convert the model to opset 9 or newer")
    _values(inputs, node)
    states = len(inputs) - num_scan_inputs
    backward = directions or [0] * num_scan_inputs
    rows = [Value(tf.reverse(x.tensor, [1])) if b else x for x, b in zip(inputs[states:], backward, strict=True)]

    def turn(number: Value, _: Sequence[Value]) -> tuple[list[Value], list[Value], Value]:
        one = [_row(x, number) for x in (*inputs[:states], *rows)]
        return [], _scanned(body, one[:states], one[states:], one[states].size(0), node), _true()

    return _looped(turn, (), tf.cast(inputs[0].size(0), tf.int64), True)


def _scanned(body: Subgraph, states: Sequence[Value], rows: Sequence[Value], count: Size, node: Node) -> list[Value]:
    def turn(number: Value, given: Sequence[Value]) -> tuple[list[Value], list[Value], Value]:
        made = _values(body(*given, *(_row(x, number) for x in rows)), node)
        return made[: len(states)], made[len(states) :], _true()

    found = _written_out(turn, states, count) if isinstance(count, int) and _is_short(body, count) else None
    return found or _looped(turn, states, tf.cast(count, tf.int64), True)


def _looped(turn: Body, carried: Sequence[Value], trips: Any, more: Any) -> list[Value]:
    def step(number: tf.Tensor, given: Sequence[tf.Tensor]) -> Turn:
        after, collected, goes_on = turn(Value(number), [Value(tensor) for tensor in given])
        scalar = tf.reshape(goes_on.tensor, [])
        return Turn([one.tensor for one in after], [one.tensor for one in collected], scalar)

    finals, lists = repeated(step, [one.tensor for one in carried], trips, more)
    return [Value.of(tensor) for tensor in (*finals, *lists)]


def _written_out(turn: Body, carried: Sequence[Value], count: int) -> list[Value] | None:
    """Turn after turn, so that what is known of each is folded; None where only the run can tell how many there are."""
    collected = []
    for number in range(count):
        carried, made, more = turn(Value(constant=np.asarray(number, np.int64)), carried)
        collected.append(made)
        if more.constant is None:
            return None
        if not more.constant.item():
            break
    return [*carried, *(_stacked(values) for values in zip(*collected, strict=True))]


def _stacked(values: Sequence[Value]) -> Value:
    known = [value.constant for value in values if value.constant is not None]
    return Value(constant=np.stack(known)) if len(known) == len(values) else Value(tf.stack([v.tensor for v in values]))


def _is_short(body: Subgraph, count: int) -> bool:
    return count > 0 and count * body.nodes <= _WRITTEN_OUT


def _values(items: Sequence[Any], node: Node) -> list[Value]:
    """The items, which must be tensors."""
    if not all(isinstance(item, Value) for item in items):
        raise node.refusal("sequences and optionals that go through it are not supported")
    return list(items)


def _true() -> Value:
    return Value(constant=np.asarray(True))


def _as_input(body: Subgraph, number: int, scalar: Value) -> Value:
    """A scalar in the rank that the body declares for it: some exporters have vectors of one."""
    if body.rank(number) != 1:
        return scalar
    return Value.of(scalar.constant.reshape(1) if scalar.constant is not None else tf.reshape(scalar.tensor, [1]))


def _row(x: Value, number: Value) -> Value:
    """The entry along the first axis."""
    if x.constant is not None and number.constant is not None:
        return Value(constant=x.constant[number.constant.item()])
    return Value.of(tf.gather(x.tensor, number.tensor))


def _zipped(values: Sequence[Value], axes: Sequence[int], directions: Sequence[int]) -> list[tuple[Value, int, int]]:
    return list(zip(values, axes, directions or [0] * len(values), strict=False))


def _forward(x: Value, backward: int) -> Value:
    return Value.of(tf.reverse(x.tensor, [0])) if backward else x


def _axis_first(x: Value, axis: int) -> Value:
    order = list(range(x.rank))
    return x.transposed([order.pop(x.axis(axis)), *order]) if axis else x


def _axis_placed(x: Value, axis: int) -> Value:
    """The first axis at its place among the others."""
    if not axis:
        return x
    order = list(range(1, x.rank))
    order.insert(x.axis(axis), 0)
    return x.transposed(order)
