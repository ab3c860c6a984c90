"""The one JVM of a process: it answers, refuses in one line, dies with a reason, and grows when it must."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import lightgbm_models as models
from boosted_documents import made
from lightgbm_models import Case
from mlconvert.errors import ConversionError
from mlconvert_plugins.jpmml import session
from mlconvert_plugins.jpmml.session import Session
from mlconvert_plugins.lightgbm2pmml import Lightgbm2Pmml

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pmml")
    path = models.save(Case(), folder / "m")
    return made(Lightgbm2Pmml(), path, folder / "m.pmml").path


@pytest.fixture
def small() -> Iterator[Session]:
    with Session(64 * MEBIBYTE) as started:
        yield started


def test_there_is_one_for_all_who_ask() -> None:
    first = session.session(64 * MEBIBYTE)
    assert session.session(first.memory) is first and first.alive


def test_a_larger_one_replaces_it_once_nothing_is_open_in_it(document: Path) -> None:
    session.close()
    first = session.session(64 * MEBIBYTE)
    first.opened += 1
    number = first.ask("open", kind="pmml", path=str(document))["subject"]
    second = session.session(128 * MEBIBYTE)
    assert second is not first and second.alive
    first.ask("close", subject=number)
    session.release(first)
    assert not first.alive and session.session(0) is second


def test_one_that_died_is_replaced(small: Session) -> None:
    dead = session.session(64 * MEBIBYTE)
    assert dead._process is not None
    os.kill(dead._process.pid, signal.SIGKILL)
    with pytest.raises(ConversionError) as caught:
        dead.ask("close", subject=0)
    assert caught.value.code == "worker-died" and "--heap" in caught.value.fix
    assert session.session(64 * MEBIBYTE) is not dead


def test_refusals_are_one_line_each(small: Session, tmp_path: Path) -> None:
    broken = tmp_path / "m.pmml"
    broken.write_text("no\n<xml\n")
    for do, fields, code in (
        ("dance", {}, "unknown-command"),
        ("score", {"subject": 7}, "not-open"),
        ("open", {"kind": "pmml", "path": str(broken)}, "bad-pmml"),
        ("open", {"kind": "pmml", "path": str(tmp_path / "none")}, "jpmml-refused"),
    ):
        with pytest.raises(ConversionError) as caught:
            small.ask(do, **fields)
        assert caught.value.code == code and caught.value.message and "\n" not in caught.value.message
    assert small.alive


def test_a_late_answer_is_not_waited_for(small: Session, document: Path) -> None:
    with pytest.raises(ConversionError, match=r"0\.01 s") as caught:
        small.ask("open", seconds=0.01, kind="pmml", path=str(document))
    assert caught.value.code == "timeout" and not small.alive


def test_too_little_memory_is_said_with_the_number_to_raise(document: Path) -> None:
    with Session(8 * MEBIBYTE) as tiny, pytest.raises(ConversionError) as caught:
        for _ in range(500):
            tiny.ask("open", kind="pmml", path=str(document))
    error = caught.value
    assert (error.code, error.where) == ("out-of-memory", "heap")
    assert "a heap of 8MiB" in error.message and "--heap 16MiB" in error.fix
