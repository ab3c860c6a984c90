"""The values of a stage's Context, on the caller's side of the process boundary."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.cache import Cache


@contextlib.contextmanager
def made(
    stage: str, kept: Cache, data: Path | None, seed: int, trust: bool, reproducer: Path | None = None
) -> Iterator[dict[str, Any]]:
    """What a Context takes, with a scratch folder that goes when the hook is done."""
    with tempfile.TemporaryDirectory(prefix="mlconvert-", ignore_cleanup_errors=True) as folder:
        scratch, otherwise = (Path(folder) / name for name in ("scratch", "cache"))
        scratch.mkdir()
        otherwise.mkdir()
        own = kept.stage_folder(stage) or otherwise
        yield {
            "scratch": scratch,
            "cache": own,
            "data": data,
            "seed": seed,
            "trust": trust,
            "reproducer": reproducer,
        }
