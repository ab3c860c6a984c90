"""mlconvert as a process: interrupts, pipes, terminals and completion."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlconvert_toys import line

TOYS = Path(line.__file__).parent.parent


def environment(folder: Path) -> dict[str, str]:
    (folder / "tmp").mkdir(exist_ok=True)
    own = {"PYTHONPATH": str(TOYS), "TMPDIR": str(folder / "tmp"), "MLCONVERT_CACHE_DIR": str(folder / "cache")}
    return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}


def started(folder: Path, *words: str, **given: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mlconvert", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=environment(folder), text=True, **{**pipes, **given})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "docker stop"])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    line.alpha(tmp_path / "m.alpha")
    with started(tmp_path, "alpha2beta", "m.alpha", "-o", "new/m.beta", "--mischief", "hang", "-v") as process:
        assert process.stderr is not None
        while "hanging" not in process.stderr.readline():
            assert process.poll() is None
        (worker,) = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "interrupted; what stood at the target was kept"
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    assert not list((tmp_path / "tmp").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == ["m.alpha", "tmp"]


def test_a_kill_ends_the_worker_and_the_next_run_clears_up(tmp_path: Path) -> None:
    line.alpha(tmp_path / "m.alpha")
    with started(tmp_path, "alpha2beta", "m.alpha", "--mischief", "hang", "-v") as process:
        assert process.stderr is not None
        while "hanging" not in process.stderr.readline():
            assert process.poll() is None
        (worker,) = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate(timeout=30)
    worker.wait(10)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".m.beta")]
    with started(tmp_path, "alpha2beta", "m.alpha") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "passed" in out
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_reader_that_goes_away_is_no_defect(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with started(tmp_path, "graph", "--format", "json", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_a_pipeline(tmp_path: Path) -> None:
    line.alpha(tmp_path / "m.alpha")
    command = f"{sys.executable} -m mlconvert alpha2gamma m.alpha --json | {sys.executable} -m json.tool --indent 1"
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["format"] == "gamma"
    assert done.stderr == ""


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell_name: str) -> None:
    def answer(**given: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "mlconvert")],
            env={**environment(tmp_path), **given},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.stdout

    assert "_MLCONVERT_COMPLETE" in answer(_MLCONVERT_COMPLETE=f"{shell_name}_source")
    if shell_name == "bash":
        found = answer(_MLCONVERT_COMPLETE="bash_complete", COMP_WORDS="mlconvert alpha", COMP_CWORD="1")
        assert "plain,alpha2omega" in found.splitlines()
        words = "mlconvert alpha2gamma m.alpha --work"
        found = answer(_MLCONVERT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="3")
        assert found.splitlines() == ["plain,--workspace"]


def test_a_terminal_sees_progress_and_a_pipe_does_not(tmp_path: Path) -> None:
    line.alpha(tmp_path / "m.alpha")
    controller, terminal = os.openpty()
    with started(tmp_path, "alpha2gamma", "m.alpha", stderr=terminal) as process:
        os.close(terminal)
        drawn = b""
        while True:
            try:
                piece = os.read(controller, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            drawn += piece
        out, _ = process.communicate(timeout=60)
    os.close(controller)
    assert process.returncode == 0
    assert b"alpha \xe2\x86\x92 beta \xe2\x86\x92 gamma" in drawn
    assert b"\x1b[" in drawn
    assert "\x1b" not in out
