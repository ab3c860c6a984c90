from __future__ import annotations

import itertools
import math
import operator
from xml.etree.ElementTree import Element

import pytest

from mlconvert_plugins.nyokawriter.nodes import goes_left
from mlconvert_plugins.trees.model import LIGHTGBM_ZERO, Decision

ZERO = LIGHTGBM_ZERO
_NEAR = [
    s * f(ZERO) for s in (1, -1) for f in (lambda z: z, lambda z: math.nextafter(z, 0), lambda z: math.nextafter(z, 1))
]
VALUES = [0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, math.nextafter(1.0, 2.0), 1e300, -1e300, math.inf, -math.inf, *_NEAR]
THRESHOLDS = [0.0, 5e-324, -5e-324, 1.0, -1.0, math.inf, *_NEAR]
_OPERATORS = {
    "lessOrEqual": operator.le,
    "lessThan": operator.lt,
    "greaterOrEqual": operator.ge,
    "greaterThan": operator.gt,
}


def holds(predicate: Element, value: float) -> bool:
    """What PMML's engines make of a predicate, for a value that is not missing."""
    if predicate.tag == "True" or predicate.get("operator") == "isNotMissing":
        return True
    if predicate.tag == "CompoundPredicate":
        parts = [holds(one, value) for one in predicate]
        return all(parts) if predicate.get("booleanOperator") == "and" else any(parts)
    compare = _OPERATORS[predicate.get("operator", "")]
    return bool(compare(value, float(predicate.get("value", ""))))


def goes_left_in_lightgbm(decision: Decision, threshold: float, value: float) -> bool:
    read = 0.0 if abs(value) <= ZERO else value
    if decision.missing == "zero" and read == 0:
        return decision.default == "left"
    return read <= threshold


@pytest.mark.parametrize(("missing", "default"), [*itertools.product(("nan", "zero", "none"), ("left", "right"))])
def test_predicates_decide_as_lightgbm_does(missing: str, default: str) -> None:
    decision = Decision("<=", default, missing)
    for threshold, value in itertools.product(THRESHOLDS, VALUES):
        predicate = goes_left("x", decision, threshold, ZERO)
        assert holds(predicate, value) == goes_left_in_lightgbm(decision, threshold, value), (threshold, value)
        assert "inf" not in " ".join(one.get("value", "") for one in predicate.iter())
