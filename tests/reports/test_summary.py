from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mlconvert import frame
from mlconvert.reports import summary
from mlconvert.request import Request
from mlconvert.signature import DimRange
from mlconvert.worker import Worker
from mlconvert_toys import line


def test_a_format_with_its_flavour() -> None:
    assert summary.what("trt", "rtx") == "trt (rtx)"
    assert summary.what("onnx", None) == summary.what("onnx", "") == "onnx"


@pytest.fixture
def toys(tmp_path: Path, worker: Worker) -> Any:
    def converted(target: str = "beta", mischief: str = "", **given: Any) -> dict[str, Any]:
        source = line.alpha(tmp_path / "m.alpha")
        options = {"alpha2beta": {"mischief": mischief}}
        request = Request(source, target, options=options, cache=False, force=True, **given)
        return frame.run(request, worker=worker).manifest

    return converted


def text_of(entry: dict[str, Any]) -> dict[str, str]:
    pairs = (re.split(r"  +", row, maxsplit=1) for row in summary.as_text(entry).splitlines())
    return {label: text for label, text in pairs}


def test_a_passed_conversion(toys: Any) -> None:
    shown = text_of(toys("gamma", dims={"batch": DimRange(1, 2, None)}))
    assert re.fullmatch(r"m\.gamma: gamma, \d+ B", shown["artifact"])
    assert shown["source"] == "m.alpha: alpha"
    assert shown["input"] == "x:float32[batch,3]"
    assert shown["output"] == "y:float32[batch,3]"
    assert shown["dim"] == "batch = 1:2: (min:opt:max)"
    assert shown["parity"] == (
        "beta2gamma: passed: largest error 0, 0.0% of what is allowed; "
        "at opt (batch=2), opt again (batch=2), min (batch=1), max (batch=5)"
    )


def test_a_failed_conversion_names_the_first_bad_node(toys: Any) -> None:
    shown = text_of(toys(mischief="wrong"))
    assert shown["parity"].startswith("alpha2beta: failed: at opt (batch=1): output y is off by")
    assert "times what is allowed" in shown["parity"]
    assert shown["first bad"] == "Mul weight[0] from line.weight, off by 5; reproducer: m.beta.rejected.reproducer"


def test_an_unproven_conversion_says_how_to_prove_it(toys: Any) -> None:
    shown = text_of(toys(mischief="device"))
    assert shown["parity"] == "alpha2beta: unproven: it runs on a quantum computer alone"
    assert "mlconvert validate m.alpha m.beta" in shown["to prove it"]
    assert text_of(toys(validate=False))["parity"] == "unproven: not validated (--no-validate)"


def test_the_users_tolerance_is_said(toys: Any) -> None:
    assert "of what is allowed (tolerance by the user)" in text_of(toys(atol=0.1))["parity"]


def test_suspects() -> None:
    assert summary.suspect({"node": "n", "op": "Conv"}) == "Conv n"
    assert summary.suspect({"node": "n", "op": "Conv", "source": "net.a", "max_abs": 0.5, "note": "look"}) == (
        "Conv n from net.a, off by 0.5; look"
    )
    assert summary.suspect({"node": "", "op": "", "note": "the search failed"}) == "the search failed"


def test_the_page_for_a_notebook(toys: Any) -> None:
    for mischief, colour in (("", "#2e7d32"), ("wrong", "#c62828"), ("device", "#b26a00")):
        entry = toys(mischief=mischief)
        shown = summary.as_html(entry)
        assert f'style="color:{colour}">{entry["parity"]["status"]}<' in shown
        assert shown.count("<tr>") == len(list(summary.rows(entry)))
