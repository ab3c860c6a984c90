"""An artifact is a value: where a model stands, in which format, and what its signature is. It opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mlconvert.signature import Signature


@dataclass(frozen=True)
class Artifact:
    """A model file or folder. `model` is the factory (`pkg.mod:factory`) that a bare weights file needs."""

    path: Path
    format: str
    flavour: Optional[str] = None
    signature: Signature = Signature()
    model: Optional[str] = None
