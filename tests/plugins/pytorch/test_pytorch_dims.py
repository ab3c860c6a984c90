"""torch's text of a size, in a signature's words."""

from __future__ import annotations

import pytest

from mlconvert_plugins.pytorch.dims import readable


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("s0", "b"),
        ("(((s53 - 1)//2)) + 1", "(h-1)//2+1"),
        ("2*s0*s1", "2*b*4"),
        ("s1 + 1", 5),
        ("7", 7),
        ("-s0 + 3", "-b+3"),
        ("Max(1, s0)", "max(1,b)"),
        ("Mod(s0, 2)", "b%2"),
        ("s0**2", "b*b"),
        ("ModularIndexing(s0, 2, 3)", "b//2%3"),
        ("CeilToInt(IntTrueDiv(s0, 2))", "-(-b//2)"),
        ("FloorToInt(IntTrueDiv(s0 - 1, s53))", "(b-1)//h"),
        # What has no name or no word is unknown.
        ("u0", None),
        ("s0/2", None),
        ("FloorToInt(s0*0.5)", None),
        ("s0**9", None),
        ("Where(s0, 1, 2)", None),
        ("not python (", None),
    ],
)
def test_readable(text: str, dim: int | str | None) -> None:
    assert readable(text, {"s0": "b", "s53": "h", "s1": 4}) == dim


def test_a_symbol_may_stand_for_an_expression() -> None:
    assert readable("2*s0", {"s0": "h//2"}) == "2*(h//2)"
