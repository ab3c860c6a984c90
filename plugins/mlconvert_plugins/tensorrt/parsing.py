"""TensorRT's ONNX parser, and its errors in the user's words: op, node, torch module, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert_plugins.tensorrt.library import Bindings
from mlconvert_plugins.tensorrt.messages import Messages, clean
from mlconvert_plugins.tensorrt.model import Node, nodes_of

if TYPE_CHECKING:
    import tensorrt

# How many nodes a message names.
_SHOWN = 5
# What the parser says when it has neither an importer nor a plugin for an op; for some it just says false.
_NO_PLUGIN = re.compile(r"Plugin not found|plugin registry|^false$")
_SUPPLY = "supply it with --plugin, or replace it in the model; `--pass simplify` removes what is constant"


@dataclass(frozen=True)
class Network:
    """A parsed network. The builder and the parser are kept, because the network's weights live in them."""

    builder: tensorrt.Builder
    parser: tensorrt.OnnxParser
    network: tensorrt.INetworkDefinition

    def inputs(self) -> list[tensorrt.ITensor]:
        """The network's inputs, in order."""
        return [self.network.get_input(number) for number in range(self.network.num_inputs)]

    def outputs(self) -> list[tensorrt.ITensor]:
        """The network's outputs, in order."""
        return [self.network.get_output(number) for number in range(self.network.num_outputs)]


def parse(trt: Bindings, path: Path, messages: Messages) -> Network:
    """Parse an ONNX file and the weights beside it into a strongly typed network.

    Raises ConversionError with every op that TensorRT has not.
    """
    builder = trt.Builder(messages.logger)
    network = builder.create_network(_strongly_typed(trt))
    parser = trt.OnnxParser(network, messages.logger)
    if not parser.parse_from_file(str(path)):
        errors = [parser.get_error(number) for number in range(parser.num_errors)]
        refuse(_refusals(errors, path, messages.errors), where=path.name)
    if network.num_outputs == 0:
        raise ConversionError(
            "TensorRT finds no output in the model", code="broken-file", where=path.name, fix="export it again"
        )
    return Network(builder, parser, network)


def _strongly_typed(trt: Bindings) -> int:
    """The creation flag of TensorRT 10; from 11 on a network is never anything else, and the flag may go."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _refusals(errors: Iterable[tensorrt.ParserError], path: Path, said: list[str]) -> list[Refusal]:
    """One refusal for each op and reason, with the nodes that share it."""
    nodes = nodes_of(path)
    groups: dict[tuple[str, str], list[str]] = {}
    for error in errors:
        place = _place(error, nodes)
        groups.setdefault((error.node_operator(), clean(error.desc())), []).append(place)
    if not groups:
        reason = clean(said[-1]) if said else "it gives no reason"
        return [Refusal("unsupported-model", f"TensorRT's parser refuses the model: {reason}", path.name)]
    return [_refusal(op, reason, places) for (op, reason), places in groups.items()]


def _refusal(op: str, reason: str, places: list[str]) -> Refusal:
    if not op:
        return Refusal("unsupported-model", f"TensorRT's parser refuses the model: {reason}", places[0])
    if _NO_PLUGIN.search(reason):
        return unsupported(op, places)
    message = f"TensorRT cannot take {op} at {listed(places)}: {reason}"
    return Refusal("unsupported-node", message, places[0], "change the model there; `--pass simplify` can fold shapes")


def unsupported(op: str, places: list[str]) -> Refusal:
    """The refusal of an op that TensorRT does not have."""
    return Refusal("unsupported-op", f"TensorRT has no {op}, which stands at {listed(places)}", places[0], _SUPPLY)


def listed(places: list[str]) -> str:
    """The first few places, and how many more there are."""
    more = len(places) - _SHOWN
    return ", ".join(places[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _place(error: tensorrt.ParserError, nodes: list[Node]) -> str:
    """The node's name and the torch module that it came from, found by name or, in the main graph, by number."""
    name, number = error.node_name(), error.node()
    stack = list(error.local_function_stack())
    node = next((node for node in nodes if name and node.name == name), None)
    main = [node for node in nodes if node.main]
    if node is None and not stack and 0 <= number < len(main):
        node = main[number]
    place = node.place if node is not None else name or (f"node {number}" if number >= 0 else "")
    return f"{place} in {' / '.join(stack)}" if stack else place


def plugin_names(trt: Bindings) -> Iterator[str]:
    """The names of the plugins that are registered now."""
    for creator in trt.get_plugin_registry().all_creators:
        yield creator.name
