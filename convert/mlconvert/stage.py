"""A stage is an edge of the graph: it reads an artifact of one format and writes one of another.

A pass is a stage whose source is its target. The frame calls the hooks, in this order: `available` for all hops
before any work, then per hop `requires`, `convert`, `ensures` and parity. A stage never calls the next one, never
writes outside `out` and its context, and never changes global state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Protocol

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature


@dataclass(frozen=True)
class Help:
    """What an option means; it stands in `Annotated[type, Help("…")]`. `parse` reads its command-line text."""

    text: str
    parse: Optional[Callable[[str], Any]] = None
    metavar: str = ""


_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def read_bytes(text: str) -> int:
    """A size such as `4GiB`, `512 MiB` or `1000000`, in bytes, for `Help(parse=read_bytes)`. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size; write it like 4GiB")
    return int(float(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class NoOptions:
    """The options of a stage that has none."""


@dataclass(frozen=True)
class Tolerance:
    """|artifact - source| <= rtol * |source| + atol, where an atol of None stands for rms * RMS(source), per output.

    With `ulps` floats may instead stand that many units in the last place apart, or `atol` where it is given (1 - p
    of a p near 1 has lost most of its places). Outputs named in `exact` have the source's bits (one NaN is as good
    as another). Integers, booleans and strings are compared exactly.
    """

    rtol: float = 1e-4
    rms: float = 1e-4
    atol: Optional[float] = None
    ulps: Optional[int] = None
    exact: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The form that a JSON document takes: what is in force."""
        shares = {"rtol": self.rtol, "rms": self.rms, "atol": self.atol}
        entry = shares if self.ulps is None else {"ulps": self.ulps, "atol": self.atol}
        return {**entry, **({"exact": list(self.exact)} if self.exact else {})}


@dataclass(frozen=True)
class Delivery:
    """What a stage will deliver, said before the work: the artifact's flavour, and in a few words what loads it."""

    flavour: Optional[str] = None
    loads_in: str = ""


@dataclass(frozen=True)
class Operator:
    """An operator of a stage's source format: the versions of it that the stage takes and those that it does not."""

    name: str
    versions: tuple[int, ...]
    missing: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What `convert` did: the signature that the artifact carries, and facts for the manifest (JSON values)."""

    signature: Signature
    facts: Mapping[str, Any] = field(default_factory=dict)
    flavour: Optional[str] = None


@dataclass(frozen=True)
class Suspect:
    """Where two artifacts part: the first node whose value leaves the tolerance, and where it came from.

    `reproducer` is the name of the folder in which the smallest part that fails stands, '' where none was written.
    """

    node: str
    op: str
    source: str = ""
    max_abs: float = float("nan")
    note: str = ""
    reproducer: str = ""


def _silent(kind: str, entry: dict[str, Any]) -> None:
    """The listener of a context that nobody listens to."""


@dataclass(frozen=True)
class Context:
    """What the frame gives a stage: folders, the user's data and seed, and a way to be heard.

    `scratch` is empty and removed afterwards; `cache` is the stage's private folder, kept between runs and shared
    by concurrent ones. `trust` says that the user vouches for files that can execute code. `reproducer` is the folder
    to which `localise` writes the smallest part that still fails, None where none is wanted; `tolerance` is the one
    that was not met.
    """

    scratch: Path
    cache: Path
    data: Optional[Path] = None
    seed: int = 0
    trust: bool = False
    reproducer: Optional[Path] = None
    tolerance: Optional[Tolerance] = None
    emit: Callable[[str, dict[str, Any]], None] = _silent

    def log(self, text: str) -> None:
        """Say something that a user who asked for details wants to read."""
        self.emit("log", {"text": text})

    def warn(self, text: str) -> None:
        """Say something that every user should read."""
        self.emit("warning", {"text": text})

    def progress(self, text: str, done: Optional[float] = None) -> None:
        """Say what is going on; `done` is the finished part, 0 to 1, where it is known."""
        self.emit("progress", {"text": text, "done": done})


class Stage(Protocol):
    """Subclass it, set the attributes, write `convert` and the checks that can fail.

    `requirements` are pip requirement strings, checked by the frame against the interpreter that will run the
    stage; `python` is a version specifier for it; `licence` is an SPDX identifier of the strictest part it runs.
    """

    name: str
    source: str
    target: str
    cost: float = 1.0
    licence: str = "Apache-2.0"
    requirements: tuple[str, ...] = ()
    python: str = ">=3.11"
    # Whether `requirements` are all that it needs: those of the format that it reads cannot be met beside them.
    self_contained: bool = False
    # Whether what it writes depends on the name of the file that it writes to.
    names_artifact: bool = False
    Options: type[Any] = NoOptions

    def available(self, options: Any, host: Host) -> Iterable[Refusal]:
        """What keeps this stage from running here at all: missing tools, unsupported targets."""
        return ()

    def delivers(self, options: Any, host: Host) -> Delivery:
        """What these options lead to on this host."""
        return Delivery()

    def operators(self) -> Iterable[Operator]:
        """The operators of its source format, for tables; none where it does not go by operators."""
        return ()

    def wants(self, options: Any) -> Mapping[str, Any]:
        """Defaults for the options of the stages before it, by field name."""
        return {}

    def requires(self, artifact: Artifact, options: Any, ctx: Context) -> Iterable[Refusal]:
        """What in this artifact cannot be converted: cheap, before the work, everything at once."""
        return ()

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        """Write the new artifact to `out`; side files go beside it, and their names are final."""
        ...

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterable[Refusal]:
        """What is wrong with the written artifact: it must open and carry its signature, as far as can be told here."""
        return ()

    def oracle(self, source: Artifact, artifact: Artifact) -> Artifact:
        """The source as the artifact was made from it, with the `settings` that its runner needs to answer alike."""
        return source

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """How far the artifact's outputs may stand from its source's."""
        return Tolerance()

    def probes(self, source: Artifact, artifact: Artifact, seed: int) -> Optional[Iterator[Probe]]:
        """Inputs for parity that both sides take, where neither's format alone can tell; None asks the formats."""
        return None

    def localise(
        self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context
    ) -> Optional[Suspect]:
        """The first node that is wrong on these inputs, for a hop that failed parity; None when it cannot be told."""
        return None
