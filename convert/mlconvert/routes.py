"""Ways through the graph of formats, and the options that the hops of a way will run with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlconvert import licences, options, registry
from mlconvert.edges import Edge, edges, reachable
from mlconvert.errors import ConversionError, UsageError
from mlconvert.text import for_terminal, suggestion


@dataclass(frozen=True)
class Hop:
    """An edge with the options it will run with."""

    edge: Edge
    options: Any


def find(
    source: str,
    target: str,
    *,
    via: Sequence[str] = (),
    passes: Sequence[str] = (),
    forbid: Sequence[str] = (),
) -> tuple[Edge, ...]:
    """The route from one format to another, passes included where it crosses their formats.

    A direct edge wins for its own word, else the cheapest path; a tie is a UsageError that lists both.
    """
    usable = [edge for edge in edges() if not edge.provider or edge.name in via]
    paths = [()] if source == target else [path for path in _paths(source, target, usable) if _passes_by(path, via)]
    paths = [path for path in paths if all(map(_loads, path))] or paths
    lost = _forbidden((edge for path in paths for edge in path), forbid)
    allowed = [path for path in paths if not lost.intersection(path)]
    if not allowed:
        raise _no_route(source, target, via, usable, lost)
    path = _cheapest(allowed)
    crossed = [source, *(edge.target for edge in path)]
    wanted = _wanted(passes, crossed, forbid)
    if not path and not wanted:
        raise UsageError(f"{source}2{source} needs a --pass", code="no-pass", fix="`mlconvert graph` lists the passes")
    steps = [*(edge for edge in wanted if edge.source == source)]
    for edge in path:
        steps += [edge, *(rewrite for rewrite in wanted if rewrite.source == edge.target)]
    return tuple(steps)


def way_around(lost: Edge, source: str, target: str, forbid: Sequence[str] = ()) -> str:
    """What `--via` must name for the cheapest route without an edge, a format or a stage; '' where there is none."""
    found = []
    names = dict.fromkeys([*(edge.target for edge in edges()), *(edge.name for edge in edges())])
    names.pop(target, None)  # every route passes it
    for place, name in enumerate(names):
        try:
            path = find(source, target, via=[name], forbid=forbid)
        except ConversionError:
            continue
        if lost not in path:
            found.append((sum(edge.plugin.cost for edge in path), place, name))
    return min(found)[2] if found else ""


def _paths(source: str, target: str, usable: Sequence[Edge], seen: tuple[str, ...] = ()) -> Iterator[tuple[Edge, ...]]:
    """Every path that visits no format twice."""
    for edge in usable:
        if edge.source == source and edge.target not in (*seen, source):
            if edge.target == target:
                yield (edge,)
            else:
                for rest in _paths(edge.target, target, usable, (*seen, source)):
                    yield (edge, *rest)


def _passes_by(path: Sequence[Edge], via: Sequence[str]) -> bool:
    """Whether the path meets what `--via` names, formats and stages, in the order given."""
    met = iter([name for edge in path for name in (edge.name, edge.target)])
    named = {edge.name for edge in path if edge.provider}
    return named <= set(via) and all(name in met for name in via)


def _loads(edge: Edge) -> bool:
    """Whether the edge's plugin can be imported: a broken one must not stand in the way of another route."""
    try:
        return edge.plugin is not None
    except ConversionError:
        return False


def _forbidden(found: Iterable[Edge], forbid: Sequence[str]) -> set[Edge]:
    identifiers = licences.forbidden(forbid)
    return {edge for edge in found if licences.carries(edge.plugin.licence, identifiers)} if forbid else set()


def _cheapest(paths: Sequence[tuple[Edge, ...]]) -> tuple[Edge, ...]:
    if len(paths) == 1:
        return paths[0]
    direct = [path for path in paths if len(path) == 1]
    priced = sorted(((sum(edge.plugin.cost for edge in path), path) for path in direct or paths), key=lambda p: p[0])
    if len(priced) > 1 and priced[0][0] == priced[1][0]:
        first, second = (path for _, path in priced[:2])
        shown = (" → ".join(edge.name for edge in path) for path in (first, second))
        raise UsageError(
            f"two routes are equally good: {', and '.join(shown)}",
            code="ambiguous-route",
            fix=f"choose one with --via, for example --via {next(edge.name for edge in first if edge not in second)}",
        )
    return priced[0][1]


def _wanted(names: Sequence[str], crossed: Sequence[str], forbid: Sequence[str]) -> list[Edge]:
    """The passes of these names on a route that crosses these formats. Raises UsageError."""
    wanted = [_pass(name, crossed) for name in names]
    for place, edge in enumerate(wanted):
        if edge in wanted[:place]:
            raise UsageError(f"the pass {edge.name} is named twice", code="pass-twice")
    for edge in _forbidden(wanted, forbid):
        raise UsageError(f"the licence of {edge.name} ({edge.plugin.licence}) is forbidden", code="forbidden-licence")
    return wanted


def _pass(name: str, crossed: Sequence[str]) -> Edge:
    """The pass of that name; where several formats have one, that of the format which the route crosses."""
    known = edges(registry.PASSES)
    named = [edge for edge in known if name in (edge.name, edge.provider)]
    met = [edge for edge in named if edge.source in crossed]
    if not named:
        raise UsageError(
            f"there is no pass {for_terminal(name)!r}"
            + suggestion(name, [word for edge in known for word in (edge.provider, edge.name)]),
            code="unknown-pass",
            fix="`mlconvert graph` lists the passes",
        )
    if not met:
        raise UsageError(
            f"the pass {name} works on {' and '.join(edge.source for edge in named)}, "
            f"which the route {' → '.join(crossed)} does not cross",
            code="pass-not-on-route",
        )
    if len(met) > 1:
        both = " and ".join(edge.name for edge in met)
        raise UsageError(
            f"{name} names several passes of this route: {both}", code="ambiguous-pass", fix="name one of them"
        )
    return met[0]


def _no_route(
    source: str, target: str, via: Sequence[str], usable: Sequence[Edge], lost: Collection[Edge]
) -> ConversionError:
    following: dict[str, set[str]] = {}
    for edge in usable:
        if edge not in lost:
            following.setdefault(edge.source, set()).add(edge.target)
    reached = sorted(reachable(source, following))
    message = f"there is no route from {for_terminal(source)} to {for_terminal(target)}"
    if via:
        message += f" via {for_terminal(', '.join(via))}"
    if lost:
        message += f" without {', '.join(f'{edge.name} ({edge.plugin.licence})' for edge in lost)}"
    known = {word for edge in edges() for word in (edge.name, edge.source, edge.target)}
    message += next((suggestion(name, known) for name in via if name not in known), "")
    fix = (
        f"from {for_terminal(source)} one can reach: {', '.join(reached)}" if reached else "`mlconvert graph` shows all"
    )
    return UsageError(message, code="no-route", fix=fix)


def settle(route: Iterable[Edge], given: Mapping[str, Mapping[str, Any]]) -> tuple[Hop, ...]:
    """The route's hops with their options: what the user gave, then what later stages want, then defaults.

    `given` holds values by stage name and field. Raises UsageError for a stage that is not on the route.
    """
    chain = list(route)
    names = [edge.name for edge in chain]
    for name in given:
        if name not in names:
            raise UsageError(
                f"options are given for {for_terminal(name)}, which is not on the route {' → '.join(names)}"
                + suggestion(name, names),
                code="unknown-option",
            )
    hops = [Hop(edge, options.build(edge.plugin.Options, given.get(edge.name, {}), edge.name)) for edge in chain]
    for later in range(len(hops) - 1, 0, -1):
        for field, value in hops[later].edge.plugin.wants(hops[later].options).items():
            _offer(hops, later, field, value, given)
    return tuple(hops)


def _offer(hops: list[Hop], later: int, field: str, value: Any, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Set the field on the nearest earlier hop that has it, unless the user has."""
    for earlier in range(later - 1, -1, -1):
        hop = hops[earlier]
        if any(option.name == field for option in options.fields_of(hop.edge.plugin.Options)):
            asked = {name.replace("-", "_") for name in given.get(hop.edge.name, {})}
            if field not in asked:
                hops[earlier] = replace(hop, options=replace(hop.options, **{field: value}))
            return
