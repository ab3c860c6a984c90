from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from mlconvert.errors import ConversionError, InternalError, UsageError
from mlconvert.worker import Worker
from mlconvert_toys import calls


def call(worker: Worker, name: str, **arguments: Any) -> Any:
    return worker.call(f"{calls.__name__}:{name}", **arguments)


@pytest.fixture
def own() -> Iterator[Worker]:
    """A worker for a test that ends it."""
    with Worker() as worker:
        yield worker


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends in time; one that only waits to be reaped is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


# --- answers --------------------------------------------------------------------------------------------


def test_an_answer_comes_back(worker: Worker) -> None:
    value = {"a": (1, [2.5, None]), "path": Path("x")}
    assert call(worker, "echo", value=value) == value
    assert call(worker, "pid") == call(worker, "pid") != os.getpid()


def test_arrays_come_back_and_leave_nothing(worker: Worker) -> None:
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "empty": np.zeros((0, 4))}
    answer = call(worker, "doubled", arrays=arrays)
    assert np.array_equal(answer["x"], 2 * arrays["x"])
    assert answer["empty"].shape == (0, 4)
    assert not list(Path(worker._folder.name).iterdir())


def test_it_stands_where_its_parent_stands() -> None:
    with Worker(environment={"TOY_WORD": "here"}) as worker:
        found = call(worker, "where")
    assert found == {"folder": str(Path.cwd()), "path": os.pathsep.join(p for p in sys.path if p), "word": "here"}


def test_what_is_printed_does_not_break_the_protocol(own: Worker) -> None:
    assert call(own, "speak") == "spoken"
    assert call(own, "echo", value=1) == 1
    deadline = time.monotonic() + 10
    expected = {"out by Python", "err by Python", "out past Python", "out of a child"}
    while not expected.issubset(own.output().splitlines()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert expected.issubset(own.output().splitlines())


def test_messages_are_heard_in_order(worker: Worker) -> None:
    heard: list[tuple[str, Any]] = []
    worker.call(f"{calls.__name__}:say", lambda kind, entry: heard.append((kind, entry["text"])), count=5)
    assert heard == [("progress", f"step {number}") for number in range(5)]


def test_a_listener_that_fails_ends_the_call(own: Worker) -> None:
    def listen(kind: str, entry: dict[str, Any]) -> None:
        raise RuntimeError("deaf")

    with pytest.raises(RuntimeError, match="deaf"):
        own.call(f"{calls.__name__}:say", listen, count=5)
    assert call(own, "echo", value="after") == "after"


# --- errors ---------------------------------------------------------------------------------------------


def test_the_users_error_crosses_whole(worker: Worker) -> None:
    with pytest.raises(ConversionError) as caught:
        call(worker, "refuse")
    error = caught.value
    assert (error.code, error.where, error.message, error.fix) == ("odd", "model", "it is odd", "even it out")
    assert [refusal.where for refusal in error.refusals] == ["weight[1]"]
    with pytest.raises(UsageError, match="that is no word"):
        call(worker, "misuse")


def test_a_defect_keeps_its_trace(worker: Worker) -> None:
    with pytest.raises(InternalError, match="ZeroDivisionError: by zero") as caught:
        call(worker, "defect")
    assert "calls.py" in caught.value.trace
    with pytest.raises(InternalError, match="SystemExit: a library that exits"):
        call(worker, "leave_by_exit")
    with pytest.raises(InternalError, match="object does not cross"):
        call(worker, "unspeakable")
    with pytest.raises(InternalError, match="has no attribute 'nothing'"):
        call(worker, "nothing")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "not-permitted"),
        (errno.EROFS, "not-permitted"),
    ],
)
def test_errors_of_the_disk_are_the_users(worker: Worker, number: int, code: str) -> None:
    with pytest.raises(ConversionError, match="/some/file") as caught:
        call(worker, "fail", errno=number)
    assert caught.value.code == code
    assert caught.value.fix
    with pytest.raises(InternalError, match="FileNotFoundError"):
        call(worker, "fail", errno=errno.ENOENT)
    with pytest.raises(ConversionError) as caught:
        call(worker, "run_out")
    assert caught.value.code == "out-of-memory"


# --- deaths and limits ----------------------------------------------------------------------------------


def test_an_abort_is_an_error_that_quotes_the_library(own: Worker) -> None:
    with pytest.raises(ConversionError) as caught:
        call(own, "abort")
    assert caught.value.code == "worker-died"
    assert "signal SIGABRT" in caught.value.message
    assert "it last said: the library has lost its temper" in caught.value.message
    assert call(own, "echo", value="again") == "again"


def test_an_exit_is_an_error(own: Worker) -> None:
    with pytest.raises(ConversionError, match="exit code 3"):
        call(own, "leave", code=3)
    with pytest.raises(ConversionError, match="exit code 0"):
        call(own, "leave", code=0)


def test_a_death_takes_its_children_along(own: Worker, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(ConversionError, match="SIGKILL"):
        call(own, "start_child", note=note)
    assert gone(int(note.read_text()))


@pytest.mark.parametrize(
    ("name", "arguments"), [("sleep", {"seconds": 60}), ("clench", {"seconds": 60}), ("chatter", {})]
)
def test_a_call_that_takes_too_long_is_ended(name: str, arguments: dict[str, Any]) -> None:
    with Worker(seconds=0.5) as worker:
        pid = call(worker, "pid")
        started = time.monotonic()
        with pytest.raises(ConversionError, match=r"stopped after 0\.5 s") as caught:
            call(worker, name, **arguments)
        assert caught.value.code == "timeout"
        assert time.monotonic() - started < 10
        assert gone(pid)
        assert call(worker, "echo", value="again") == "again"


def test_memory_has_a_limit() -> None:
    with Worker(memory=100 * 2**20) as worker:
        call(worker, "pid")
        with pytest.raises(ConversionError, match="more than 100 MiB") as caught:
            call(worker, "hoard", count=200 * 2**20)
        assert caught.value.code == "out-of-memory"
        assert worker.peak_memory > 100 * 2**20


def test_the_end_of_the_context_ends_the_process() -> None:
    with Worker() as worker:
        pid = call(worker, "pid")
        folder = Path(worker._folder.name)
    assert gone(pid)
    assert not folder.exists()


def test_an_interrupt_ends_the_call(own: Worker) -> None:
    pid = call(own, "pid")
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call(own, "sleep", seconds=60)
    timer.join()
    assert gone(pid)
    assert call(own, "echo", value="again") == "again"


PARENT = """
import sys
from mlconvert.worker import Worker
with Worker() as worker:
    print(worker.call("mlconvert_toys.calls:pid"), flush=True)
    worker.call("mlconvert_toys.calls:" + sys.argv[1], **({"seconds": 60} if len(sys.argv) > 2 else {}))
"""


@pytest.mark.parametrize("words", [["sleep", "60"], ["clench", "60"], ["chatter"]], ids=" ".join)
def test_it_dies_with_its_parent(words: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(calls.__file__).parent.parent)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *words], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
        parent.wait()
    assert gone(pid)
