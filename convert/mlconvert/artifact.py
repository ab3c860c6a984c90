"""An artifact is a value: where a model stands, in which format, and what its signature is. It opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from mlconvert.signature import Signature


@dataclass(frozen=True)
class Artifact:
    """A model file or folder.

    `side_files` stand beside `path` and belong to it (ONNX's external data). `model` is the factory
    (`pkg.mod:factory` or `file.py:factory`) that a bare weights file needs. `settings` tell its runner to run a part of
    it (the iterations of a boosted model, say).
    """

    path: Path
    format: str
    flavour: Optional[str] = None
    signature: Signature = field(default_factory=Signature)
    side_files: tuple[Path, ...] = ()
    model: Optional[str] = None
    settings: Mapping[str, Any] = field(default_factory=dict)
