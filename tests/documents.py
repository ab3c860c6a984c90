"""The code blocks of a Markdown page, and running what a page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?:^\*\*`(?P<path>[^`\n]+)`\*\*\n\n)?^```(?P<language>\w+)?(?: (?P<word>\w+))?\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A fenced block: `word` follows its language, `path` stands in bold above it, `line` is its fence's."""

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


def run(*command: str, cwd: Path, **environment: str) -> str:
    """What the command writes to stdout, with this environment's commands on its path. Fails with all that it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    surroundings = {**os.environ, "PATH": path, **environment}
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout
