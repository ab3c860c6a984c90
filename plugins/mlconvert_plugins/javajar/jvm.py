"""The JVM as a child process, asked over a pipe for as long as it is open: any program of ours, the driver of jars."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

from mlconvert.errors import ConversionError, Refusal
from mlconvert.runner import DeviceAbsentError
from mlconvert.text import for_terminal

INSTALL = (
    "install a Java runtime of version 11 or newer (apt-get install default-jre-headless), or set JAVA_HOME to one"
)
_LENGTH = struct.Struct("<i")
_TOO_OLD = "UnsupportedClassVersionError"
_LAST_LINES = 3
_SAID = 2**16


def java() -> str:
    """The JVM of JAVA_HOME, else of PATH. Raises DeviceAbsentError where there is none."""
    found = next(_candidates(), None)
    if found is None:
        raise DeviceAbsentError("there is no Java here, neither in JAVA_HOME nor on PATH", fix=INSTALL)
    return found


def absent() -> Refusal | None:
    """Why there is no JVM to start; None where there is one."""
    try:
        java()
    except DeviceAbsentError as error:
        return Refusal("no-java", error.message, fix=error.fix)
    return None


def _candidates() -> Iterator[str]:
    home = os.environ.get("JAVA_HOME")
    for name in (str(Path(home, "bin", "java")) if home else "", "java"):
        found = shutil.which(name) if name else None
        if found:
            yield found


class JavaProcess(ABC):
    """A JVM with a program of ours, which answers requests one after the other. Use it as a context manager.

    Requests and answers are a length (int32, little-endian) and a body; an answer's body begins with a byte, 0 where
    the request was done. `memory` bounds the heap in bytes, `seconds` every answer: a late JVM is killed.
    """

    # What a user can do about a JVM that died without a word.
    advice = ""

    def __init__(
        self,
        class_path: Sequence[Path],
        program: str,
        arguments: Sequence[str] = (),
        *,
        memory: int,
        seconds: float,
        flags: Sequence[str] = (),
    ) -> None:
        self.memory = memory
        self.seconds = seconds
        # One thread of its own beside the one that works; what it is for is over soon.
        own = (f"-Xmx{memory >> 20}m", "-XX:+UseSerialGC", "-XX:-UsePerfData", *flags)
        self._command = [java(), *own, "-cp", os.pathsep.join(map(str, class_path)), program, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._late = False
        self.greeting = memoryview(b"")

    def __enter__(self) -> Self:
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, cwd=tempfile.gettempdir()
        )
        try:
            self.greeting = self._answer(b"", self.seconds)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._said is not None:
            self._said.close()

    def request(self, body: bytes, seconds: float | None = None) -> memoryview:
        """The body of the answer. Raises ConversionError: what `refusal` makes of it, `worker-died` or `timeout`."""
        return self._answer(_LENGTH.pack(len(body)) + body, self.seconds if seconds is None else seconds)

    @abstractmethod
    def refusal(self, body: bytes) -> ConversionError:
        """The error that a refused request ends with."""

    def _answer(self, request: bytes, seconds: float) -> memoryview:
        process = self._process
        assert process is not None, "use the JVM as a context manager"
        self._late = False
        watch = threading.Timer(seconds, self._stop, [process])
        watch.start()
        try:
            answer = _exchange(process, request)
        except BaseException:  # an interrupt leaves an answer under way that nobody would read
            self.close()
            raise
        finally:
            watch.cancel()
        if answer is None:
            raise self.death(process.wait(), self._last_said(), seconds)
        if answer[0]:
            raise self.refusal(bytes(answer[1:]))
        return answer[1:]

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        self._late = True
        process.kill()

    def _last_said(self) -> str:
        assert self._said is not None
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - _SAID))
        return self._said.read().decode(errors="replace")

    def death(self, code: int, said: str, seconds: float) -> ConversionError:
        """Why there was no answer, by the exit code and the last that the JVM said."""
        if self._late:
            return ConversionError(f"the JVM was stopped after {seconds:g} s without an answer", code="timeout")
        if _TOO_OLD in said:
            return DeviceAbsentError("the Java here is older than 11", fix=INSTALL)
        lines = [line.strip() for line in said.splitlines() if line.strip()][-_LAST_LINES:]
        message = f"the JVM ended with code {code}" + (
            f"; it last said: {for_terminal(' / '.join(lines))}" if lines else ""
        )
        return ConversionError(message, code="worker-died", fix=self.advice)


class Jvm(JavaProcess):
    """A JVM with one jar in it. `java/driver` answers; its class `Serve` documents the messages."""

    advice = "run the jar by itself: java -jar JAR --self-test"

    def __init__(self, driver: Path, arguments: Sequence[str], *, memory: int, seconds: float) -> None:
        super().__init__((driver,), "mlconvert.driver.Serve", arguments, memory=memory, seconds=seconds)

    def ask(self, command: bytes, *body: bytes) -> memoryview:
        """The body of the driver's answer.

        Raises ConversionError: `jar-refused` with the jar's own reason, `worker-died`, `timeout` or `out-of-memory`.
        """
        return self.request(b"".join((command, *body)))

    def refusal(self, body: bytes) -> ConversionError:
        """The jar's own reason."""
        reason = body.decode(errors="replace")
        code = "out-of-memory" if "OutOfMemoryError" in reason else "jar-refused"
        message = f"the jar answers: {for_terminal(reason, 300)}"
        return ConversionError(message, code=code, fix="convert the model again")


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> memoryview | None:
    """Send a request, and wait for an answer; None where the process has died."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(request)
        process.stdin.flush()
    except BrokenPipeError:
        return None
    head = process.stdout.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = process.stdout.read(length)
    return memoryview(body) if len(body) == length else None
