"""How much memory the JVM of JPMML may take."""

from __future__ import annotations

import os
from pathlib import Path

from mlconvert.stage import Help, read_bytes

# The option of every stage that asks the JVM.
HEAP = Help("what JPMML's JVM may take, such as 8GiB; sized by the model when left out", read_bytes, "SIZE")
# Of the machine's memory; the rest is for the worker, its parent and everybody else.
_SHARE = 0.75
# A JVM takes what it needs of it: a bound that is too high costs nothing, one that is too low costs the route. So small
# models share one that is generous, which no step of a route has to start again for a larger one.
_LEAST = 4 * 2**30
# For each byte of a model's text or document. 1,000 trees of 63 leaves are 7 MB of text and 12 MB of PMML; converting
# takes less than 256 MiB, translating to classes less than 512 MiB, which is some 45 bytes each.
_PER_BYTE = 200


def needed(model_bytes: int) -> int:
    """The bound in bytes for models of this size, for every step of a route: never more than the machine can bear."""
    return min(max(_LEAST, _PER_BYTE * model_bytes), int(machine() * _SHARE))


def machine() -> int:
    """The bytes of memory that this process's machine, or its container, has."""
    # The standard library alone: a stage may run in an environment of its own.
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no container, or one without a bound
            continue
    return total
