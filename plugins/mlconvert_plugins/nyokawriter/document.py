"""The document as a tree of elements, without the namespace in every tag."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE = "http://www.dmg.org/PMML-4_4"


def read(path: Path) -> Element:
    """The root of a document that nyoka has written. Raises ConversionError (`nyoka-wrong`)."""
    from defusedxml.ElementTree import ParseError, parse

    try:
        root: Element = parse(path, forbid_dtd=True).getroot()
    except ParseError as error:
        raise wrong(f"it is no XML: {error}", "PMML") from error
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    return root


def sign(root: Element, made_of: Mapping[str, Any]) -> None:
    """Say in the header what part of a model the document was made of, and take out whose copyright nyoka claims."""
    header = child(root, "Header")
    header.attrib.clear()
    for number, (name, value) in enumerate(made_of.items()):
        header.insert(number, made("Extension", extender="mlconvert", name=name, value=str(value)))


def write(root: Element, path: Path) -> None:
    """Write it, the same bytes for the same elements."""
    from xml.etree.ElementTree import ElementTree, indent

    root.set("xmlns", _NAMESPACE)
    indent(root, "\t")
    ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def made(tag: str, *children: Element, **attributes: str) -> Element:
    """An element."""
    from xml.etree.ElementTree import Element as New

    found = New(tag, attributes)
    found.extend(children)
    return found


def child(parent: Element, *path: str) -> Element:
    """The element at a path below another. Raises ConversionError (`nyoka-wrong`) where there is none."""
    found = parent.find("/".join(path))
    if found is None:
        raise wrong(f"it has no {path[-1]}", parent.tag)
    return found


def drop(parent: Element, tag: str) -> None:
    """Remove an element's children of this name."""
    for one in parent.findall(tag):
        parent.remove(one)


def wrong(message: str, where: str) -> ConversionError:
    """What nyoka has written is not what it was asked for."""
    return ConversionError(
        f"nyoka's document is not the model: {message}", code="nyoka-wrong", where=where,
        fix="convert it with JPMML, without --via; and report it, please",
    )  # fmt: skip
