"""Functions for a worker to run."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, Refusal, UsageError
from mlconvert.worker import emit

if TYPE_CHECKING:
    import numpy as np


def echo(value: Any) -> Any:
    return value


def doubled(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array + array for name, array in arrays.items()}


def pid() -> int:
    return os.getpid()


def where() -> dict[str, str]:
    return {"folder": str(Path.cwd()), "path": os.pathsep.join(sys.path), "word": os.environ.get("TOY_WORD", "")}


def speak() -> str:
    """Write to every stream that a library may write to, by Python and past it, and read from its input."""
    print("out by Python", flush=True)
    print("err by Python", file=sys.stderr, flush=True)
    os.write(1, b"out past Python\n")
    subprocess.run(["sh", "-c", "echo out of a child"], check=True)
    return "spoken" + sys.stdin.read()


def say(count: int) -> None:
    for number in range(count):
        emit("progress", {"text": f"step {number}", "done": number / count})


def chatter() -> None:
    while True:
        emit("progress", {"text": "still at it", "done": None})


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def clench(seconds: int) -> None:
    """Sleep in C with the interpreter's lock held, as a parser may."""
    ctypes.PyDLL(None).sleep(seconds)


def abort() -> None:
    print("the library has lost its temper", file=sys.stderr, flush=True)
    os.abort()


def leave(code: int) -> None:
    os._exit(code)


def hoard(count: int) -> None:
    held = bytearray(count)
    held[:: os.sysconf("SC_PAGE_SIZE")] = b"\x01" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
    time.sleep(60)


def start_child(note: Path) -> None:
    """Leave a child behind and end the process, as a library that starts helpers may."""
    child = subprocess.Popen(["sleep", "60"])
    note.write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    refusals = (Refusal("odd", "weight 1 is odd", "weight[1]", "make it even"),)
    raise ConversionError("it is odd", code="odd", where="model", fix="even it out", refusals=refusals)


def misuse() -> None:
    raise UsageError("that is no word", code="bad-word")


def defect() -> None:
    raise ZeroDivisionError("by zero")


def fail(errno: int) -> None:
    raise OSError(errno, os.strerror(errno), "/some/file")


def run_out() -> None:
    raise MemoryError


def leave_by_exit() -> None:
    sys.exit("a library that exits")


def unspeakable() -> object:
    return object()
