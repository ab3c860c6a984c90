"""The code blocks of a Markdown page, so that tests can run what the page says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?:^\*\*`(?P<path>[^`\n]+)`\*\*\n\n)?^```(?P<language>\w+)?(?: (?P<word>\w+))?\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """One fenced block: `word` follows the language on its fence, `path` stands in bold above, `line` is the fence's."""

    language: str
    word: str
    path: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["language"] or "",
            match["word"] or "",
            match["path"] or "",
            match["text"],
            text.count("\n", 0, match.start("text")),
        )
        for match in _FENCE.finditer(text)
    ]
