"""The toy stages. `alpha2beta` misbehaves on demand; the others are honest."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.host import Host
from mlconvert.stage import Context, Delivery, Help, Operator, Outcome, Stage, Suspect, read_bytes
from mlconvert_toys import line
from mlconvert_toys.line import Line

# What alpha2beta writes into the artifact, where its runner will show it.
_QUIRKS = {
    "static": ("static", "4"),
    "refuses": ("refuses", "2"),
    "device": ("device", "quantum computer"),
    "dtype": ("dtype", "float64"),
    "rows": ("rows", "1"),
    "unsound": ("unsound", "yes"),
}
Mischief = Literal[
    "", "wrong", "nan", "static", "refuses", "device", "dtype", "rows", "side-file", "nothing",
    "refuse", "fail", "defect", "abort", "hang", "chatter", "disk-full", "memory", "print", "unsound",
    "unsupported",
]  # fmt: skip


@dataclass(frozen=True)
class Alpha2BetaOptions:
    """One misdeed, and the flavour."""

    mischief: Annotated[Mischief, Help("what to do wrong")] = ""
    notation: Annotated[Literal["text", "hex"], Help("how numbers are written")] = "text"
    level: Annotated[int, Help("what the next stage wants of this one")] = 1
    log: Annotated[Optional[Path], Help("a file to which every hook adds its name")] = None


class Alpha2Beta(Stage):
    """Rewrites the JSON as text."""

    name = "alpha2beta"
    source = "alpha"
    target = "beta"
    Options = Alpha2BetaOptions

    def operators(self) -> Iterator[Operator]:
        yield Operator("Add", (1, 7), (13,), "no axis")
        yield Operator("Sub", (), (1,))

    def delivers(self, options: Alpha2BetaOptions, host: Host) -> Delivery:
        return Delivery(options.notation)

    def requires(self, artifact: Artifact, options: Alpha2BetaOptions, ctx: Context) -> Iterator[Refusal]:
        _note(options, "requires")
        ctx.log("looking for what cannot be done")
        if options.mischief == "refuse":
            yield Refusal("odd-weight", "weight 1 is odd", "weight[1]", "make it even")
            yield Refusal("odd-bias", "bias 2 is odd", "bias[2]", "make it even, too")

        if options.mischief == "unsupported":
            yield Refusal("unsupported-weight", "weight 1 is odd", "weight[1]", "make it even")

    def convert(self, artifact: Artifact, options: Alpha2BetaOptions, out: Path, ctx: Context) -> Outcome:
        _note(options, "convert")
        ctx.progress("writing", 0.5)
        misbehave(options.mischief, ctx)
        found = line.read(artifact)
        if options.mischief in ("wrong", "nan"):
            found = replace(found, weight=(float("nan") if options.mischief == "nan" else 7.0, *found.weight[1:]))
        if options.mischief in _QUIRKS:
            found = found.with_quirk(*_QUIRKS[options.mischief])
        if options.mischief == "side-file":
            out.with_name("readme.txt").write_text("beside it")
        if options.mischief != "nothing":
            line.beta(out, found, hexadecimal=options.notation == "hex")
        return Outcome(artifact.signature, {"level": options.level}, options.notation)

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        if "unsound" in line.read(artifact).quirks:
            yield Refusal("unsound", "the artifact creaks", "hinge", "oil it")

    def localise(
        self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context
    ) -> Optional[Suspect]:
        pairs = zip(line.read(source).weight, line.read(artifact).weight, strict=True)
        for number, (one, other) in enumerate(pairs):
            if one != other:
                written = _reproduced(f"{one} and {other}", ctx)
                return Suspect(f"weight[{number}]", "Mul", "line.weight", abs(one - other), reproducer=written)
        return None


def _reproduced(text: str, ctx: Context) -> str:
    if ctx.reproducer is None:
        return ""
    ctx.reproducer.mkdir(exist_ok=True)
    (ctx.reproducer / "README.txt").write_text(text)
    return ctx.reproducer.name


def _note(options: Alpha2BetaOptions, hook: str) -> None:
    if options.log is not None:
        with options.log.open("a") as stream:
            stream.write(f"{hook}\n")


def misbehave(mischief: str, ctx: Context) -> None:
    """Do what a library may do to a stage."""
    if mischief == "fail":
        raise ConversionError("the weight is too heavy", code="too-heavy", where="weight[0]", fix="take some off")
    if mischief == "defect":
        raise ValueError("nobody expected this")
    if mischief == "abort":
        print("the library has lost its temper", file=sys.stderr, flush=True)
        os.abort()
    if mischief == "hang":
        ctx.log("hanging")
        time.sleep(600)
    if mischief == "chatter":
        while True:
            ctx.progress("still at it")
    if mischief == "disk-full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "weights.bin")
    if mischief == "memory":
        hoard = bytearray(os.urandom(1)) * 2**31
        time.sleep(600 + len(hoard))
    if mischief == "print":
        print("{'kind': 'done'}" * 10_000, flush=True)
        os.write(1, b"\x00\x01\x02\x03")


class Alpha2BetaForeign(Stage):
    """Needs a distribution that no test environment has, and says where it ran."""

    name = "alpha2beta.foreign"
    source = "alpha"
    target = "beta"
    requirements = ("mlconvert-elsewhere>=1",)

    def available(self, options: Any, host: Host) -> Iterator[Refusal]:
        if importlib.util.find_spec("mlconvert_elsewhere") is None:
            yield Refusal("no-elsewhere", "mlconvert_elsewhere cannot be imported here")

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        elsewhere = importlib.import_module("mlconvert_elsewhere")
        line.beta(out, line.read(artifact))
        return Outcome(artifact.signature, {"prefix": sys.prefix, "answer": elsewhere.ANSWER}, "text")


class Alpha2BetaRival(Stage):
    """A second provider, of a licence that some users forbid."""

    name = "alpha2beta.rival"
    source = "alpha"
    target = "beta"
    licence = "AGPL-3.0"

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        line.beta(out, line.read(artifact))
        return Outcome(artifact.signature, {"rival": True}, "text")


@dataclass(frozen=True)
class Beta2GammaOptions:
    """An option of every kind."""

    level: Annotated[int, Help("passed on to the stage before")] = 3
    workspace: Annotated[int, Help("a size", parse=read_bytes, metavar="SIZE")] = 2**20
    ratio: Annotated[float, Help("a number")] = 0.5
    fast: Annotated[bool, Help("a switch")] = False
    table: Annotated[Optional[Path], Help("a file")] = None
    labels: Annotated[tuple[str, ...], Help("words")] = ()
    sizes: Annotated[tuple[int, ...], Help("numbers")] = (1, 2)
    modes: Annotated[tuple[Literal["loud", "soft"], ...], Help("words out of some")] = ()


class Beta2Gamma(Stage):
    """Rewrites the text as a folder; wants a level of the stage before it."""

    name = "beta2gamma"
    source = "beta"
    target = "gamma"
    Options = Beta2GammaOptions

    def wants(self, options: Beta2GammaOptions) -> Mapping[str, Any]:
        return {"level": options.level}

    def convert(self, artifact: Artifact, options: Beta2GammaOptions, out: Path, ctx: Context) -> Outcome:
        if "loud" in options.modes:
            raise ConversionError("this is too loud", code="too-loud", where="modes", fix="be soft")
        line.gamma(out, line.read(artifact))
        return Outcome(artifact.signature)


class Beta2Delta(Stage):
    """Rewrites the text as a file with another one beside it."""

    name = "beta2delta"
    source = "beta"
    target = "delta"

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        line.delta(out, line.read(artifact))
        return Outcome(artifact.signature)


class _ToOmega(Stage):
    """Two stages that make two routes from alpha to omega equally good."""

    target = "omega"

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        line.omega(out, line.read(artifact))
        return Outcome(artifact.signature)


class Gamma2Omega(_ToOmega):
    """From the folder."""

    name = "gamma2omega"
    source = "gamma"


class Delta2Omega(_ToOmega):
    """From the file with another one beside it."""

    name = "delta2omega"
    source = "delta"


@dataclass(frozen=True)
class ScaleOptions:
    """By how much."""

    factor: Annotated[float, Help("every number times this")] = 1.0


def _scaled(found: Line, factor: float) -> Line:
    weight, bias = (tuple(factor * number for number in numbers) for numbers in (found.weight, found.bias))
    return replace(found, weight=weight, bias=bias)


class Beta2BetaScale(Stage):
    """A pass that fails parity with any factor but 1."""

    name = "beta2beta.scale"
    source = target = "beta"
    licence = "GPL-3.0-only"
    Options = ScaleOptions

    def convert(self, artifact: Artifact, options: ScaleOptions, out: Path, ctx: Context) -> Outcome:
        line.beta(out, _scaled(line.read(artifact), options.factor), hexadecimal=artifact.flavour == "hex")
        return Outcome(artifact.signature, flavour=artifact.flavour)


class Delta2DeltaScale(Stage):
    """A pass of the same name on another format."""

    name = "delta2delta.scale"
    source = target = "delta"
    Options = ScaleOptions

    def convert(self, artifact: Artifact, options: ScaleOptions, out: Path, ctx: Context) -> Outcome:
        line.delta(out, _scaled(line.read(artifact), options.factor))
        return Outcome(artifact.signature)


class Beta2BetaTidy(Stage):
    """A pass that makes every file of text, and touches no number."""

    name = "beta2beta.tidy"
    source = target = "beta"

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        line.beta(out, line.read(artifact))
        return Outcome(artifact.signature, flavour="text")
