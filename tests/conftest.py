"""What every test shares: a cache of its own session, and a fair share of the processor."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from mlconvert.worker import Worker

# A fixed sample, and no clock: a shared machine is slow at times.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None)
hypothesis.settings.load_profile("house")

# A plugin of toy formats and stages, installed as an installer would have done it.
TOYS = Path(__file__).resolve().parent / "toys"
sys.path.append(str(TOYS))

# One thread for each of pytest's workers, and for the processes that they start: two workers share two cores. It is
# read when a library is loaded, so it is set before any is.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests neither read nor fill the cache of whoever runs them."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["MLCONVERT_CACHE_DIR"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """A warm worker for whatever does not ask for one of its own."""
    with Worker(memory=2 * 2**30, seconds=60) as warm:
        yield warm
