"""Small PMML documents whose names and shapes JPMML's transpiler stumbles over, and jars made of documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from mlconvert.artifact import Artifact
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert.stage import Context
from mlconvert_plugins.pmml2jar import Pmml2Jar, TranspileOptions

_PMML = """\
<?xml version="1.0" encoding="UTF-8"?>
<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
  <Header/>
  <DataDictionary>
    <DataField name="y" optype="continuous" dataType="double"/>
{fields}  </DataDictionary>
  <MiningModel functionName="regression">
    <MiningSchema>
      <MiningField name="y" usageType="target"/>
{schema}    </MiningSchema>
    <Segmentation multipleModelMethod="sum">
{segments}    </Segmentation>
{verification}  </MiningModel>
</PMML>
"""
_SEGMENT = """\
      <Segment id="{number}">
        <True/>
        <TreeModel functionName="regression" {strategy}>
          <MiningSchema>
{schema}          </MiningSchema>
          {tree}
        </TreeModel>
      </Segment>
"""
_STUMP = """\
<Node id="n{id}" score="0" defaultChild="n{id}l"><True/>
            <Node id="n{id}l" score="{left!r}">
              <SimplePredicate field={field} operator="lessOrEqual" value="{at!r}"/>
            </Node>
            <Node id="n{id}r" score="{right!r}">
              <SimplePredicate field={field} operator="greaterThan" value="{at!r}"/>
            </Node>
          </Node>"""
NULL = 'missingValueStrategy="nullPrediction"'
# The translator takes no document with it.
DEFAULT = 'missingValueStrategy="defaultChild"'


def stumps(
    names: Sequence[str], strategy: str = 'noTrueChildStrategy="returnLastPrediction"', verification: str = ""
) -> str:
    """A document of one stump for each field: no two answer alike, whatever is taken for what."""
    trees = [
        _STUMP.format(id=place, field=quoteattr(name), at=place / 8, left=-(2.0**place), right=2.0**place)
        for place, name in enumerate(names)
    ]
    schema = "".join(f"      <MiningField name={quoteattr(name)}/>\n" for name in names)
    segments = (
        _SEGMENT.format(number=number, strategy=strategy, schema=schema, tree=tree)
        for number, tree in enumerate(trees, 1)
    )
    fields = (f'    <DataField name={quoteattr(name)} optype="continuous" dataType="double"/>\n' for name in names)
    return _PMML.format(fields="".join(fields), schema=schema, segments="".join(segments), verification=verification)


def answer(x: np.ndarray) -> np.ndarray:
    """What the stumps say of rows without missing values."""
    places = np.arange(x.shape[1])
    return np.where(x <= places / 8, -(2.0**places), 2.0**places).sum(axis=1, keepdims=True)


def signature(names: Iterable[str]) -> Signature:
    columns = tuple(Column(name, "numeric", missing="nan") for name in names)
    outputs = (Tensor("prediction", "float64", ("n", 1)),)
    return Signature((Tensor("x", "float64", ("n", len(columns))),), outputs, {"n": DimRange(1, 1, None)}, columns)


def save(text: str, names: Iterable[str], path: Path) -> Artifact:
    path.write_text(text, encoding="utf-8")
    return Artifact(path, "pmml", None, signature(names))


def make(document: Artifact, out: Path, heard: list[Any] | None = None, **options: Any) -> dict[str, Any]:
    """The facts of a jar at `out`, made in this process, without the frame around it; `heard` takes what it says."""
    scratch = out.with_suffix(".scratch")
    scratch.mkdir()
    ctx = Context(scratch, scratch, emit=lambda kind, entry: (heard if heard is not None else []).append((kind, entry)))
    return dict(Pmml2Jar().convert(document, TranspileOptions(**options), out, ctx).facts)
