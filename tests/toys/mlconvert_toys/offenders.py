"""Formats and stages that break one rule of the contract each; the docstring is how `mlconvert.testing` puts it."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Optional

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.format import Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe, draw
from mlconvert.signature import Signature, Tensor
from mlconvert.stage import Context, Delivery, Help, Outcome
from mlconvert_toys import line
from mlconvert_toys.formats import Beta
from mlconvert_toys.stages import Beta2BetaTidy, Beta2Gamma

_numbers = itertools.count()


# --- formats --------------------------------------------------------------------------------------------


class Capital(Beta):
    """a format's name is [a-z]+, not 'Beta'"""

    name = "Beta"


class Bare(Beta):
    """a suffix starts with a dot, unlike 'beta'"""

    suffix = "beta"


class Wishful(Beta):
    """requirements are written as for pip, unlike 'numpy of today'"""

    requirements = ("numpy of today",)


class Blind(Beta):
    """sniff answers the sample's flavour, '' for none, not None"""

    def sniff(self, path: Path) -> Optional[str]:
        return None


class Nervous(Beta):
    """of a file that is cut off after 0 bytes, sniff and executes raise IndexError"""

    def sniff(self, path: Path) -> Optional[str]:
        path.read_bytes()[0]
        return super().sniff(path)


class Mumbling(Beta):
    """a code is stable and written like-this, not 'Cut Off!'"""

    def sniff(self, path: Path) -> Optional[str]:
        if not path.read_bytes():
            raise ConversionError("cut off", code="Cut Off!")
        return super().sniff(path)


class Careless(Beta):
    """of a file that is cut off after 7 bytes, beta's describe raises IndexError"""

    def sniff(self, path: Path) -> Optional[str]:
        return "text" if path.read_bytes()[:4] == b"beta" else None

    def describe(self, path: Path) -> dict[str, Any]:
        words = path.read_text().split()
        return {"features": float(words[2])}


class Scribbling(Beta):
    """a hook has changed the file that it reads"""

    def describe(self, path: Path) -> dict[str, Any]:
        path.write_bytes(path.read_bytes().replace(b"end", b"end\nend"))
        return {}


class Greedy(Beta):
    """loads numpy: import it inside the function that needs it"""

    def sniff(self, path: Path) -> Optional[str]:
        import numpy as np

        np.zeros(1)
        return super().sniff(path)


class Undecided(Beta):
    """loads_on answers yes, no or unknown, not 'perhaps'"""

    def loads_on(self, path: Path, host: Host) -> Verdict:
        return Verdict("perhaps", "who knows")


class Defective(Beta):
    """beta's signature raises ZeroDivisionError: division by zero; say what is wrong with the model"""

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        return Signature(dims={"batch": 1 / 0})  # type: ignore[dict-item]


class Verbose(Beta):
    """describe answers values by name, and they are JSON values"""

    def describe(self, path: Path) -> dict[str, Any]:
        return {"ratio": float("nan")}


class Whimsical(Beta):
    """probes of one seed have to be the same twice"""

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        return draw(artifact.signature, next(_numbers))


FORMATS = (
    Capital, Bare, Wishful, Blind, Nervous, Mumbling, Careless, Scribbling, Greedy, Undecided, Defective, Verbose,
    Whimsical,
)  # fmt: skip


# --- stages ---------------------------------------------------------------------------------------------


class Nameless(Beta2Gamma):
    """a stage's name is written a2b, or a2b.provider, not 'to-gamma'"""

    name = "to-gamma"


class Misplaced(Beta2Gamma):
    """beta2delta goes from beta to gamma"""

    name = "beta2delta"


class Unlicensed(Beta2Gamma):
    """licence is the SPDX identifier"""

    licence = ""


class Futuristic(Beta2Gamma):
    """cannot be tested here: beta2gamma needs Python >=4"""

    python = ">=4"


@dataclass
class Soft:
    level: Annotated[int, Help("a number")] = 1


class Thawed(Beta2BetaTidy):
    """Soft has to be a frozen dataclass"""

    Options = Soft


@dataclass(frozen=True)
class Silent:
    level: int = 1


class Unexplained(Beta2BetaTidy):
    """Silent.level is written Annotated[type, Help"""

    Options = Silent


@dataclass(frozen=True)
class Odd:
    level: Annotated[complex, Help("a number")] = 1j


class Unreadable(Beta2BetaTidy):
    """needs a Help(parse=…) that reads it from text"""

    Options = Odd


@dataclass(frozen=True)
class Unsteady:
    level: Annotated[int, Help("a number")] = 1
    made: Annotated[int, Help("a number")] = field(default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "made", next(_numbers))


class Drifting(Beta2BetaTidy):
    """options are rebuilt from their values in the worker, and differ there"""

    Options = Unsteady


class Promising(Beta2BetaTidy):
    """delivers has announced 'hex', and it is 'text'"""

    def delivers(self, options: Any, host: Host) -> Delivery:
        return Delivery("hex")


class Refusing(Beta2BetaTidy):
    """beta2beta.tidy refuses the artifact: too tidy already"""

    def requires(self, artifact: Artifact, options: Any, ctx: Context) -> Iterator[Refusal]:
        yield Refusal("too-tidy", "too tidy already")


class Unsound(Beta2BetaTidy):
    """ensures finds fault with what convert has made: it creaks"""

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        yield Refusal("unsound", "it creaks")


class Idle(Beta2BetaTidy):
    """convert has to write the artifact to `out`"""

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        return Outcome(artifact.signature)


class Tumbling(Beta2BetaTidy):
    """beta2beta.tidy's convert raises KeyError: 'knob'; say what is wrong with the model"""

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        return {}["knob"]  # type: ignore[no-any-return]


class _Tidy(Beta2BetaTidy):
    """Does one thing too many on the way."""

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        outcome = super().convert(artifact, options, out, ctx)
        return self.misdeed(artifact, out, outcome) or outcome

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> Optional[Outcome]:
        return None


class Restless(_Tidy):
    """have to make the same bytes; two runs differ"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        out.write_text(out.read_text().replace("end", f"run {next(_numbers)}\nend"))


class Forgetful(_Tidy):
    """have to have the same outcome"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> Outcome:
        return replace(outcome, facts={"number": next(_numbers)})


class Straying(_Tidy):
    """convert has changed the files beside it; it writes to `out`"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        artifact.path.with_name("log.txt").write_text(str(next(_numbers)))


class Overwriting(_Tidy):
    """convert has changed the source; it writes to `out`"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        with artifact.path.open("a") as stream:
            stream.write("end\n")


class Meddling(_Tidy):
    """a hook has changed the process's environment"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        os.environ["TOY_NUMBER"] = str(next(_numbers))


class Seeding(_Tidy):
    """a hook has changed the process's random"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        random.seed(next(_numbers))


class Wandering(_Tidy):
    """a hook has changed the process's current folder"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        os.chdir(out.parent)


class Telling(_Tidy):
    """a manifest holds no absolute path; the outcome does"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> Outcome:
        return replace(outcome, facts={"where": str(out)})


class Renaming(_Tidy):
    """the artifact's inputs are ['x']; convert says ['z']"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> Outcome:
        return replace(outcome, signature=replace(outcome.signature, inputs=(Tensor("z", "float32", ()),)))


class Mislabelling(_Tidy):
    """the flavour is 'text'; convert says 'hex'"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> Outcome:
        return replace(outcome, flavour="hex")


class Misspelling(_Tidy):
    """beta does not know what beta2beta.tidy has written"""

    def misdeed(self, artifact: Artifact, out: Path, outcome: Outcome) -> None:
        line.alpha(out, line.read(artifact))


STAGES = (
    Nameless, Misplaced, Unlicensed, Futuristic, Thawed, Unexplained, Unreadable, Drifting, Promising, Refusing,
    Unsound, Idle, Tumbling, Restless, Forgetful, Straying, Overwriting, Meddling, Seeding, Wandering, Telling,
    Renaming, Mislabelling, Misspelling,
)  # fmt: skip
