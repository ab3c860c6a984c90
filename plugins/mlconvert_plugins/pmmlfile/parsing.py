"""Safe XML: no DTD, no entities, nothing external, and bounds on everything that can grow.

Elements are handed over one after the other; no tree is built, so memory does not grow with the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError

_NAMESPACE = re.compile(r"\{http://www\.dmg\.org/PMML-(\d+)_(\d+)\}PMML")
# 4.0 to 4.4 are read; what came before is another language in places.
_VERSIONS = range(5)
_CHUNK = 2**16


@dataclass(frozen=True)
class Limits:
    """Bounds, of which java/jpmml has the same: bytes of the file, elements in it, how deep they nest, and the bytes
    of a single tag with its attributes (or of a comment).
    """

    bytes: int = 2**32
    elements: int = 10**8
    depth: int = 2048
    token: int = 2**20


LIMITS = Limits()


class Listener:
    """Hears of a document's elements in its order. Names are without the namespace of PMML, and with any other.

    `namespace` is the document's, and `place` tells the offset in bytes of the tag that is being heard of; both are
    there when the first element begins.
    """

    namespace: str
    place: Callable[[], int]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """It ends."""

    def text(self, text: str) -> None:
        """A piece of the text between two tags."""


class _Target:
    """Between the parser and a listener: counts, checks namespaces and versions."""

    def __init__(self, listener: Listener, limits: Limits) -> None:
        self.listener, self.limits = listener, limits
        self.depth = self.elements = 0
        self.prefix = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > self.limits.depth:
            raise _too("nested", f"elements stand {self.limits.depth} deep in each other", self.limits.depth)
        if self.elements > self.limits.elements:
            raise _too("large", f"it has {self.limits.elements} elements", self.limits.elements)
        if not self.prefix:
            self._root(tag, attributes)
        self.listener.start(tag.removeprefix(self.prefix), attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.listener.end(tag.removeprefix(self.prefix))

    def data(self, text: str) -> None:
        self.listener.text(text)

    def close(self) -> None:
        """The parser asks for it."""

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        found = _NAMESPACE.fullmatch(tag)
        if found is None:
            named = tag.rpartition("}")[2]
            why = "in a namespace that is not PMML's" if named == "PMML" else "not PMML"
            raise BrokenDocumentError(f"its root element is {tag}, {why}", "PMML", "not-pmml", "give a PMML document")
        version = attributes.get("version", "")
        if int(found[1]) != 4 or int(found[2]) not in _VERSIONS:
            raise _unknown_version(f"{found[1]}.{found[2]}", "its namespace")
        # The minor version may be another than the namespace's: engines go by the namespace.
        if not re.fullmatch(r"4\.[0-4](\.\d+)?", version):
            raise _unknown_version(version or "nothing", "the attribute version")
        self.prefix = tag.removesuffix("PMML")
        self.listener.namespace = self.prefix.strip("{}")


def _unknown_version(version: str, where: str) -> BrokenDocumentError:
    return BrokenDocumentError(
        f"it is PMML {version} by {where}; 4.0 to 4.4 are known here", "PMML version", "unknown-version",
        "export it as PMML 4.4",
    )  # fmt: skip


def _too(what: str, message: str, bound: int) -> BrokenDocumentError:
    return BrokenDocumentError(
        f"{message}, and more", f"limit of {bound}", f"too-{what}", "split the model; no real one is of that kind"
    )


def parse(path: Path, listener: Listener, limits: Limits = LIMITS) -> None:
    """Tell the listener of every element.

    Raises BrokenDocumentError: `bad-pmml` (no well-formed XML, with line and column), `unsafe-xml` (a DTD, entities),
    `not-pmml`, `unknown-version`, `too-large`, `too-nested`.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    if path.stat().st_size > limits.bytes:
        raise _too("large", f"the file has {limits.bytes} bytes", limits.bytes)
    target = _Target(listener, limits)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    listener.place = lambda: parser.parser.CurrentByteIndex
    try:
        _feed(path, parser, limits)
    except DefusedXmlException as error:
        raise BrokenDocumentError(
            f"it declares a document type or entities: {type(error).__name__}", "DOCTYPE", "unsafe-xml",
            "remove them; PMML needs none",
        ) from error  # fmt: skip
    except (ParseError, LookupError, ValueError) as error:
        # The latter two themselves are encodings that there are not.
        if type(error) not in (ParseError, LookupError, ValueError):
            raise
        raise BrokenDocumentError(f"it is no well-formed XML: {error}", path.name) from error


def _feed(path: Path, parser: Any, limits: Limits) -> None:
    """The file in pieces: a tag is handed over when it is complete, so one that does not end is noticed here."""
    fed = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            parser.feed(chunk)
            fed += len(chunk)
            if fed - max(parser.parser.CurrentByteIndex, 0) > limits.token:
                raise _too("large", f"a tag has {limits.token} bytes", limits.token)
        parser.close()
