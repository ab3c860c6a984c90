"""A worker that stays warm from one conversion to the next, and folders that go with their test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlconvert import frame
from mlconvert.worker import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker(memory=frame.memory_limit()) as warm:
        yield warm


@pytest.fixture
def folder() -> Iterator[Path]:
    """pytest would keep what is written to its own for three runs: gigabytes, here."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
