"""The search for the first bad node: where on the way to a wrong output an artifact leaves its source.

The search goes upstream. From a tensor that is bad it looks at a few of its ancestors at a time, evenly spaced ones
first, and moves to the earliest bad one after the last good one; where that leads no further, to a bad parent. A
tensor that is bad while all that it is made from is good has been made by the suspect, which is then run alone on the
source's own values. Errors that just add up are wrong nowhere alone: then the smallest part that fails is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlconvert.stage import Tolerance
from mlconvert_plugins.onnxfile.closeness import Bounds, Gap, is_float, narrower
from mlconvert_plugins.onnxfile.pieces import Graph, needs

if TYPE_CHECKING:
    import numpy as np

# So many tensors are held of each side at a time.
_GROUP = 16
# How often an artifact is run at most, where running it costs no more than that.
ROUNDS = 1000
# So many suspects are run alone where the first one was right.
_TRIED = 8


@dataclass(frozen=True)
class Part:
    """A part of the graph: `name` is made from `given`, the source's own values and what it needs of the inputs."""

    name: str
    given: Mapping[str, np.ndarray]
    expected: np.ndarray
    got: np.ndarray


class Side(Protocol):
    """The source or the artifact, on the inputs of the search. `names` are the graph's tensors that it has."""

    names: Collection[str]

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """The values of these tensors, with their axes in the graph's order, in one run."""
        ...

    def save(self, part: Part, place: Path) -> Path | None:
        """Write a part as a model whose inputs have the names in `given`; None where this side cannot.

        The file is `place` with a suffix of its own.
        """
        ...


class Subject(Side, Protocol):
    """The artifact. `rounds` says how often it can be asked: what is built anew each time is asked less."""

    rounds: int

    def alone(self, name: str, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """What the artifact makes of these values in place of its own."""
        ...


@dataclass(frozen=True)
class Finding:
    """What the search came to: the tensor that the suspect makes ('' for none), and the part that fails alone.

    `tensors` are those that the part makes of what both sides have; where they are several, no node is wrong by itself.
    `bounds` are those that it was held to; `loosened` is the short float type for which they were widened, '' for none.
    """

    name: str
    gap: Gap
    bounds: Bounds
    part: Part | None = None
    tensors: tuple[str, ...] = ()
    loosened: str = ""


class Search:
    """One search. Gaps are kept, and the tensors dropped."""

    def __init__(
        self,
        graph: Graph,
        source: Side,
        subject: Subject,
        inputs: Mapping[str, np.ndarray],
        tolerance: Tolerance,
        say: Callable[[str], None],
    ) -> None:
        self._graph, self._source, self._subject, self._inputs = graph, source, subject, inputs
        self._tolerance, self._say = tolerance, say
        self._known = [name for name in graph.makers if name in source.names and name in subject.names]
        self._place = {name: number for number, name in enumerate(self._known)}
        self._bounds = Bounds(tolerance.rtol, tolerance.rms)
        self._gaps: dict[str, Gap] = {}
        self._floats: set[str] = set()
        self._loosened = ""
        self._overflown = False
        self._rounds = subject.rounds
        self.parents = cache(self._parents)

    def run(self) -> Finding | None:
        """The first bad tensor on the way to an output that is beyond its tolerance; None where none of them is."""
        found = self._failing()
        if found is None:
            return None
        name, gap = found
        # Also tells in which types the artifact computes.
        self._compare(_spaced(self._known, _GROUP))
        self._compare([name])
        if self._loosened and not self._bad(name):
            hidden = self._hidden()
            if hidden is None:
                return Finding("", gap, self._bounds, loosened=self._loosened)
            name = hidden
        return self._confirmed(self._root(name), gap)

    # --- comparing ------------------------------------------------------------------------------------

    def _failing(self) -> tuple[str, Gap] | None:
        """An output that is beyond the tolerance, the graph's first one."""
        for name in self._graph.outputs:
            if name not in self._place:
                continue
            expected, got = self._source.values([name])[name], self._subject.values([name])[name]
            self._bounds = Bounds.of(self._tolerance, expected)
            gap = self._bounds.gap(expected, got)
            if gap.excess > 1:
                self._overflown = not gap.finite
                return name, gap
        return None

    def _hidden(self) -> str | None:
        """The first bad tensor where rounding alone explains the output.

        A runtime that computes float16 in float32 where nobody looks has an overflow just in tensors that are read.
        """
        self._compare(self._known)
        return next((name for name in self._known if self._bad(name)), None)

    def _compare(self, names: Iterable[str]) -> None:
        """Find the gaps of these tensors, as far as rounds are left."""
        wanted = list(names)
        while missing := [name for name in wanted if name not in self._gaps][:_GROUP]:
            if not self._rounds:
                return
            self._rounds -= 1
            self._say(f"compared {len(self._gaps)} of {len(self._known)} inner tensors")
            self._hold(self._source.values(missing), self._subject.values(missing))

    def _hold(self, expected: dict[str, np.ndarray], got: dict[str, np.ndarray]) -> None:
        for name in list(expected):
            one, other = expected.pop(name), got.pop(name)
            short = narrower(one, other)
            if short and self._bounds.loosened(short) != self._bounds:
                self._bounds, self._loosened = self._bounds.loosened(short), short
                self._gaps.clear()
            if is_float(one):
                self._floats.add(name)
            self._gaps[name] = self._bounds.gap(one, other)

    def _bad(self, name: str) -> bool:
        return name in self._gaps and self._is_bad(self._gaps[name])

    def _is_bad(self, gap: Gap) -> bool:
        """Beyond the bounds; where the output is not finite, just what is not finite either: that is the cause."""
        return not gap.finite if self._overflown else gap.excess > 1

    def _good(self, name: str) -> bool:
        """Whether it tells that what comes before it is good, which sizes do not."""
        return name in self._gaps and name in self._floats and not self._bad(name)

    # --- going upstream -------------------------------------------------------------------------------

    def _parents(self, name: str) -> tuple[str, ...]:
        """The nearest tensors before it that both sides have, in order."""
        found: set[str] = set()
        seen: set[str] = set()
        left = self._graph.parents(name)
        while left:
            one = left.pop()
            if one in self._place:
                found.add(one)
            elif one not in seen:
                seen.add(one)
                left += self._graph.parents(one)
        return tuple(sorted(found, key=self._place.__getitem__))

    def _ancestors(self, name: str) -> list[str]:
        found: set[str] = set()
        left = [name]
        while left:
            new = set(self.parents(left.pop())) - found
            found |= new
            left += new
        return sorted(found, key=self._place.__getitem__)

    def _root(self, name: str) -> str:
        """The tensor that is bad on the way to this one and made from good ones."""
        while True:
            before = self._jump(name)
            if before is None:
                self._compare(self.parents(name))
                before = next((parent for parent in self.parents(name) if self._bad(parent)), None)
            if before is None:
                return name
            name = before

    def _jump(self, name: str) -> str | None:
        """The earliest bad ancestor after the last good one, None where all that are near are good."""
        line = self._ancestors(name)
        while True:
            ends = [number for number, one in enumerate(line) if self._good(one)]
            line = line[ends[-1] + 1 :] if ends else line
            bad = next((one for one in line if self._bad(one)), None)
            unknown = [one for one in line if one not in self._gaps]
            if bad is not None or not unknown or not self._rounds:
                return bad
            self._compare(_spaced(unknown, _GROUP))

    # --- confirming -----------------------------------------------------------------------------------

    def _confirmed(self, name: str, otherwise: Gap) -> Finding:
        """The suspect if it is wrong alone, else another that is, else the part over which errors add up.

        The gap of a tensor that there was no round left for is that of the output.
        """
        part, inside = self._failing_part(name)
        others = self._roots(inside - {name}) if len(inside) > 1 else []
        for other in others[:_TRIED]:
            alone = self._alone(other, {other})
            if self._is_bad(self._bounds.gap(alone.expected, alone.got)):
                return Finding(self._blamed(alone), self._gaps[other], self._bounds, alone, (other,), self._loosened)
        ordered = tuple(sorted(inside, key=self._place.__getitem__))
        blamed = self._blamed(part) if len(inside) == 1 else name
        return Finding(blamed, self._gaps.get(name, otherwise), self._bounds, part, ordered, self._loosened)

    def _blamed(self, part: Part) -> str:
        """Of the tensors that a part makes on its way, and that the source lacks, the first that is not finite."""
        import numpy as np

        if not self._bounds.gap(part.expected, part.got).finite:
            for name in self._graph.between(part.name, part.given):
                if name not in self._place and name in self._subject.names:
                    value = self._subject.alone(name, part.given)
                    if is_float(value) and not np.isfinite(value.astype(np.complex128)).all():
                        return name
        return part.name

    def _failing_part(self, name: str) -> tuple[Part, set[str]]:
        """The smallest part, about, that ends at this tensor and is wrong alone; and the tensors that it makes."""
        inside = {name}
        while True:
            part = self._alone(name, inside)
            if self._is_bad(self._bounds.gap(part.expected, part.got)) or not self._frontier(inside):
                return part, inside
            size = 2 * len(inside)
            while len(inside) < size and (before := self._frontier(inside)):
                inside.update(before[len(inside) - size :])

    def _frontier(self, inside: Collection[str]) -> list[str]:
        found = {parent for one in inside for parent in self.parents(one)} - set(inside)
        return sorted(found, key=self._place.__getitem__)

    def _alone(self, name: str, inside: Collection[str]) -> Part:
        given = self._frontier(inside)
        values = self._source.values([name, *given])
        expected = values.pop(name)
        taken = {one for inner in self._graph.between(name, given) for one in needs(self._graph.makers[inner])}
        values |= {one: array for one, array in self._inputs.items() if one in taken}
        return Part(name, values, expected, self._subject.alone(name, values))

    def _roots(self, names: Collection[str]) -> list[str]:
        """Those that are bad and made from good ones, the last first."""
        ordered = sorted(names, key=self._place.__getitem__, reverse=True)
        self._compare([*ordered, *self._frontier(ordered)])
        return [name for name in ordered if self._bad(name) and not any(map(self._bad, self.parents(name)))]


def _spaced(names: Sequence[str], count: int) -> list[str]:
    """So many of them, evenly spaced, the last included."""
    if len(names) <= count:
        return list(names)
    return [names[(number + 1) * len(names) // count - 1] for number in range(count)]
