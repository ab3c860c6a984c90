"""Charts as they are handed to a page: their sentences, their numbers, what stands in the SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from evidence_documents import DOCUMENTS, FORESTS, benchmark, exact, output
from mlconvert.reports import charts, error_charts, ratio_charts, time_charts
from mlconvert.reports.composing import report
from mlconvert.reports.outline import Block, Chart, Charts, Section

pytest.importorskip("vl_convert")


def charts_of(blocks: tuple[Block, ...]) -> Iterator[Chart]:
    for block in blocks:
        if isinstance(block, Charts):
            yield from block.charts
        elif isinstance(block, Section):
            yield from charts_of(block.blocks)


def chart(name: str, title: str) -> Chart:
    return next(one for one in charts_of(report(DOCUMENTS[name]).blocks) if one.title.startswith(title))


@pytest.mark.parametrize("name", ["failed", "forests", "bench-forests", "bench-sweeps"])
def test_every_chart_says_what_it_shows_and_has_its_numbers(name: str) -> None:
    found = list(charts_of(report(DOCUMENTS[name]).blocks))
    assert len(found) > 5
    for one in found:
        assert re.search(r"\d", one.says)
        assert one.says.endswith(".")
        assert one.numbers.rows
        assert all(len(row) == len(one.numbers.head) for row in one.numbers.rows)


def test_only_shapes_and_text_with_colours_of_the_page() -> None:
    drawn = charts.svg(chart("hostile", "How near"))
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "path", "line", "text", "rect", "defs", "clipPath"}
    colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawn))
    assert colours <= {"none", "transparent"} | {one for one in colours if one.startswith("var(--")}
    assert "style=" not in drawn


def test_what_each_picture_says() -> None:
    assert chart("failed", "How near").says == (
        "Share of the tolerance that outputs take. The worst, logits, takes 968×: beyond it."
    )
    assert chart("failed", "Errors of logits").says == (
        "Absolute errors of logits: 800 of 8,000 values are equal, the largest error is 0.213, "
        "and 2.2e-4 or more is allowed everywhere."
    )
    ulps = error_charts.ulps(exact(ulps=3)["check"]["outputs"][1], exact()["check"]["tolerance"], 0)
    assert ulps
    assert ulps.says == "Floats between the values of probability: at most 3, and 4 are allowed."
    (ratios,) = ratio_charts.ratios(DOCUMENTS["bench"])
    assert ratios.says.startswith("Time over the source's, with 99% intervals against a margin of 2.0%. ")
    assert re.search(
        r" model.onnx, batch 1: 0.7\d\d× faster; savedmodel, batch 1: 1.2\d\d× slower; source against", ratios.says
    )


def test_what_is_allowed_everywhere() -> None:
    one = output("y")
    assert error_charts.least_allowed(one, {"rtol": 1e-4, "rms": 1e-4, "atol": None}) == pytest.approx(2.2e-4)
    assert error_charts.least_allowed(one, {"rtol": 1e-4, "rms": 1e-4, "atol": 0.5}) == 0.5
    assert error_charts.least_allowed(one, {"ulps": 4, "atol": 0.0}) is None
    assert error_charts.least_allowed(one, {"rms": 1e-4, "exact": ["y"]}) is None


def test_nothing_is_drawn_of_nothing() -> None:
    assert error_charts.nearest(DOCUMENTS["incomparable"]["artifacts"]) is None
    assert error_charts.errors({**output("y"), "details": {"abs_histogram": [[0, 0, 10]]}}, {}, 0) is None
    assert list(time_charts.sweeps(benchmark(batch=(1,)))) == []


def test_cells_are_named_by_what_varies() -> None:
    assert time_charts.named(DOCUMENTS["bench"], (8, 1, 1)) == "batch 8"
    assert time_charts.named(DOCUMENTS["bench-sweeps"], (8, 2, 1)) == "batch 8, 2 threads, 1 client"
    assert time_charts.named(DOCUMENTS["bench-sweeps"], (8, 2, 1), but="batch") == "2 threads, 1 client"
    assert time_charts.named(benchmark(FORESTS, batch=(1,), threads=(2,)), (1, 2, 1)) == "batch 1, 2 threads"


def test_there_is_a_picture_of_ratios_for_each_number_of_threads_and_clients() -> None:
    titles = [one.title for one in ratio_charts.ratios(DOCUMENTS["bench-sweeps"])]
    assert len(titles) == 4
    assert titles[1] == "Time over the source's, 1 thread, 2 clients"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.8, 1.3, [0.8, 0.9, 1.0, 1.1, 1.2, 1.3]),
        (0.05, 40, [0.1, 0.3, 1, 3, 10, 30]),
        (1e-9, 1e3, [1e-9, 1e-6, 1e-3, 1, 1e3]),
        (3e-3, 9e-3, [0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009]),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    found = charts.log_ticks(low, high)
    assert all(low <= tick <= high for tick in found)
    assert 2 <= len(found) <= 8
    assert found == pytest.approx(ticks)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    with pytest.raises(charts.ConversionError) as caught:
        charts.svg(chart("failed", "How near"))
    assert caught.value.fix == "pip install 'mlconvert[report]'"
