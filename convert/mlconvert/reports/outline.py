"""What a report says, before it is written in one way or another: sections of sentences, facts, tables and charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlconvert.text import for_terminal


class Quoted(str):
    """Text that came out of a model, a file's name or a command line: not the report's own words."""


@dataclass(frozen=True)
class Verdict:
    """A word that a reader looks for. It has a sign and a tone, so that colour never stands alone."""

    word: str

    @property
    def sign(self) -> str:
        """One character that tells it apart without colour."""
        return _VERDICTS.get(self.word, ("·", ""))[0]

    @property
    def tone(self) -> str:
        """`good`, `bad`, `open`, or nothing."""
        return _VERDICTS.get(self.word, ("·", ""))[1]

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


_VERDICTS = {
    "passed": ("✓", "good"),
    "failed": ("✗", "bad"),
    "unproven": ("?", "open"),
    "insensitive": ("?", "open"),
    "undecided": ("?", "open"),
    "faster": ("↓", "good"),
    "slower": ("↑", "bad"),
    "equivalent": ("=", ""),
}

Piece = str | Quoted | Verdict
# A cell or a sentence: one piece, or several that stand side by side.
Text = Piece | tuple[Piece, ...]


def pieces(text: Text) -> tuple[Piece, ...]:
    """The pieces of a text."""
    return text if isinstance(text, tuple) else (text,)


@dataclass(frozen=True)
class Lines:
    """Sentences, a paragraph each."""

    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Facts:
    """Names and what is to be said of each."""

    pairs: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Table:
    """`rows` have a cell for each of `head`; the first names its row. `spare` are the columns that give way, the
    last first, where a line is too short for all.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    spare: tuple[str, ...] = ()

    def is_words(self, column: int) -> bool:
        """Whether a column holds words, as the first does, or numbers."""
        return column == 0 or self.head[column] in _WORDS


_WORDS = frozenset(["at", "format", "gate", "model", "output", "parity", "SHA-256", "verdict"])


@dataclass(frozen=True)
class Chart:
    """A picture: what it is called, a sentence that says what it shows, its Vega-Lite specification, its numbers."""

    title: str
    says: str
    spec: Mapping[str, Any] = field(hash=False)
    numbers: Table


@dataclass(frozen=True)
class Charts:
    """Pictures side by side, where there is room."""

    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Step:
    """One hop of a route: the format that it leads to, and what made it, with versions."""

    format: str
    stage: str
    versions: str


@dataclass(frozen=True)
class Route:
    """How an artifact was made, from the format where it began."""

    start: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Section:
    """Blocks under a heading. A folded one is for those who look for it, and is left out where room is short; an
    alarming one is to be seen first.
    """

    title: Text
    blocks: tuple[Block, ...]
    folded: bool = False
    alarming: bool = False


Block = Lines | Facts | Table | Charts | Route | Section


@dataclass(frozen=True)
class Report:
    """A whole report: what it is (`Validation`), its title, its verdict and why, and its blocks."""

    kind: str
    title: Text
    verdict: Verdict
    why: str
    blocks: tuple[Block, ...]


def route(entries: Iterable[Mapping[str, Any]]) -> Route | None:
    """The route of a model by its stages' names; nothing where it has none."""
    steps, start = [], ""
    for entry in entries:
        source, _, target = entry["stage"].partition(".")[0].partition("2")
        start = start or source
        steps.append(Step(target or source, entry["stage"], versions(entry.get("versions", {}))))
    return Route(start, tuple(steps)) if steps else None


def versions(found: Mapping[str, Any]) -> str:
    """`numpy 2.3.0, onnx 1.23.0`."""
    return ", ".join(f"{name} {version}" for name, version in found.items())


def shortened(labels: Iterable[str], limit: int) -> dict[str, str]:
    """A name of at most `limit` characters for each label: its ends, with its place where two would look the same."""
    names: dict[str, str] = {}
    for place, label in enumerate(dict.fromkeys(labels), 1):
        name = middle_cut(label, limit)
        if name in names.values():
            name = middle_cut(label, limit - len(f" ({place})")) + f" ({place})"
        names[label] = name
    return names


def middle_cut(label: str, limit: int) -> str:
    """The two ends of a long name, on one line."""
    shown = for_terminal(label)
    if len(shown) <= limit:
        return shown
    tail = (limit - 1) // 2
    return f"{shown[: limit - 1 - tail]}…{shown[len(shown) - tail :]}"
