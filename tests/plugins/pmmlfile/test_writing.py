from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pmml_documents as pmml
from mlconvert.artifact import Artifact
from mlconvert.signature import Column, Signature, Tensor
from mlconvert.stage import Context
from mlconvert_plugins.pmmlfile import outline
from mlconvert_plugins.pmmlfile.verification import DOUBLE, FLOAT, Golden
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written

DATA = Path(__file__).resolve().parents[2] / "data" / "pmml"


class Copying(PmmlStage):
    """A provider that has the document already."""

    name = "copying2pmml"
    source = "copying"

    def __init__(self, signature: Signature) -> None:
        self.signature = signature

    def write(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Written:
        shutil.copy(artifact.path, out)
        x = np.zeros((2, len(self.signature.columns)))
        return Written(self.signature, Golden({"x": x}, {"prediction": np.ones((2, 1))}), {"trees": 3})


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    (tmp_path / "scratch").mkdir()
    return Context(scratch=tmp_path / "scratch", cache=tmp_path)


def signature_of(name: str, margin: str = "float64") -> Signature:
    found = pmml.opened(DATA / f"{name}.pmml").signature
    return replace(found, outputs=(Tensor("margin", margin, ("n", 1)), *found.outputs))


def test_what_is_written_is_finished_and_has_no_margins(ctx: Context, tmp_path: Path) -> None:
    stage = Copying(signature_of("skl_hgbr"))
    out = tmp_path / "out.pmml"
    outcome = stage.convert(Artifact(DATA / "skl_hgbr.pmml", "copying"), None, out, ctx)
    assert [tensor.name for tensor in outcome.signature.outputs] == ["prediction"]
    assert outcome.facts == {"trees": 3, "verification_rows": 2}
    assert outline.read(out).verification_rows == 2
    assert not list(ctx.scratch.iterdir())
    assert list(stage.ensures(Artifact(out, "pmml", None, outcome.signature), ctx)) == []


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("skl_hgbr", {"columns": (Column("else", "numeric"),)}, "unknown-field"),
        ("skl_hgbr", {"labels": ("a", "b")}, "wrong-function"),
        ("lgb_bin", {"labels": ()}, "wrong-function"),
        ("lgb_bin", {"labels": (0, 7)}, "missing-label"),
    ],
)
def test_a_document_that_breaks_its_promise(name: str, change: dict[str, Any], code: str, ctx: Context) -> None:
    signature = replace(signature_of(name), **change)
    refusals = list(Copying(signature).ensures(Artifact(DATA / f"{name}.pmml", "pmml", None, signature), ctx))
    assert code in [refusal.code for refusal in refusals]
    assert all(refusal.fix for refusal in refusals)


def test_more_columns_than_the_document_asks_for_are_fine(ctx: Context) -> None:
    signature = signature_of("lgb_bin")
    signature = replace(signature, columns=(Column("unused", "numeric"), *signature.columns))
    assert list(Copying(signature).ensures(Artifact(DATA / "lgb_bin.pmml", "pmml", None, signature), ctx)) == []


@pytest.mark.parametrize(("dtype", "expected"), [("float64", DOUBLE), ("float32", FLOAT)])
def test_the_tolerance_is_that_of_the_sources_arithmetic(dtype: str, expected: object) -> None:
    signature = signature_of("lgb_bin", dtype)
    artifact = Artifact(DATA / "lgb_bin.pmml", "pmml", None, signature)
    assert Copying(signature).tolerance(artifact, artifact) == expected
