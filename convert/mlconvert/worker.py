"""The one mechanism for another process: this interpreter or another environment's, with limits.

A worker runs named functions (`package.module:function`) one at a time and answers over a pipe of its own, so that
whatever a library prints cannot break the protocol. It dies with its parent, and a crash in it is an error here. It
bounds memory and time and survives aborts; it is no sandbox.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

from mlconvert import wire
from mlconvert.errors import ConversionError, Fault, InternalError, UsageError

Emit = Callable[[str, "dict[str, Any]"], None]

_BOOT = (
    "import json, sys; own = sys.path[:]; sys.path[:] = json.loads(sys.argv[1]); "
    "sys.path += own if sys.argv[3:] else []; "
    "from mlconvert.worker import serve; serve(int(sys.argv[2]))"
)
_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 2


class Worker:
    """A child process that runs functions. Use it as a context manager.

    `python` is its interpreter and `path` where it looks for modules; for another interpreter than this one, where it
    looks before its own places. `memory` bounds its resident bytes and `seconds` each call; both kill it and raise
    ConversionError.
    """

    def __init__(
        self,
        *,
        python: str = sys.executable,
        path: Optional[list[str]] = None,
        memory: Optional[int] = None,
        seconds: Optional[float] = None,
        environment: Optional[dict[str, str]] = None,
    ) -> None:
        self.python = python
        self.path = [entry for entry in sys.path if entry] if path is None else path
        self.memory = memory
        self.seconds = seconds
        self.environment = environment or {}
        self.peak_memory = 0
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._answers: queue.Queue[Optional[dict[str, Any]]] = queue.Queue()
        self._said: collections.deque[str] = collections.deque(maxlen=200)

    def __enter__(self) -> Worker:
        self._folder = tempfile.TemporaryDirectory(prefix="mlconvert-", ignore_cleanup_errors=True)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def _start(self) -> None:
        # Nothing is ever written to this pipe: that it breaks tells the child that its parent is gone.
        watched, self._lifeline = os.pipe()
        foreign = [] if self.python == sys.executable else ["foreign"]
        self._process = subprocess.Popen(
            [self.python, "-c", _BOOT, json.dumps(self.path), str(watched), *foreign],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.environment, "PYTHONSAFEPATH": "1"},
            pass_fds=[watched],
            start_new_session=True,
        )
        os.close(watched)
        self._answers = queue.Queue()
        self._readers = (
            threading.Thread(target=_read_answers, args=(self._process, self._answers), daemon=True),
            threading.Thread(target=_read_output, args=(self._process, self._said), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(self._lifeline)
        for reader in self._readers:
            reader.join(_GRACE_SECONDS)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def call(self, target: str, /, emit: Optional[Emit] = None, **arguments: Any) -> Any:
        """Run `target` (`package.module:function`) in the worker and return its answer.

        Raises what the function raised, as ConversionError or InternalError; ConversionError with the code
        `worker-died`, `timeout` or `out-of-memory` when there was no answer.
        """
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None and process.stdin is not None
        folder = Path(self._folder.name)
        try:
            message = {"target": target, "folder": str(folder), "arguments": wire.encode(arguments, folder)}
            wire.send(process.stdin, message)  # type: ignore[arg-type]
        except BrokenPipeError:
            self._raise_death(process)
        try:
            for answer in self._wait(process):
                if answer["kind"] == "done":
                    return wire.decode(answer["value"], folder)
                if answer["kind"] == "fault":
                    raise wire.decode(answer["value"], folder).exception()
                if emit is not None:
                    emit(answer["kind"], wire.decode(answer["value"], folder))
        except BaseException as error:
            # An interrupt or a listener's error leaves a call under way, whose answer nobody would read.
            if not isinstance(error, (ConversionError, InternalError)):
                self.kill()
            raise

    def _wait(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        started = watched = time.monotonic()
        while True:
            # A child that talks without a pause is watched, too.
            if time.monotonic() - watched > _WATCH_SECONDS:
                watched = time.monotonic()
                self._watch(process, watched - started)
            try:
                answer = self._answers.get(timeout=_WATCH_SECONDS)
            except queue.Empty:
                continue
            if answer is None:
                self._raise_death(process)
            else:
                yield answer

    def _watch(self, process: subprocess.Popen[bytes], elapsed: float) -> None:
        if self.seconds is not None and elapsed > self.seconds:
            self.kill()
            raise ConversionError(f"stopped after {self.seconds:g} s without an answer", code="timeout")
        resident = _resident(process.pid)
        self.peak_memory = max(self.peak_memory, resident)
        if self.memory is not None and resident > self.memory:
            self.kill()
            raise ConversionError(
                f"stopped when it took more than {self.memory / 2**20:.0f} MiB of memory", code="out-of-memory"
            )

    def _raise_death(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        self.kill()  # also what it has started
        code = process.wait()
        said = [line for line in self._said if line.strip()]
        died = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        message = f"the library that was at work ended its process ({died})"
        if said:
            message += f"; it last said: {said[-1]}"
        if code == -signal.SIGKILL:
            message += "; SIGKILL is also what a machine that ran out of memory sends"
        raise ConversionError(message, code="worker-died", fix="run it again with -v to see all that it said")

    def output(self) -> str:
        """The last lines that libraries printed in the worker."""
        return "\n".join(self._said)


def _read_answers(process: subprocess.Popen[bytes], answers: queue.Queue[Optional[dict[str, Any]]]) -> None:
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError):
        while (message := wire.receive(process.stdout)) is not None:  # type: ignore[arg-type]
            answers.put(message)
    answers.put(None)


def _read_output(process: subprocess.Popen[bytes], said: collections.deque[str]) -> None:
    assert process.stderr is not None
    with contextlib.suppress(OSError, ValueError):
        for line in process.stderr:
            said.append(line.decode(errors="replace").rstrip())


def _resident(pid: int) -> int:
    """Resident bytes of a process; 0 where the system has no /proc."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


# --- the child's side --------------------------------------------------------------------------------

_out: Any = None
_lock = threading.Lock()


def emit(kind: str, entry: dict[str, Any]) -> None:
    """Send a message that is no answer to whoever called: log, warning, progress."""
    if _out is not None:
        with _lock:
            wire.send(_out, {"kind": kind, "value": wire.encode(entry)})


def serve(lifeline: int) -> None:
    """Answer calls until the parent is gone, which breaks the pipe `lifeline`."""
    global _out
    _end_with(lifeline)
    _out = os.fdopen(os.dup(1), "wb")
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    calls: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read_requests, args=(requests, calls), daemon=True).start()
    while True:
        _answer(calls.get())


def _end_with(lifeline: int) -> None:
    """Have the kernel end this process and all that it started when the pipe breaks.

    SIGIO does it, by its default action: code in C that holds the interpreter's lock cannot put it off.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _read_requests(requests: Any, calls: queue.Queue[dict[str, Any]]) -> None:
    while (message := wire.receive(requests)) is not None:
        calls.put(message)
    os._exit(0)  # the parent is gone


def _answer(message: dict[str, Any]) -> None:
    folder = Path(message["folder"])
    try:
        module, _, name = message["target"].partition(":")
        function = getattr(importlib.import_module(module), name)
        value = function(**wire.decode(message["arguments"], folder))
        answer = {"kind": "done", "value": wire.encode(value, folder)}
    except BaseException as error:  # noqa: BLE001  # the parent hears of everything
        answer = {"kind": "fault", "value": wire.encode(fault_of(error))}
    with _lock:
        wire.send(_out, answer)


def fault_of(error: BaseException) -> Fault:
    """An exception in the form that crosses the boundary; errors of the disk and of memory become the user's."""
    if isinstance(error, ConversionError):
        kind = "usage" if isinstance(error, UsageError) else "conversion"
        return Fault(kind, error.message, error.code, error.where, error.fix, error.refusals)
    if isinstance(error, MemoryError):
        return Fault("conversion", "not enough memory", "out-of-memory")
    if isinstance(error, OSError) and error.errno in _DISK:
        code, fix = _DISK[error.errno]
        return Fault("conversion", f"{error.strerror}: {error.filename or 'the output'}", code, fix=fix)
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Fault("internal", f"{type(error).__name__}: {error}", trace=trace)


_DISK = {
    errno.ENOSPC: ("disk-full", "free some space, or write to another disk with -o"),
    errno.EDQUOT: ("disk-full", "free some space, or write to another disk with -o"),
    errno.EACCES: ("not-permitted", "check the permissions of the file and its folder"),
    errno.EPERM: ("not-permitted", "check the permissions of the file and its folder"),
    errno.EROFS: ("not-permitted", "write to another place with -o"),
    errno.ENAMETOOLONG: ("bad-name", "choose a shorter name with -o"),
}
