"""The command line. Its words come from entry-point names: `--help` loads no plugin, no numpy and no rich."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from mlconvert import __version__, edges
from mlconvert.text import suggestion

# Verb → (module, command, one line for --help): the modules are imported when a verb is used.
_VERBS = {
    "convert": ("mlconvert.cli.words", "convert", "Convert a file whose format is detected."),
    "inspect": ("mlconvert.cli.verbs", "inspect", "Show what an artifact is."),
    "validate": ("mlconvert.cli.validate", "validate", "Hold artifacts against their source."),
    "bench": ("mlconvert.cli.bench", "bench", "Time artifacts beside their source."),
    "graph": ("mlconvert.cli.verbs", "graph", "Show formats, stages and passes."),
    "cache": ("mlconvert.cli.verbs", "cache", "List or clear kept results."),
}

_EPILOG = """\b
Examples:
  mlconvert torch2trt model.pt2 --dim batch=1:8:32
  mlconvert torch2onnx weights.pt --model net.py:make --input 'x:float32[batch,3,224,224]'
  mlconvert inspect model.onnx

Completion: eval "$(_MLCONVERT_COMPLETE=bash_source mlconvert)"; zsh_source and fish_source work alike."""


class Words(click.Group):
    """Verbs, and every word `<a>2<b>` that the graph answers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs first, then the words of the graph."""
        return [*_VERBS, *edges.words()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The verb or word of that name, imported now."""
        if name in _VERBS:
            module, attribute, _ = _VERBS[name]
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        found = edges.words().get(name)
        if found is None:
            return None
        from mlconvert.cli.words import word_command

        return word_command(name, *found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion on a miss."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = suggestion(args[0], self.list_commands(ctx))
            ctx.fail(f"there is no command {args[0]!r}{near}; `mlconvert --help` lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Two sections, written from names alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _VERBS.items()])
        with formatter.section("Conversions"):
            formatter.write_dl(
                [
                    (name, f"{source} → {target}" if source != target else f"passes over {source} (--pass)")
                    for name, (source, target) in edges.words().items()
                ]
            )


@click.group(cls=Words, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="mlconvert")
def cli() -> None:
    """From a trained model to a production artifact, with proof that it is the same model."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line and exit: 0 done, 1 refused, 2 usage, 3 parity, 4 internal error, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(_run(words))
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; Python would complain about it at exit
        sys.exit(1)


def _run(words: list[str]) -> int:
    if not words:
        words = ["--help"]
    try:
        with _terminated_like_interrupted():
            answer = cli.main(words, prog_name="mlconvert", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # each becomes a message and an exit code
        from mlconvert.cli.failure import report

        return report(error, as_json="--json" in words)


def _terminated_like_interrupted() -> Any:
    """A SIGTERM, as `docker stop` sends it, ends the work as Ctrl-C does: scratch removed, the worker gone."""
    import contextlib
    import signal

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def handled() -> Any:
        before = signal.signal(signal.SIGTERM, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    return handled()
