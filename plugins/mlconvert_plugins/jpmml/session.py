"""The one JVM of this process that runs JPMML, started when it is first asked for and closed with the process.

`java/jpmml` answers; its class `Serve` documents the messages.
"""

from __future__ import annotations

import atexit
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError
from mlconvert.text import for_terminal
from mlconvert_plugins.javajar import compiled
from mlconvert_plugins.javajar.jvm import JavaProcess
from mlconvert_plugins.jpmml import heap, jars

# What one answer may take: a model of thousands of trees is minutes of work.
SECONDS = 1800.0
_FLAGS = (
    # Wherever memory runs out, in a thread of javac's, too: nothing that goes on after it can be trusted.
    "-XX:+ExitOnOutOfMemoryError",
    # The last words of a JVM must not stand where answers do.
    "-XX:+DisplayVMOutputToStderr",
    # Deep trees are deep recursions.
    "-Xss512m",
)
_LONGEST = 600


class Session(JavaProcess):
    """A JVM with JPMML in it, and our `java/jpmml`. `opened` counts who still needs what they have opened in it.

    `class_path` is what our classes find JPMML on, where that is not what is installed.
    """

    advice = "run it again with -v; a larger --heap can help"

    def __init__(self, memory: int, class_path: Sequence[Path] | None = None) -> None:
        whole = (compiled.JPMML, *(jars.class_path() if class_path is None else class_path))
        super().__init__(whole, "mlconvert.jpmml.Serve", memory=memory, seconds=SECONDS, flags=_FLAGS)
        self.opened = 0
        self._lock = threading.Lock()

    def ask(self, do: str, *, seconds: float | None = None, **fields: Any) -> dict[str, Any]:
        """The fields of the answer to the command `do`.

        Raises ConversionError: `jpmml-refused` or a code of the command's own, `out-of-memory`, `timeout` or
        `worker-died`.
        """
        with self._lock:
            answer = self.request(json.dumps({"do": do, **fields}).encode(), seconds)
        found: dict[str, Any] = json.loads(bytes(answer))
        return found

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process is not None and self._process.poll() is None

    def refusal(self, body: bytes) -> ConversionError:
        """JPMML's reason, or ours."""
        told = json.loads(body)
        where = for_terminal(told["where"])
        return ConversionError(for_terminal(told["message"], _LONGEST), code=told["code"], where=where)

    def death(self, code: int, said: str, seconds: float) -> ConversionError:
        """Why there was no answer; memory that ran out is said with what it had and what to try."""
        if "java.lang.OutOfMemoryError" not in said:
            return super().death(code, said, seconds)
        had, more = _size(self.memory), _size(2 * self.memory)
        beyond = 2 * self.memory > heap.machine()
        return ConversionError(
            f"the JVM ran out of memory with a heap of {had}",
            code="out-of-memory",
            where="heap",
            fix=f"give it more: --heap {more}" + (", on a machine that has it" if beyond else ""),
        )


def _size(size: int) -> str:
    return f"{size / 2**30:.3g}GiB" if size >= 2**30 else f"{size >> 20}MiB"


_lock = threading.Lock()
_current: Session | None = None


def session(memory: int) -> Session:
    """The JVM of this process, with a heap of at least `memory` bytes; a smaller one is replaced.

    Raises DeviceAbsentError where there is no Java or no JPMML, ConversionError where the JVM does not start.
    """
    global _current
    with _lock:
        if _current is not None and _current.alive and _current.memory >= memory:
            return _current
        refusal = jars.absent()
        if refusal is not None:
            raise DeviceAbsentError(refusal.message, fix=refusal.fix)
        started = Session(memory).__enter__()
        # Models that are open in the smaller one stay open there, until they are closed.
        if _current is not None and not (_current.alive and _current.opened):
            _current.close()
        if _current is None:
            atexit.register(close)
        _current = started
        return started


def release(used: Session) -> None:
    """Say that a model which was open in a session is no more; a session that was replaced ends with its last one."""
    with _lock:
        used.opened -= 1
        if used is not _current and not used.opened:
            used.close()


def close() -> None:
    """End the JVM of this process, if it has one."""
    global _current
    with _lock:
        if _current is not None:
            _current.close()
        _current = None
