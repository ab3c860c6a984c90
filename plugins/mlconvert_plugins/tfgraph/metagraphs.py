"""A SavedModel's graphs, read without a library: what it needs, and which operators stand where in it.

Source: saved_model.proto, meta_graph.proto, graph.proto, function.proto, node_def.proto and attr_value.proto of
TensorFlow.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.wire_format import LENGTH, VARINT, BrokenError, Field, Readable, content, fields

FILE = "saved_model.pb"
TAG = "serve"
# A SavedModel's first field is its version, which has been 1 since there are any; the second is its graph.
START = b"\x08\x01\x12"
# Names of nodes and functions are shorter than this.
_NAME = 2**16
# Where TensorFlow 1 keeps the name of what sets a graph up.
_SET_UP = ("saved_model_main_op", "legacy_init_op")


@dataclass
class Node:
    """An operation, the names of its inputs as the graph has them, and the functions that it calls."""

    operator: str = ""
    inputs: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)


@dataclass
class Body:
    """The nodes of a graph or function by name; a function's arguments."""

    nodes: dict[str, Node] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


@dataclass
class Graph(Body):
    """One of a SavedModel's graphs with its functions.

    `outputs` are the nodes that a caller or a loader asks for; `restored` is the one that reads the variables from the
    file whose name is fed to the tensor `filename`.
    """

    tags: list[str] = field(default_factory=list)
    tensorflow: str = ""
    producer: int = 0
    min_consumer: int = 0
    bad_consumers: list[int] = field(default_factory=list)
    functions: dict[str, Body] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    restored: str = ""
    filename: str = ""

    @property
    def operators(self) -> set[str]:
        """Every operator in the graph and its functions."""
        return {node.operator for body in (self, *self.functions.values()) for node in body.nodes.values()}


def read(folder: Path) -> list[Graph]:
    """The graphs of a SavedModel. Raises ConversionError (`broken-file`)."""
    path = folder / FILE
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return _Reader(mapped).graphs(len(mapped))
    except BrokenError as error:
        raise _broken(folder, f"is broken at byte {error.offset}: {error}") from error
    except ValueError as error:  # of mmap
        raise _broken(folder, "is empty") from error
    except OSError as error:
        raise _broken(folder, f"cannot be read: {error.strerror}") from error


def node_of(name: str) -> str:
    """The node in the name of a tensor (`conv:0`, `conv:output:0`) or of a control input (`^conv`)."""
    return name.removeprefix("^").partition(":")[0]


def _broken(folder: Path, what: str) -> ConversionError:
    message = f"{folder.name}/{FILE} {what}"
    return ConversionError(message, code="broken-file", where=folder.name, fix="copy or export it again")


class _Reader:
    def __init__(self, stream: Readable) -> None:
        self.stream = stream

    def graphs(self, size: int) -> list[Graph]:
        whole = Field(0, LENGTH, 0, 0, size)
        return [self.graph(one) for one in self.inside(whole, 2)]

    def inside(self, message: Field, *path: int) -> Iterator[Field]:
        """The submessages and texts that lie under these field numbers, one below the other."""
        for one in fields(self.stream, message.start, message.end):
            if one.number == path[0] and one.wire == LENGTH:
                if len(path) == 1:
                    yield one
                else:
                    yield from self.inside(one, *path[1:])

    def text(self, one: Field) -> str:
        if one.end - one.start > _NAME:
            raise BrokenError(one.offset, "a name of more than 64 KiB")
        return content(self.stream, one, _NAME).decode("utf-8", "replace")

    def texts(self, message: Field, *path: int) -> list[str]:
        return [self.text(one) for one in self.inside(message, *path)]

    def graph(self, meta: Field) -> Graph:
        """MetaGraphDef: meta_info_def = 1, graph_def = 2, saver_def = 3, collection_def = 4, signature_def = 5."""
        found = Graph(tags=self.texts(meta, 1, 4), tensorflow="".join(self.texts(meta, 1, 5)[-1:]))
        for graph in self.inside(meta, 2):
            self.add_nodes(found, graph, 1)
            for function in self.inside(graph, 2, 1):
                self.add_function(found, function)
            for versions in self.inside(graph, 4):
                self.add_versions(found, versions)
        found.filename = "".join(self.texts(meta, 3, 1)[-1:]).removesuffix(":0")
        found.restored = node_of("".join(self.texts(meta, 3, 3)[-1:]))
        for entry in self.inside(meta, 5, 2):  # the values of a map; SignatureDef: inputs = 1, outputs = 2
            found.outputs += [node_of(name) for name in self.texts(entry, 2, 2, 1)]
        for entry in self.inside(meta, 4):
            if self.texts(entry, 1)[-1:] and self.texts(entry, 1)[-1] in _SET_UP:
                found.outputs += [node_of(name) for name in self.texts(entry, 2, 1, 1)]
        return found

    def add_versions(self, graph: Graph, versions: Field) -> None:
        """VersionDef: producer = 1, min_consumer = 2, bad_consumers = 3."""
        for one in fields(self.stream, versions.start, versions.end):
            if one.wire == VARINT and one.number == 1:
                graph.producer = one.value
            elif one.wire == VARINT and one.number == 2:
                graph.min_consumer = one.value
            elif one.wire == VARINT and one.number == 3:
                graph.bad_consumers.append(one.value)
            elif one.number == 3:
                graph.bad_consumers += content(self.stream, one, _NAME)

    def add_function(self, graph: Graph, function: Field) -> None:
        """FunctionDef: signature = 1 (OpDef: name = 1, input_arg = 2), node_def = 3."""
        body = Body(arguments=self.texts(function, 1, 2, 1))
        self.add_nodes(body, function, 3)
        name = "".join(self.texts(function, 1, 1)[-1:])
        if name in graph.functions:
            raise BrokenError(function.offset, "two functions have one name")
        graph.functions[name] = body

    def add_nodes(self, body: Body, message: Field, number: int) -> None:
        """NodeDef: name = 1, op = 2, input = 3, attr = 5 (a map of AttrValue: list = 1, func = 10)."""
        for one in self.inside(message, number):
            node, name = Node(), ""
            for part in fields(self.stream, one.start, one.end):
                if part.wire != LENGTH:
                    continue  # protobuf passes over it, too
                if part.number == 1:
                    name = self.text(part)
                elif part.number == 2:
                    node.operator = self.text(part)
                elif part.number == 3:
                    node.inputs.append(self.text(part))
                elif part.number == 5:
                    for value in self.inside(part, 2):
                        node.functions += [*self.texts(value, 10, 1), *self.texts(value, 1, 9, 1)]
            if name in body.nodes:
                raise BrokenError(one.offset, "two nodes have one name")
            body.nodes[name] = node
