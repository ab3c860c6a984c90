"""Ways through the graph of formats, and the options that the hops of a way will run with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlconvert import options, registry
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
    wanted = [_pass(name) for name in passes]
    if source == target:
        return tuple(_with_passes(source, (), wanted))
    usable = [edge for edge in edges() if not edge.provider or edge.name in via]
    allowed = [edge for edge in usable if edge.plugin.licence not in forbid] if forbid else usable
    paths = [path for path in _paths(source, target, allowed) if _passes_by(path, via)]
    if not paths:
        raise _no_route(source, target, via, allowed, usable)
    return tuple(_with_passes(source, _cheapest(paths), wanted))


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


def _cheapest(paths: Sequence[tuple[Edge, ...]]) -> tuple[Edge, ...]:
    if len(paths) == 1:
        return paths[0]
    direct = [path for path in paths if len(path) == 1]
    priced = sorted(((sum(edge.plugin.cost for edge in path), path) for path in direct or paths), key=lambda p: p[0])
    if len(priced) > 1 and priced[0][0] == priced[1][0]:
        first, second = (" → ".join(edge.name for edge in path) for _, path in priced[:2])
        raise UsageError(
            f"two routes are equally good: {first}, and {second}",
            code="ambiguous-route",
            fix=f"choose one with --via, for example --via {priced[0][1][0].name}",
        )
    return priced[0][1]


def _pass(name: str) -> Edge:
    known = {edge.provider: edge for edge in edges(registry.PASSES)}
    known.update({edge.name: edge for edge in edges(registry.PASSES)})
    if name not in known:
        raise UsageError(
            f"there is no pass {for_terminal(name)!r}" + suggestion(name, known),
            code="unknown-pass",
            fix="`mlconvert graph` lists the passes",
        )
    return known[name]


def _with_passes(source: str, path: Sequence[Edge], passes: Sequence[Edge]) -> Iterator[Edge]:
    """The path with each pass after the edge that makes its format, in the order given."""
    crossed = [source, *(edge.target for edge in path)]
    for edge in passes:
        if edge.source not in crossed:
            raise UsageError(
                f"the pass {edge.provider} works on {edge.source}, "
                f"which the route {' → '.join(crossed)} does not cross",
                code="pass-not-on-route",
            )
    if not path and not passes:
        raise UsageError(f"{source}2{source} needs a --pass", code="no-pass", fix="`mlconvert graph` lists the passes")
    yield from (edge for edge in passes if edge.source == source)
    for step in path:
        yield step
        yield from (edge for edge in passes if edge.source == step.target)


def _no_route(
    source: str, target: str, via: Sequence[str], allowed: Sequence[Edge], usable: Sequence[Edge]
) -> ConversionError:
    following: dict[str, set[str]] = {}
    for edge in allowed:
        following.setdefault(edge.source, set()).add(edge.target)
    reached = sorted(reachable(source, following))
    message = f"there is no route from {for_terminal(source)} to {for_terminal(target)}"
    if via:
        message += f" via {for_terminal(', '.join(via))}"
    lost = [edge for edge in usable if edge not in allowed]
    if lost:
        message += f" without {', '.join(f'{edge.name} ({edge.plugin.licence})' for edge in lost)}"
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
                f"options are given for {for_terminal(name)}, which is not on the route {' → '.join(names)}",
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
