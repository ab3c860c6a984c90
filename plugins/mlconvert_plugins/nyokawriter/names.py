"""Names on their way through nyoka: stand-ins go in, and the model's own come out.

nyoka splits and joins names, writes them in the encoding of the host, and takes classes of few types. What it is given
is therefore plain: `column_0_`, `class_1_`, `target_`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert_plugins.pmmlfile.texts import text_of
from mlconvert_plugins.trees.model import label_dtype

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TARGET = "target_"
_STAND_IN = re.compile(r"(column|class)_(\d+)_|target_")
# What no XML document can hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DATA_TYPES = {"bool": "boolean", "int64": "integer", "float64": "double", "string": "string"}


@dataclass(frozen=True)
class Names:
    """A model's own names: those of its columns, of its classes (none for what is no classifier) and of its target."""

    columns: tuple[str, ...]
    classes: tuple[str, ...]
    class_type: str
    target: str

    @property
    def stand_ins(self) -> list[str]:
        """What nyoka knows the columns by."""
        return [column(index) for index in range(len(self.columns))]

    @property
    def class_stand_ins(self) -> list[str]:
        """What nyoka knows the classes by."""
        return [klass(index) for index in range(len(self.classes))]

    def restore(self, root: Element) -> None:
        """Put the model's names in the places of the stand-ins. Raises ConversionError (`name-clash`)."""
        for element in root.iter():
            for key, value in element.attrib.items():
                if _STAND_IN.search(value):
                    element.set(key, _STAND_IN.sub(self._own, value))
        _refuse_clashes(root)

    def _own(self, match: re.Match[str]) -> str:
        if match[1] is None:
            return self.target
        return (self.columns if match[1] == "column" else self.classes)[int(match[2])]


def column(index: int) -> str:
    """The stand-in of a column."""
    return f"column_{index}_"


def klass(index: int) -> str:
    """The stand-in of a class."""
    return f"class_{index}_"


def of(columns: tuple[Column, ...], labels: tuple[Any, ...], target: str | None = None) -> Names:
    """The names of a model with these columns and labels; the target is `target` where it is given no name.

    Raises ConversionError (`unwritable-name`).
    """
    own = tuple(one.name for one in columns)
    classes = tuple(text_of(label) for label in labels)
    for name in (*own, *classes, target or ""):
        if _UNWRITABLE.search(name):
            raise ConversionError(
                f"XML cannot hold the name {name!r}", code="unwritable-name", where=repr(name),
                fix="give the columns and classes printable names",
            )  # fmt: skip
    return Names(own, classes, _DATA_TYPES[label_dtype(labels)] if labels else "", target or _free("target", own))


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name, or one like it that no column has."""
    while name in taken:
        name += "_"
    return name


def _refuse_clashes(root: Element) -> None:
    """Fields that nyoka derives from others have names of its own making, which a column may have, too."""
    seen: set[str] = set()
    for kind in ("DataField", "DerivedField", "OutputField"):
        for element in root.iter(kind):
            name = element.get("name", "")
            if name and name in seen:
                raise ConversionError(
                    f"nyoka gives the name {name!r} to two fields",
                    code="name-clash",
                    where=name,
                    fix="rename the column",
                )
            seen.add(name)
