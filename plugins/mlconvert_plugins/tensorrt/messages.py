"""What TensorRT says while it works: its messages, and its progress."""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert.stage import Context
from mlconvert_plugins.tensorrt.library import Bindings, Library

if TYPE_CHECKING:
    import tensorrt

# TensorRT's severities: INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE.
_ERROR, _WARNING = 1, 2
_SECONDS_BETWEEN = 0.2


class Messages:
    """The messages of one library. TensorRT keeps the first logger that it sees, so each library has one for good."""

    def __init__(self, trt: Bindings) -> None:
        self.errors: list[str] = []
        self._ctx: Context | None = None
        self.logger = _logger(trt, self._hear)

    @contextlib.contextmanager
    def heard_by(self, ctx: Context | None) -> Iterator[Messages]:
        """Collect errors and pass warnings on to `ctx` while this lasts."""
        self.errors, self._ctx = [], ctx
        try:
            yield self
        finally:
            self._ctx = None

    def _hear(self, severity: int, text: str) -> None:
        if severity <= _ERROR:
            self.errors.append(text)
        elif severity == _WARNING and self._ctx is not None:
            self._ctx.log(clean(text))


# "In node 3 with name: x and operator: y (func): CODE: " and "[file.cpp::func::12] Error Code 2: " say nothing more.
_NOISE = (
    re.compile(r"In node -?\d+ with name:.*? and operator:.*?\(\w+\): \w+: ", re.DOTALL),
    re.compile(r"^\w+\.cpp:\d+: "),
    re.compile(r"\[[\w./]+::[\w:]+::\d+\] "),
    re.compile(r"^\w+::\w+: "),
    re.compile(r"Error Code \d+: "),
    re.compile(r"\[\w+\.cpp:\d+: \w+\] "),
    re.compile(r" ?In \w+ at \S+?:\d+"),
    re.compile(r"Assertion failed: "),
)
_MESSAGE = re.compile(r'&& "(?P<message>[^"]*)"')


def clean(text: str, limit: int = 300) -> str:
    """One of TensorRT's messages on one line, without the places in TensorRT's own source."""
    stated = _MESSAGE.search(text)
    if stated is not None:
        return stated["message"]
    for noise in _NOISE:
        text = noise.sub("", text)
    line = " ".join(text.split()).strip(" .)(")
    return line if len(line) <= limit else line[:limit] + "…"


@functools.cache
def messages_of(library: Library) -> Messages:
    """The messages of a library, with the plugins that come with it registered."""
    trt = library.load()
    messages = Messages(trt)
    trt.init_libnvinfer_plugins(messages.logger, "")
    return messages


def _logger(trt: Bindings, hear: Any) -> tensorrt.ILogger:
    """A logger that hands severity and text to `hear`, from whichever thread TensorRT speaks."""

    def initialise(self: Any) -> None:
        trt.ILogger.__init__(self)

    def log(self: Any, severity: Any, text: str) -> None:
        hear(int(severity), text)

    # The base class is chosen at run time, which a class statement cannot say to a type checker.
    logger: tensorrt.ILogger = type("Logger", (trt.ILogger,), {"__init__": initialise, "log": log})()
    return logger


def progress_monitor(trt: Bindings, ctx: Context) -> tensorrt.IProgressMonitor:
    """A monitor that tells `ctx` the part of the outermost phase that is done, a few times a second.

    TensorRT calls it from its builder's threads.
    """
    progress = _Progress(ctx)
    body = {
        "__init__": lambda self: trt.IProgressMonitor.__init__(self),
        "phase_start": lambda self, phase, parent, steps: progress.start(phase, parent, steps),
        "step_complete": lambda self, phase, step: progress.step(phase, step),
        "phase_finish": lambda self, phase: progress.finish(phase),
    }
    monitor: tensorrt.IProgressMonitor = type("ProgressMonitor", (trt.IProgressMonitor,), body)()
    return monitor


class _Progress:
    """Phases within phases, as one fraction. The last one told is never smaller than the one before."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.spans: dict[str, tuple[float, float, int]] = {}
        self.done = 0.0
        self.told = float("-inf")

    def start(self, phase: str, parent: str | None, steps: int) -> None:
        begin, end = 0.0, 1.0
        if parent in self.spans:
            low, high, parts = self.spans[parent]
            begin, end = self.done, min(high, self.done + (high - low) / max(parts, 1))
        self.spans[phase] = (begin, max(begin, end), steps)
        self._tell(phase)

    def step(self, phase: str, step: int) -> bool:
        """Whether to go on, which is always."""
        if phase in self.spans:
            low, high, parts = self.spans[phase]
            self.done = max(self.done, low + (high - low) * (step + 1) / max(parts, 1))
            self._tell(phase)
        return True

    def finish(self, phase: str) -> None:
        if phase in self.spans:
            self.done = max(self.done, self.spans.pop(phase)[1])

    def _tell(self, phase: str) -> None:
        now = time.monotonic()
        if now - self.told >= _SECONDS_BETWEEN:
            self.told = now
            self.ctx.progress(phase, min(self.done, 1.0))
