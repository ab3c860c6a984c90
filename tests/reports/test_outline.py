from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlconvert.reports.outline import Route, Step, Verdict, middle_cut, route, shortened


def test_a_verdict_is_told_without_colour() -> None:
    words = ("passed", "failed", "unproven", "faster", "slower", "equivalent")
    assert len({Verdict(word).sign for word in words}) == len(words)
    assert str(Verdict("failed")) == "✗ failed"


def test_a_route_by_the_names_of_its_stages() -> None:
    found = route([{"stage": "lightgbm2pmml.nyoka", "versions": {"nyoka": "5.5"}}, {"stage": "pmml2jar"}])
    steps = (Step("pmml", "lightgbm2pmml.nyoka", "nyoka 5.5"), Step("jar", "pmml2jar", ""))
    assert found == Route("lightgbm", steps)
    assert route([]) is None
    assert route([{"stage": "strange"}]) == Route("strange", (Step("strange", "strange", ""),))


@given(st.lists(st.text(), max_size=12, unique=True), st.integers(8, 40))
def test_short_names_are_short_and_apart(labels: list[str], limit: int) -> None:
    names = shortened(labels, limit)
    assert list(names) == labels
    assert len(set(names.values())) == len(labels)
    assert all(len(name) <= limit for name in names.values())


def test_a_long_name_keeps_both_ends() -> None:
    assert middle_cut("encoder.layers.11.output", 15) == "encoder….output"
    assert middle_cut("short", 15) == "short"
