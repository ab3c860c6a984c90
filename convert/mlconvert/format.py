"""A format is a node of the graph. Everything particular to it is here, so that the core asks no format's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Protocol

from mlconvert.artifact import Artifact
from mlconvert.host import Host
from mlconvert.probes import Probe, draw
from mlconvert.signature import Signature
from mlconvert.stage import Context, Suspect


@dataclass(frozen=True)
class Verdict:
    """Whether an artifact loads somewhere: `answer` is yes, no or unknown; `reason` and `fix` are for people."""

    answer: str
    reason: str
    fix: str = ""


class Format(Protocol):
    """Subclass it and fill in what the format can say; what is left out has an honest default.

    `sniff` and `executes` run in the caller's process on files that nobody vouches for: they read, they do not
    parse with third-party code, and they execute nothing. `signature`, `side_files` and `describe` run in a
    worker.
    """

    name: str
    suffix: str
    # Suffixes of flavours that do not share the format's own.
    suffixes: Mapping[str, str] = {}
    is_directory: bool = False
    # pip requirements that `signature`, `describe`, `adopt` and the format's runner need.
    requirements: tuple[str, ...] = ()
    # What a typical command adds when it converts such a file; `--help` shows it.
    example: str = ""

    def sniff(self, path: Path) -> Optional[str]:
        """The file's flavour ('' for a format without flavours), or None when it is no such file.

        A file that is of this format and broken raises ConversionError that says where it is broken.
        """
        ...

    def executes(self, path: Path, flavour: Optional[str]) -> Optional[str]:
        """Why opening or running this file can execute somebody's code; None when it cannot."""
        return None

    def adopt(self, obj: Any, out: Path) -> Optional[str]:
        """Write a live object to `out` without changing it; its flavour, or None when it is no such object."""
        return None

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """What the file itself says about its inputs and outputs; empty where it says nothing."""
        return Signature()

    def side_files(self, path: Path) -> tuple[Path, ...]:
        """The files that stand beside a one-file artifact and belong to it. Runs in a worker."""
        return ()

    def describe(self, path: Path) -> dict[str, Any]:
        """What `inspect` shows beside the signature: versions, sizes, op counts, what stands out.

        Asked of files that nobody vouches for: it may parse, and executes nothing.
        """
        return {}

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Whether the host can load the file, from the file and its manifest alone."""
        return Verdict("unknown", f"{self.name} files do not say what they need")

    def probes(self, artifact: Artifact, seed: int) -> Optional[Iterator[Probe]]:
        """Inputs for parity; None where the file cannot say what tells models apart, and its source is asked."""
        return draw(artifact.signature, seed)

    def localise(
        self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context
    ) -> Optional[Suspect]:
        """The first node in which two artifacts of this format part on these inputs; None where it cannot be told.

        For two that no stage joins, as `mlconvert validate one.onnx other.onnx` compares them.
        """
        return None

    def draws(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """What to try where no format has probes; it is asked of the source's."""
        return draw(artifact.signature, seed)
