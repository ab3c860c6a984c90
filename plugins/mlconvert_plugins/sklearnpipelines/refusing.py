"""What JPMML-SkLearn is known to get wrong, or not to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlconvert.errors import Refusal


def refusals(estimator: Any, columns: int) -> Iterator[Refusal]:
    """All that is in the way, step by step."""
    yield from ()
