"""Pages as a real browser shows them: drawn, readable, reachable, silent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from browser import Browser, opened
from evidence_documents import DOCUMENTS, HOSTILE
from mlconvert.reports import html
from mlconvert.reports.composing import report

pytest.importorskip("vl_convert")

PAGES = ("failed", "incomparable", "many", "forests", "hostile", "bench-sweeps", "bench-failed", "bench-hostile")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page for each document, and one with a notebook's fragment in it."""
    folder = tmp_path_factory.mktemp("pages")
    for name in PAGES:
        (folder / f"{name}.html").write_text(html.page(report(DOCUMENTS[name])), encoding="utf-8")
    inner = html.fragment(report(DOCUMENTS["failed"])) + html.fragment(report(DOCUMENTS["bench"]))
    (folder / "notebook.html").write_text(
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>notebook</title><body>{inner}", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("profile")) as window:
        yield window


UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"

# --- silent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_it_loads_nothing_and_complains_of_nothing(browser: Browser, pages: Path, name: str) -> None:
    page = pages / f"{name}.html"
    browser.open(page)
    assert browser.requested() == [page.as_uri()]
    assert browser.said() == []


def test_no_script_runs_on_it(browser: Browser, pages: Path) -> None:
    browser.open(pages / "failed.html")
    browser.run("const s = document.createElement('script'); s.text = 'window.ran = 1'; document.body.append(s)")
    browser.run("document.body.setAttribute('onclick', 'window.ran = 1'); document.body.click()")
    assert browser.run("return window.ran") is None
    assert any("Content Security Policy" in line for line in browser.said())


@pytest.mark.parametrize("name", ["hostile", "bench-hostile"])
def test_names_are_text(pages: Path, name: str) -> None:
    text = (pages / f"{name}.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"<(script|img|iframe|object|link|a (?!href=\"#|class))", text)
    assert not any(letter in text for letter in "\u202e\u2066\u200f\x1b\x00\ufffe")


# --- drawn --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "dark"), [("failed", True), ("forests", False), ("bench-sweeps", False)])
def test_every_chart_is_drawn(browser: Browser, pages: Path, name: str, dark: bool) -> None:
    browser.open(pages / f"{name}.html", dark=dark)
    browser.run(UNFOLD)
    boxes = browser.run(
        """return [...document.querySelectorAll('figure svg')].map(svg => {
             const b = svg.getBoundingClientRect(), marks = svg.querySelectorAll('.role-mark path, .role-mark line');
             const drawn = [...marks].filter(m => { const b = m.getBBox(); return b.width + b.height > 0 });
             return [b.x + scrollX, b.y + scrollY, b.width, b.height, drawn.length] })"""
    )
    scale = 0.5
    page = browser.picture(scale)
    assert len(boxes) >= 5
    for x, y, width, height, marks in boxes:
        assert width > 200
        assert height > 60
        assert marks
        region = page.crop((int(x * scale), int(y * scale), int((x + width) * scale), int((y + height) * scale)))
        counts = sorted((count for count, _ in region.getcolors(1 << 24)), reverse=True)
        assert len(counts) > 10
        assert sum(counts[1:]) > 0.01 * sum(counts), "almost all of it is one colour"


def test_a_chart_is_as_its_page(browser: Browser, pages: Path) -> None:
    shots = {}
    for dark in (False, True):
        browser.open(pages / "failed.html", dark=dark)
        shots[dark] = browser.run(
            """const style = e => getComputedStyle(document.querySelector(e));
               return [style('body').backgroundColor, style('figure svg .mark-rule.role-mark line').stroke]"""
        )
    assert brightness(shots[False][0]) > 0.9
    assert brightness(shots[True][0]) < 0.1
    assert shots[False][1] != shots[True][1]


def brightness(colour: str) -> float:
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 765


# --- readable -----------------------------------------------------------------------------------------------

CONTRASTS = """
const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = e => { for (; e; e = e.parentElement) {
  const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [];
let seen = 0;
for (let node; node = walker.nextNode();) {
  const e = node.parentElement, style = getComputedStyle(e);
  if (!node.data.trim() || ['STYLE', 'TITLE'].includes(e.tagName)) continue;
  const ink = parse(e.closest('svg') ? style.fill : style.color), [a, b] = [light(ink), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  // The halo under a label is of the page's colour on purpose.
  if (e.closest('svg') && style.stroke !== 'none') continue;
  seen++;
  if (ratio < 4.5) poor.push([node.data.slice(0, 40), ratio]);
}
return [seen, poor]
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["failed", "bench-failed", "notebook"])
def test_all_text_stands_out(browser: Browser, pages: Path, name: str, dark: bool) -> None:
    browser.open(pages / f"{name}.html", dark=dark)
    browser.run(UNFOLD)
    seen, poor = browser.run(CONTRASTS)
    assert seen > 100
    assert poor == []


@pytest.mark.parametrize("name", [*PAGES, "notebook"])
def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, pages: Path, name: str) -> None:
    browser.open(pages / f"{name}.html", width=360)
    for script in ("", UNFOLD):
        browser.run(script)
        assert browser.run("return document.documentElement.scrollWidth") <= 360
        wide = browser.run(
            """return [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .hidden') &&
                 e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 90))"""
        )
        assert wide == []


# --- reachable ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["failed", "bench-failed"])
def test_tab_goes_through_it_in_order(browser: Browser, pages: Path, name: str) -> None:
    from selenium.webdriver import ActionChains, Keys

    browser.open(pages / f"{name}.html")
    shown = "const e = document.activeElement, b = e.getBoundingClientRect(), s = getComputedStyle(e);"
    stops = "[...document.querySelectorAll('a, summary, [tabindex]')].filter(e => e.checkVisibility())"
    found = []
    count = browser.run(f"return {stops}.length")
    assert count > 8
    for _ in range(count):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        place = browser.run(f"{shown} return [{stops}.indexOf(e), b.top >= 0 && b.width > 0, s.outlineStyle]")
        found.append(place)
    assert found == [[number, True, "solid"] for number in range(count)]


def test_the_first_stop_skips_to_the_report(browser: Browser, pages: Path) -> None:
    from selenium.webdriver import ActionChains, Keys

    browser.open(pages / "failed.html")
    ActionChains(browser.driver).send_keys(Keys.TAB, Keys.ENTER).perform()
    assert browser.run("return location.hash") == "#main"


@pytest.mark.parametrize("name", PAGES)
def test_a_screen_reader_finds_its_way(browser: Browser, pages: Path, name: str) -> None:
    browser.open(pages / f"{name}.html")
    assert browser.run("return document.documentElement.lang") == "en"
    assert browser.run("return document.title").endswith(f"mlconvert {DOCUMENTS[name]['kind']}")
    for landmark in ("body > header", "main", "body > footer", "h1"):
        assert browser.run(f"return document.querySelectorAll('{landmark}').length") == 1
    levels = browser.run("return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for broken in (
        "table:not(:has(caption))",
        "thead th:not([scope=col])",
        "tbody th:not([scope=row])",
        "tbody tr:not(:has(th))",
        "svg:not([role=img][aria-label])",
        "svg[aria-label='']",
        "figure:not(:has(figcaption)):not(:has(table))",
        ".scroll:not([tabindex='0'][role][aria-label])",
        "summary:empty, h1:empty, h2:empty, h3:empty, a:empty",
    ):
        found: list[Any] = browser.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.outerHTML.slice(0, 90))", broken
        )
        assert found == [], broken
    anchors = browser.run(
        "return [...document.querySelectorAll('a')].filter(a => !document.getElementById(a.hash.slice(1))).length"
    )
    assert anchors == 0
    names = browser.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(names) == len(set(names))


def test_the_verdict_comes_first(browser: Browser, pages: Path) -> None:
    browser.open(pages / "failed.html")
    first = browser.run("return document.querySelector('header').innerText")
    assert [line for line in first.splitlines() if line][:3] == [
        "Validation",
        "4 artifacts against model.onnx",
        "✗ failed",
    ]
    assert browser.run("return document.querySelector('.alert').innerText").startswith("The first bad node")


def test_a_long_name_is_cut_where_it_is_a_heading(pages: Path) -> None:
    text = (pages / "hostile.html").read_text(encoding="utf-8")
    assert len(HOSTILE["long"]) == 2004
    contents = re.search(r"<nav.*?</nav>", text)
    assert contents
    assert len(re.sub("<[^>]*>", "", contents[0])) < 7 * 60
