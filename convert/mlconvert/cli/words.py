"""`mlconvert <a>2<b>` and `mlconvert convert`: one command per word, with the flags of the route that it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from mlconvert import api, frame, options, registry, routes, sources
from mlconvert.cli.console import Console
from mlconvert.edges import Edge
from mlconvert.errors import ConversionError, UsageError
from mlconvert.options import Option, parse_pass
from mlconvert.reports.summary import as_text
from mlconvert.request import Request
from mlconvert.text import for_terminal, suggestion

_PATH = click.Path(path_type=Path)


def common() -> list[click.Parameter]:
    """The flags of every conversion, in the order in which `--help` shows them."""
    return [
        click.Argument(["source"], type=_PATH),
        click.Option(["-o", "--out"], type=_PATH, help="Where the artifact goes; default: beside the source."),
        *signature_flags(),
        click.Option(["--via"], multiple=True, metavar="NAME", help="A format or stage that the route must pass."),
        click.Option(
            ["--pass", "passes"], multiple=True, metavar="NAME[:K=V,…]", help="Rewrite an artifact on the way."
        ),
        click.Option(["--no-validate"], is_flag=True, help="Skip parity; the manifest then says unproven."),
        *parity_flags(),
        click.Option(["--require-proof"], is_flag=True, help="Exit 3 unless parity of every hop has passed."),
        click.Option(["--trust"], is_flag=True, help="Open files that can execute code when they are opened."),
        click.Option(["--isolate"], is_flag=True, help="Let a stage run in an environment made for it, if it must."),
        click.Option(
            ["--forbid-license"], multiple=True, metavar="SPDX", help="Take stages of that licence out of the graph."
        ),
        click.Option(["--force"], is_flag=True, help="Replace an artifact that exists."),
        click.Option(["--keep"], is_flag=True, help="Keep intermediate artifacts beside the target."),
        click.Option(["--no-cache"], is_flag=True, help="Neither read nor write kept results."),
        *output_flags(),
    ]


def signature_flags() -> list[click.Parameter]:
    """The flags that complete a signature."""
    return [
        click.Option(
            ["--input", "inputs"], multiple=True, metavar="SPEC", help="An input: 'x:float32[batch,3,224,224]'."
        ),
        click.Option(["--dim", "dims"], multiple=True, metavar="NAME=MIN:OPT:MAX", help="The range of a named dim."),
        click.Option(["--model"], metavar="FACTORY", help="pkg.mod:factory or file.py:factory, for bare weights."),
    ]


def parity_flags() -> list[click.Parameter]:
    """The flags of a comparison."""
    return [
        click.Option(
            ["--data"],
            type=_PATH,
            metavar="DATA",
            help="Inputs instead of drawn ones: npz, csv, parquet, a folder of npy, or pkg.mod:function.",
        ),
        click.Option(["--atol"], type=float, metavar="X", help="Absolute tolerance instead of the declared one."),
        click.Option(["--rtol"], type=float, metavar="X", help="Relative tolerance instead of the declared one."),
        click.Option(["--seed"], type=int, default=0, metavar="N", help="The seed of drawn inputs."),
    ]


def report_flags() -> list[click.Parameter]:
    """The flags of evidence that is kept."""
    suffixes = "Write a report, by its suffix: .html, .md, .json, .xml (JUnit) or .txt; may be given again."
    return [click.Option(["--report", "reports"], type=_PATH, multiple=True, metavar="FILE", help=suffixes)]


def output_flags() -> list[click.Parameter]:
    """The flags of what is shown."""
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON document on stdout."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say what is being done."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors and the artifact's path."),
    ]


class RouteCommand(click.Command):
    """A command whose flags depend on the route: `--via` and `--pass` are read first, then the route's flags."""

    def __init__(self, name: str, origin: str | None, target: str | None, **rest: Any) -> None:
        super().__init__(name, params=common(), callback=self.run, **rest)
        self.origin = origin
        self.target = target
        if target is None:
            self.params.insert(1, click.Option(["--to"], required=True, metavar="FORMAT", help="The target format."))
        self._common = tuple(self.params)
        self.fields: dict[str, tuple[str, Option]] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add the flags of the route that these words name, then parse them all.

        Raises UsageError when they name none, unless help or a completion is asked for.
        """
        self.params = list(self._common)
        self.fields = {}
        try:
            self.params += self._route_flags(args)
        except ConversionError:
            if not ctx.resilient_parsing and not set(ctx.help_option_names).intersection(args):
                raise
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The flags of every conversion, then those of each stage of the route."""
        shown = [p for p in self.params if p.name not in self.fields]
        records = [record for p in shown if (record := p.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl([*records, ("-h, --help", "Show this message and exit.")])
        for stage in dict.fromkeys(stage for stage, _ in self.fields.values()):
            with formatter.section(
                f"Options of {stage} (--{stage}.NAME always works, --NAME where it is the only one)"
            ):
                fields = [field for owner, field in self.fields.values() if owner == stage]
                formatter.write_dl([_help_record(field) for field in fields])

    def _route_flags(self, args: Sequence[str]) -> list[click.Parameter]:
        target = self.target or _value_of(args, "--to")
        origin = self.origin or _origin_of(args)
        if target is None or origin is None:
            return []  # which click, or the source, will have something to say about
        _check_target(target)
        passes = [parse_pass(text)[0] for text in _values_of(args, "--pass")]
        via, forbid = _values_of(args, "--via"), _values_of(args, "--forbid-license")
        return list(self._flags(routes.find(origin, target, via=via, passes=passes, forbid=forbid)))

    def _flags(self, route: Sequence[Edge]) -> Iterator[click.Parameter]:
        taken = {word for parameter in self.params for word in parameter.opts}
        fields = [(edge.name, field) for edge in route for field in options.fields_of(edge.plugin.Options)]
        names = [field.flag for _, field in fields]
        for stage, field in fields:
            short = names.count(field.flag) == 1 and f"--{field.flag}" not in taken
            key = f"option_{len(self.fields)}"
            self.fields[key] = (stage, field)
            yield _flag(key, stage, field, short)
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield _ambiguous(name, [stage for stage, field in fields if field.flag == name])

    def run(self, source: Path, **values: Any) -> int:
        """Convert, and show what was made."""
        given: dict[str, dict[str, Any]] = {}
        for key, (stage, field) in self.fields.items():
            value = values.pop(key)
            if value is not None and value != ():
                given.setdefault(stage, {})[field.name] = ",".join(value) if field.many else value
        return _convert(source, values, given, self.origin, self.target or values.pop("to"))


def _flag(key: str, stage: str, field: Option, short: bool) -> click.Option:
    """A stage's option as a flag: `--onnx2trt.workspace`, and `--workspace` where it is the route's only one."""
    long, plain = f"--{stage}.{field.flag}", f"--{field.flag}"
    if field.kind is bool:
        words = [f"{long}/--{stage}.no-{field.flag}", *([f"{plain}/--no-{field.flag}"] if short else [])]
        return click.Option([key, *words], default=None)
    words = [long, *([plain] if short else [])]
    return click.Option([key, *words], metavar=field.metavar, multiple=field.many)


def _help_record(field: Option) -> tuple[str, str]:
    """One line of the help on a stage's option."""
    if field.kind is bool:
        return f"--[no-]{field.flag}", f"{field.help.text} [default: {'yes' if field.default else 'no'}]"
    default = "" if field.default in (None, ()) else f" [default: {field.default}]"
    return f"--{field.flag} {field.metavar}", field.help.text + default


def _ambiguous(name: str, stages: Sequence[str]) -> click.Option:
    """A short flag that several stages of the route have: using it is a usage error that names them."""

    def refuse(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            full = " or ".join(f"--{stage}.{name}" for stage in stages)
            raise click.UsageError(f"--{name} belongs to several stages of this route; write {full}", ctx)

    return click.Option([f"--{name}", f"ambiguous_{name}"], hidden=True, expose_value=False, callback=refuse)


def _values_of(args: Sequence[str], flag: str) -> list[str]:
    found = [args[place + 1] for place, word in enumerate(args[:-1]) if word == flag]
    return found + [word.partition("=")[2] for word in args if word.startswith(f"{flag}=")]


def _value_of(args: Sequence[str], flag: str) -> str | None:
    return next(iter(_values_of(args, flag)), None)


def _origin_of(args: Sequence[str]) -> str | None:
    """The format of the first word that is a model file."""
    for word in args:
        if not word.startswith("-") and Path(word).exists():
            try:
                return sources.detect(Path(word))[0].name
            except ConversionError:
                continue
    return None


def _convert(
    source: Path, values: dict[str, Any], given: dict[str, dict[str, Any]], origin: str | None, target: str
) -> int:
    as_json, verbose, quiet = (values.pop(name) for name in ("as_json", "verbose", "quiet"))
    request = Request(
        source=source,
        target=target,
        origin=origin,
        options=given,
        inputs=api.read_inputs(values.pop("inputs")),
        dims=api.read_dims(values.pop("dims")),
        passes=tuple(parse_pass(text) for text in values.pop("passes")),
        validate=not values.pop("no_validate"),
        cache=not values.pop("no_cache"),
        **values,
    )
    _check_target(request.target)
    with Console(verbose=verbose, quiet=quiet or as_json) as console:
        result = frame.run(request, console)
    if as_json:
        click.echo(json.dumps(result.manifest, indent=2))
    elif quiet:
        click.echo(_shown_path(result.artifact.path))
    else:
        click.echo(as_text(result.manifest))
        click.echo(f"written   {for_terminal(_shown_path(result.artifact.path))}")
    try:
        api.proven(result, request.require_proof)
    except ConversionError as error:
        if as_json:
            return error.exit_code  # the manifest on stdout says it already
        raise
    return 0


def _check_target(target: str) -> None:
    known = registry.names(registry.FORMATS)
    if target not in known:
        raise UsageError(
            f"there is no format {target!r}" + suggestion(target, known),
            code="unknown-format",
            fix=f"formats are: {', '.join(known)}",
        )


def _shown_path(path: Path) -> str:
    """The path as the user would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def word_command(name: str, origin: str, target: str) -> click.Command:
    """The command for a word of the graph."""
    what = f"Convert {origin} to {target}." if origin != target else f"Rewrite {origin} by passes (--pass)."
    source = sources.load_format(origin)
    options = source.example if origin != target else "--pass NAME"
    example = f"mlconvert {name} model{source.suffix} {options}".rstrip()
    return RouteCommand(name, origin, target, help=what, epilog=f"\b\nExample:\n  {example}")


convert = RouteCommand(
    "convert",
    None,
    None,
    help="Convert a file whose format is detected by its content.",
    epilog="\b\nExample:\n  mlconvert convert model.pt2 --to trt --dim batch=1:8:32",
)
