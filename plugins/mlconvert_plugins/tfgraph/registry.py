"""The handlers of ONNX operators, by domain, operator and the version since which it has its meaning.

A handler is a function whose signature is the operator's: inputs are positional, attributes keywords with ONNX's
own defaults, and a keyword `node` brings the node itself where a handler must know it.

    @op("LeakyRelu", since=(1, 6, 16))
    def leaky_relu(x: Value, *, alpha: float = 0.01) -> Value:
        return x.map(lambda t: tf.nn.leaky_relu(t, alpha))
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Handler:
    """One way to say an operator in TensorFlow.

    `attributes` are those that it takes; `ignores` those that say nothing about the result. `only` holds the values
    that it takes of an attribute, where it does not take all. `folds` says whether it may run at conversion, on
    constants; random operators may not.
    """

    call: Callable[..., Any]
    attributes: frozenset[str]
    required: frozenset[str]
    takes_node: bool
    ignores: frozenset[str]
    only: Mapping[str, Collection[Any]]
    folds: bool


_HANDLERS: dict[Key, Handler] = {}


def op(
    name: str,
    since: tuple[int, ...],
    *,
    domain: str = "",
    attributes: tuple[str, ...] = (),
    ignores: tuple[str, ...] = (),
    only: Mapping[str, Collection[Any]] | None = None,
    folds: bool = True,
) -> Callable[[Function], Function]:
    """Register a handler for the versions of an operator that it covers; see `Handler`.

    `attributes` are those that it passes on, beside those in its signature.
    """

    def register(function: Function) -> Function:
        keywords = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        handler = Handler(
            call=function,
            attributes=frozenset(attributes) | {p.name for p in keywords} - {"node"},
            required=frozenset(p.name for p in keywords if p.default is p.empty) - {"node"},
            takes_node=any(p.name == "node" for p in keywords),
            ignores=frozenset(ignores),
            only=only or {},
            folds=folds,
        )
        for version in since:
            if (domain, name, version) in _HANDLERS:
                raise ValueError(f"{name} since {version} has a handler already")
            _HANDLERS[domain, name, version] = handler
        return function

    return register


@cache
def handlers() -> Mapping[Key, Handler]:
    """Every handler: each file in `ops` is loaded and registers its own."""
    from mlconvert_plugins.tfgraph import ops

    for module in sorted(found.name for found in pkgutil.iter_modules(ops.__path__)):
        importlib.import_module(f"{ops.__name__}.{module}")
    return _HANDLERS


@cache
def since(domain: str, name: str, opset: int) -> int | None:
    """The version of an operator in an opset, by ONNX's schemas; 1 in a domain that ONNX does not describe."""
    import onnx

    if onnx.defs.has(name, opset, domain):
        return int(onnx.defs.get_schema(name, opset, domain).since_version)
    return 1 if (domain, name, 1) in handlers() else None


def find(domain: str, name: str, opset: int) -> Handler | None:
    """The handler of an operator as an opset means it; None where there is none for just that meaning."""
    version = since(domain, name, opset)
    return None if version is None else handlers().get((domain, name, version))
