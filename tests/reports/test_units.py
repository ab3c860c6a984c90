from __future__ import annotations

import pytest

from mlconvert.reports import units


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (46_800_000, "44.6 MiB"),
        (5 * 2**30, "5.0 GiB"),
        (2**50, "1048576.0 GiB"),
    ],
)
def test_a_size(count: int, shown: str) -> None:
    assert units.size(count) == shown
