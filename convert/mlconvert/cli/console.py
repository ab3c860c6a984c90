"""What a person sees while a conversion runs: on stderr, drawn with rich on a terminal, quiet elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import click

from mlconvert.reports.summary import verdict, what
from mlconvert.text import for_terminal


class Console:
    """A listener of the frame. Use it as a context manager around the work."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self.verbose = verbose
        self.quiet = quiet
        self._live = sys.stderr.isatty() and not quiet
        self._progress: Any = None
        self._task: Any = None
        self._hop = ""
        self._started = time.monotonic()

    def __enter__(self) -> Console:
        if self._live:
            from rich.console import Console as Terminal
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            self._progress = Progress(*columns, console=Terminal(stderr=True), transient=True)
            self._task = self._progress.add_task("starting", total=None)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, kind: str, entry: dict[str, Any]) -> None:
        """Hear of one event."""
        tell = getattr(self, f"_on_{kind}", None)
        if tell is not None:
            tell(entry)

    def _say(self, text: str) -> None:
        if self.quiet:
            return
        if self._progress is not None:
            self._progress.console.print(for_terminal(text), markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(for_terminal(text), err=True)

    def _show(self, text: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, description=for_terminal(text, 100))

    def _on_route(self, entry: dict[str, Any]) -> None:
        source = entry["source"]
        hops = [hop.edge for hop in entry["route"]]
        steps = [what(source.format, source.flavour)]
        for number, edge in enumerate(hops):
            last = number == len(hops) - 1
            label = edge.target if edge.source != edge.target else f"{edge.target} {edge.provider}"
            steps.append(what(label, entry["delivery"].flavour if last else None))
        self._say(" → ".join(steps))
        if entry["delivery"].loads_in:
            self._say(f"  loads in {entry['delivery'].loads_in}")

    def _on_hop(self, entry: dict[str, Any]) -> None:
        self._hop = f"{entry['number'] + 1}/{entry['of']} {entry['hop'].edge.name}"
        self._show(self._hop)
        if self.verbose:
            self._say(f"{self._hop} …")

    def _on_progress(self, entry: dict[str, Any]) -> None:
        done = entry.get("done")
        self._show(f"{self._hop}: {entry['text']}" + (f" {done:.0%}" if done is not None else ""))

    def _on_log(self, entry: dict[str, Any]) -> None:
        if self.verbose:
            self._say(f"  {time.monotonic() - self._started:6.1f} s  {entry['text']}")

    def _on_warning(self, entry: dict[str, Any]) -> None:
        self._say(f"warning: {entry['text']}")

    def _on_check(self, entry: dict[str, Any]) -> None:
        if self.verbose:
            self._say(f"  parity of {entry['stage']}: {verdict(entry)}")
