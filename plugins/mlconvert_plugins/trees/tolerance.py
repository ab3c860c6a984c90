"""How far two answers of one forest may stand apart."""

from __future__ import annotations

from mlconvert.stage import Tolerance

# `exp` and `log1p` of two mathematical libraries differ by an ULP or so; the sum and the quotient after them add as
# much again. 1 - p is held to the ULPs of 1.
LINK_ULPS = 4
LINKED = Tolerance(ulps=LINK_ULPS, atol=LINK_ULPS * 2.0**-53, exact=("margin",))
LINKED_FLOAT32 = Tolerance(ulps=LINK_ULPS, atol=LINK_ULPS * 2.0**-24, exact=("margin",))
