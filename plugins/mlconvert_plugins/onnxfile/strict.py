"""What protobuf's parser lets through and a reader must not: unknown fields, and text that is no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message
    from onnx import ModelProto

# The fields of a TensorProto that are not its numbers: listing those would copy them.
_TENSOR_FIELDS = ("name", "doc_string", "external_data", "metadata_props")


@dataclass(frozen=True)
class Flaw:
    """Where the message is flawed (`graph.node.attribute`), by an unknown field's number or, without one, by a text."""

    inside: str
    unknown: int | None = None


def first_flaw(proto: ModelProto) -> Flaw | None:
    """The first unknown field, or text that is not UTF-8, in the model; None for a flawless one.

    Who skips an unknown field reads another model. Broken text passes the parser because onnx.proto is of protobuf's
    old syntax, and arrives as bytes where everybody expects a string.
    """
    from google.protobuf.unknown_fields import UnknownFieldSet

    for message, inside in _messages(proto, ""):
        unknown = UnknownFieldSet(message)
        if len(unknown):
            return Flaw(inside, unknown[0].field_number)
        if not all(isinstance(text, str) for text in _texts(message)):
            return Flaw(inside)
    return None


def _messages(message: Message, inside: str) -> Iterator[tuple[Message, str]]:
    """The message and those in it, with the fields that lead there."""
    yield message, inside
    for field, value in _fields(message):
        if field.type == field.TYPE_MESSAGE:
            place = f"{inside}.{field.name}" if inside else field.name
            for inner in _each(value):
                yield from _messages(inner, place)


def _texts(message: Message) -> Iterator[object]:
    for field, value in _fields(message):
        if field.type == field.TYPE_STRING:
            yield from _each(value)


def _each(value: Any) -> Iterable[Any]:
    """The entries of a field, repeated or not; descriptors say which it is in another way with every protobuf."""
    from google.protobuf.message import Message

    return (value,) if isinstance(value, (str, bytes, Message)) else value


def _fields(message: Message) -> list[tuple[FieldDescriptor, Any]]:
    if message.DESCRIPTOR.name == "TensorProto":
        known = message.DESCRIPTOR.fields_by_name
        return [(known[name], getattr(message, name)) for name in _TENSOR_FIELDS]
    listed: list[tuple[FieldDescriptor, Any]] = message.ListFields()
    return listed
