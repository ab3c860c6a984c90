"""From a PMML tree, whose nodes try their children in order and know a third truth, to a forest's binary one.

Evaluation is followed symbolically: what each column may still hold is known on every path, so a predicate that is
decided there costs no node. The rules are those of the specification's "TreeModel", as JPMML evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmltrees.binary import Binary, Pieces, Slot
from mlconvert_plugins.pmmltrees.columns import unsupported
from mlconvert_plugins.pmmltrees.fields import Fields
from mlconvert_plugins.pmmltrees.model import Compound, Constant, Model, Node, Predicate
from mlconvert_plugins.pmmltrees.partitions import LOGIC, Codes, Line, Partition, Span, State, combined

# A tree may need more leaves here than there: a missing value that goes a way of its own repeats what it passes.
_MOST_TIMES = 16
_SPARE = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """A node whose children from `child` on are still to be tried. `ends` where the node itself is the prediction;
    without a node there is none. `known` tells apart places that differ in what is known of the row alone.
    """

    node: Node | None
    child: int = 0
    ends: bool = False
    known: bool | None = None


_NOWHERE = Place(None, ends=True)
_Env = Mapping[int, State]


@dataclass(frozen=True, slots=True)
class _Undecided:
    """A predicate's truth depends on the row, by this column. `again` where it is one part of a predicate."""

    column: int
    partition: Partition
    again: bool = False


_Truth = bool | None | _Undecided


def grow(model: Model, fields: Fields) -> tuple[Binary, list[Node], int]:
    """The binary tree of a TreeModel, the node that each leaf stands for, and the pointer to the root.

    Raises ConversionError for what a forest cannot say.
    """
    return _Grower(model, fields).grow()


class _Grower:
    def __init__(self, model: Model, fields: Fields) -> None:
        self.model, self.fields = model, fields
        self.default = model.attributes.get("missingValueStrategy", "none")
        self.last = model.attributes.get("noTrueChildStrategy") == "returnLastPrediction"
        self.binary = Binary()
        self.leaves: list[Node] = []
        self.todo: list[tuple[Place, _Env, Slot]] = []

    def grow(self) -> tuple[Binary, list[Node], int]:
        root = self.model.root
        if root is None or root.predicate is None:
            raise BrokenDocumentError("it has no root, or one without a predicate", "TreeModel Node")
        if root.predicate != Constant(True):
            raise unsupported("a root with a predicate other than True", "TreeModel Node")
        most = _MOST_TIMES * _count(root) + _SPARE
        first = [0]
        self.todo.append((_entered(root), {}, Slot(first, 0)))
        while self.todo:
            self._go(*self.todo.pop())
            if len(self.leaves) > most:
                raise unsupported(f"a tree that comes to more than {most} leaves", "TreeModel missingValueStrategy")
        return self.binary, self.leaves, first[0]

    def _go(self, place: Place, env: _Env, slot: Slot) -> None:
        """Follow evaluation to where it depends on the row, and put a node there; or to its end, and put a leaf."""
        place, undecided = self._followed(place, env)
        if undecided is not None:
            self._split(place, env, undecided, slot)
            return
        if place.node is None:
            raise unsupported("some rows have no prediction: no child takes them", "TreeModel noTrueChildStrategy")
        self.leaves.append(place.node)
        slot.put(~(len(self.leaves) - 1))

    def _followed(self, place: Place, env: _Env) -> tuple[Place, _Undecided | None]:
        """As far as it goes for all rows that come here."""
        while not place.ends and (node := place.node) is not None:
            if place.child == len(node.children):
                place = self._scored(node) if self.last else _NOWHERE
                continue
            truth = self._truth(_predicate(node.children[place.child]), env)
            if isinstance(truth, _Undecided):
                return place, truth
            place = self._next(node, place.child, truth)
        return place, None

    def _next(self, node: Node, child: int, truth: bool | None) -> Place:
        """Where evaluation goes after a child's predicate."""
        if truth:
            return _entered(node.children[child])
        if truth is None and self.default == "nullPrediction":
            return _NOWHERE
        if truth is None and self.default == "lastPrediction":
            return self._scored(node)
        if truth is None and self.default == "defaultChild":
            return _entered(_default_child(node))
        return Place(node, child + 1)

    def _scored(self, node: Node) -> Place:
        """A node as the prediction, though it has children; without a score there is none."""
        return _NOWHERE if node.score is None else Place(node, ends=True)

    # --- what is known of a predicate ----------------------------------------------------------------

    def _truth(self, predicate: Predicate, env: _Env) -> _Truth:
        if isinstance(predicate, Constant):
            return predicate.value
        if not isinstance(predicate, Compound):
            return self._decided(*self.fields.partition(self.model, predicate), env)
        whole = self._on_one_column(predicate)
        if whole is not None:
            return self._decided(*whole, env)
        truths = [self._truth(part, env) for part in predicate.parts]
        undecided = next((truth for truth in truths if isinstance(truth, _Undecided)), None)
        if undecided is not None:
            return _Undecided(undecided.column, undecided.partition, again=True)
        return LOGIC[predicate.operator](*(truth for truth in truths if not isinstance(truth, _Undecided)))

    def _decided(self, column: int, partition: Partition, env: _Env) -> _Truth:
        state = self._state(column, env)
        found = [value for _, value in _pieces(state, partition)]
        if state.nan:
            found.append(partition.missing)
        if any(value is not found[0] for value in found):
            return _Undecided(column, partition)
        truth: bool | None = found[0]
        return truth

    def _on_one_column(self, predicate: Compound) -> tuple[int, Partition] | None:
        """A compound all of whose parts ask one column is one partition of it."""
        found: list[tuple[int, Partition]] = []
        for part in predicate.parts:
            if isinstance(part, Constant):
                return None
            whole = self._on_one_column(part) if isinstance(part, Compound) else self.fields.partition(self.model, part)
            if whole is None or (found and found[0][0] != whole[0]):
                return None
            found.append(whole)
        if not found:
            raise BrokenDocumentError("it is empty", "CompoundPredicate")
        return found[0][0], combined(LOGIC[predicate.operator], [partition for _, partition in found])

    def _state(self, column: int, env: _Env) -> State:
        return env[column] if column in env else self.fields.start(column)

    # --- nodes ---------------------------------------------------------------------------------------

    def _split(self, place: Place, env: _Env, what: _Undecided, slot: Slot) -> None:
        """Nodes that tell the pieces of a column apart, and for each piece where evaluation goes on."""
        column, state = what.column, self._state(what.column, env)

        def after(truth: bool | None) -> Place:
            assert place.node is not None
            if what.again:
                return Place(place.node, place.child, known=truth)
            return self._next(place.node, place.child, truth)

        cut = [(piece, after(truth)) for piece, truth in _pieces(state, what.partition)]
        nan = after(what.partition.missing) if state.nan else None
        if nan is not None and all(key != nan for _, key in cut):
            cut, nan = self._resolved(cut, nan, column, env)
        for piece, key, own in Pieces(cut, nan).emit(column, self.binary, slot):
            self.todo.append((key, {**env, column: piece}, own))

    def _resolved(
        self, cut: list[tuple[State, Place]], nan: Place, column: int, env: _Env
    ) -> tuple[list[tuple[State, Place]], Place | None]:
        """The same where NaN has come to the end of its way, and pieces that come there too say so."""
        alone = cut[0][0].only_nan()
        nan, _ = self._followed(nan, {**env, column: alone})
        if nan.ends and nan.node is None:
            # A missing value has no prediction: the column refuses them, and the nodes need not care.
            self.fields.refused.add(column)
            return cut, None
        resolved = []
        for piece, key in cut:
            end, _ = self._followed(key, {**env, column: piece})
            resolved.append((piece, end if end == nan else key))
        return resolved, nan


def _entered(node: Node) -> Place:
    """A node that evaluation has come to."""
    return Place(node, ends=not node.children)


def _pieces(state: State, partition: Partition) -> list[tuple[State, bool | None]]:
    if isinstance(state, Span):
        assert isinstance(partition, Line)
        return list(state.pieces(partition))
    assert isinstance(partition, Codes)
    return list(state.pieces(partition))


def _predicate(node: Node) -> Predicate:
    if node.predicate is None:
        raise BrokenDocumentError("it has no predicate", f"Node {node.id or ''}")
    return node.predicate


def _default_child(node: Node) -> Node:
    """The child that `defaultChild` names. Its predicate is not evaluated."""
    for child in node.children:
        if child.id is not None and child.id == node.default_child:
            return child
    where = f"Node {node.id or ''} defaultChild"
    raise BrokenDocumentError(f"none of its children has the id {node.default_child!r}", where)


def _count(root: Node) -> int:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += 1
        stack += node.children
    return count
