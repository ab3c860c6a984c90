"""A worker that stays warm from one conversion to the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlconvert import frame
from mlconvert.worker import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker(memory=frame.memory_limit()) as warm:
        yield warm
